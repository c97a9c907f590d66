"""Every model under its name, and a fingerprint that changes only with what models are."""

from dataclasses import replace

import pytest

from pointsman.errors import NotFound
from pointsman.types import Model
from providers.catalogue import OpenCatalogue
from tests.fakes import FakeProvider, hanging, make_model, price


def catalogue(*models: Model) -> OpenCatalogue:
    names = dict.fromkeys(model.provider for model in models)
    return OpenCatalogue(
        [FakeProvider(name, hanging, [m for m in models if m.provider == name]) for name in names]
    )


A = make_model("one", "large")
B = make_model("two", "large")
C = make_model("two", "team/small")


def test_models_are_listed_in_order_and_providers_found_by_name() -> None:
    known = catalogue(A, B, C)
    assert known.models == (A, B, C)
    assert known.provider("two").name == "two"


def test_an_unknown_provider_is_an_error() -> None:
    with pytest.raises(NotFound):
        catalogue(A).provider("three")


def test_the_fingerprint_is_the_same_in_any_order_and_at_any_price() -> None:
    dear = replace(A, price=price(1, 2))
    assert catalogue(A, B).fingerprint == catalogue(B, dear).fingerprint
    assert len(catalogue(A).fingerprint) == 16


@pytest.mark.parametrize(
    "changed",
    [
        replace(A, id="larger"),
        replace(A, provider="three"),
        replace(A, tier="strong"),
        replace(A, context=1),
        replace(A, origin="http://elsewhere:80"),
        replace(A, capabilities=frozenset()),
    ],
)
def test_the_fingerprint_changes_with_what_a_model_is(changed: Model) -> None:
    assert catalogue(A, B).fingerprint != catalogue(changed, B).fingerprint
