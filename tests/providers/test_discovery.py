"""PV-09, PV-14: which providers exist, why the others do not, and what they serve."""

import subprocess
import sys
from typing import Any

import pytest

from pointsman.errors import ConfigError
from pointsman.money import FREE, Rates
from pointsman.settings import Settings
from providers.discovery import Absent, Backend, Discovered, discover
from providers.rows import ROWS


def discovered(environ: dict[str, str] | None = None, **sections: Any) -> Discovered:
    return discover(Settings.model_validate(sections), environ or {})


def backend(name: str, environ: dict[str, str] | None = None, **sections: Any) -> Backend:
    return next(b for b in discovered(environ, **sections).backends if b.name == name)


def absent(name: str, environ: dict[str, str] | None = None, **sections: Any) -> Absent:
    return next(a for a in discovered(environ, **sections).absent if a.name == name)


def acme(**settings: Any) -> dict[str, Any]:
    base: dict[str, Any] = {"base_url": "http://127.0.0.1:9001/v1", "models": [{"id": "m"}]}
    return {"acme": base | settings}


def test_without_keys_nothing_exists_and_everything_says_what_it_needs() -> None:
    found = discovered()
    assert found.backends == ()
    assert {a.name for a in found.absent} == {row.name for row in ROWS}
    for row in ROWS:
        assert row.env[0] in absent(row.name).fix


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_known_provider_exists_when_its_key_is_set(row: Any) -> None:
    (found,) = discovered({row.env[0]: " key \n"}).backends
    assert found.name == row.name
    assert found.key is not None
    assert found.key.get_secret_value() == "key"
    assert row.env[0] in found.why
    assert {"cheap", "strong"} == {model.tier for model in found.models}


def test_an_empty_key_is_none() -> None:
    assert discovered({"OPENAI_API_KEY": "  "}).backends == ()


def test_a_key_is_not_shown() -> None:
    assert "CANARY" not in repr(discovered({"OPENAI_API_KEY": "CANARY"}))


def test_a_configured_key_comes_before_the_environment() -> None:
    found = backend("openai", {"OPENAI_API_KEY": "one"}, providers={"openai": {"api_key": "two"}})
    assert found.key is not None
    assert found.key.get_secret_value() == "two"


def test_a_switched_off_provider_does_not_exist() -> None:
    settings = {"openai": {"enabled": False}}
    assert "switched off" in absent("openai", {"OPENAI_API_KEY": "k"}, providers=settings).why


def test_a_server_on_the_loopback_needs_no_key() -> None:
    found = backend("acme", providers=acme(api_key_env="ACME_KEY"))
    assert found.key is None
    assert found.loopback
    assert found.url == "http://127.0.0.1:9001/v1/chat/completions"


def test_a_named_key_that_is_not_set_is_missed_elsewhere() -> None:
    settings = acme(base_url="https://acme.example/v1", api_key_env="ACME_KEY")
    assert "ACME_KEY" in absent("acme", providers=settings).fix
    assert backend("acme", {"ACME_KEY": "k"}, providers=settings).key is not None


def test_a_server_without_models_is_not_there() -> None:
    assert "providers.acme.models" in absent("acme", providers=acme(models=[])).fix


def test_an_unknown_name_must_say_where_it_is() -> None:
    with pytest.raises(ConfigError) as caught:
        discovered(providers={"acme": {"api_key": "k"}})
    assert caught.value.hint is not None
    assert "base_url" in caught.value.hint


def test_another_account_at_a_known_backend_needs_only_its_kind_and_key() -> None:
    settings = {"work": {"kind": "anthropic", "api_key_env": "WORK_KEY"}}
    found = backend("work", {"WORK_KEY": "k"}, providers=settings)
    assert found.url == "https://api.anthropic.com/v1/messages"
    assert found.models[0].name.startswith("work/")
    other = discovered({"ANTHROPIC_API_KEY": "k"}, providers=settings)
    assert [b.name for b in other.backends] == ["anthropic"]


def test_the_embedded_model_is_not_a_cloud_backend() -> None:
    found = discovered(providers={"here": {"kind": "llama_cpp"}})
    assert "here" not in {a.name for a in found.absent}
    assert found.backends == ()


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:1", "http://127.0.0.1:1/v1/"])
def test_an_anthropic_base_url_may_end_in_the_version(base_url: str) -> None:
    found = backend("acme", providers=acme(kind="anthropic", base_url=base_url))
    assert found.url == "http://127.0.0.1:1/v1/messages"


# --- models ---------------------------------------------------------------------------------


def test_configured_models_change_and_extend_the_usual_ones() -> None:
    models = [
        {"id": "gpt-6-luna", "context": 5000, "capabilities": []},
        {"id": "my-tuned", "tier": "strong", "price": {"input": 0.1, "output": 2.5}},
    ]
    found = backend("openai", {"OPENAI_API_KEY": "k"}, providers={"openai": {"models": models}})
    by_id = {model.id: model for model in found.models}
    assert (by_id["gpt-6-luna"].context, by_id["gpt-6-luna"].tier) == (5000, "cheap")
    assert by_id["gpt-6-luna"].capabilities == frozenset()
    assert by_id["gpt-6.1-sol"].tier == "strong"
    tuned = by_id["my-tuned"]
    assert tuned.tier == "strong"
    assert tuned.price is not None
    assert tuned.price.tiers == (Rates(input=100_000_000, output=2_500_000_000),)
    assert tuned.price.source == "configuration"


def test_a_configured_local_model_is_free_and_a_cloud_model_is_of_unknown_price() -> None:
    models = [{"id": "here", "tier": "local"}, {"id": "there"}]
    here, there = backend("acme", providers=acme(models=models)).models
    assert (here.price, here.local) == (FREE, True)
    assert there.price is None


def test_the_routing_settings_decide_over_tiers() -> None:
    routing = {"strong": ["m", "openai/gpt-6-luna"], "cheap": ["gpt-6.1-sol"]}
    found = discovered({"OPENAI_API_KEY": "k"}, providers=acme(), routing=routing)
    tiers = {model.name: model.tier for b in found.backends for model in b.models}
    assert tiers["acme/m"] == "strong"
    assert tiers["openai/gpt-6-luna"] == "strong"
    assert tiers["openai/gpt-6.1-sol"] == "cheap"
    assert tiers["openai/gpt-6.1-terra"] == "strong"


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://acme.example/v1", "https://acme.example:443"),
        ("http://[::1]:9001/v1", "http://[::1]:9001"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    assert backend("acme", providers=acme(base_url=url)).models[0].origin == origin


def test_looking_for_providers_loads_no_http_library_and_no_price_list() -> None:
    code = (
        "import sys, providers.discovery, providers.catalogue, providers.cloud, providers.prices;"
        "sys.exit(bool({'httpx', 'aiohttp', 'genai_prices'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603
