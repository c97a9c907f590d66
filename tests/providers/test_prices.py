"""T-59: what models cost, exactly, and never more than the worst that was said before."""

import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from genai_prices import Usage as TheirUsage
from genai_prices import calc_price
from hypothesis import given
from hypothesis import strategies as st

from pointsman.money import Price, Rates, Usage, nano_from_usd
from pointsman.settings import Settings
from providers.discovery import Backend, discover
from providers.prices import PriceBook, with_prices
from providers.rows import ROWS

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
KEYS = {row.env[0]: "key" for row in ROWS}
ALL = discover(Settings(), KEYS)
BOOK = PriceBook(NOON.timestamp())
KNOWN = [(b, m.id) for b in ALL.backends for m in b.models]


def names(value: object) -> str:
    return value.name if isinstance(value, Backend) else str(value)


def found(name: str) -> Backend:
    return next(b for b in ALL.backends if b.name == name)


@pytest.mark.parametrize(("backend", "model"), KNOWN, ids=names)
def test_every_model_we_list_has_a_price(backend: Backend, model: str) -> None:
    price = BOOK.price(backend, model)
    assert price is not None
    assert price.source.startswith("genai-prices ")
    assert not price.free


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("openai", "gpt-6.1-sol"),
        ("openai", "gpt-4.1-mini"),
        ("anthropic", "claude-haiku-5-5"),
        ("xai", "grok-4.7"),
        ("google", "gemini-4-argon"),
    ],
)
@pytest.mark.parametrize("asked", [1, 1_000, 100_000, 100_001, 199_999, 200_000, 272_001, 900_000])
def test_a_cost_is_what_the_catalogue_works_out_itself(name: str, model: str, asked: int) -> None:
    price = BOOK.price(found(name), model)
    assert price is not None
    cached = asked // 3
    theirs = calc_price(
        TheirUsage(input_tokens=asked, cache_read_tokens=cached, output_tokens=777),
        model,
        provider_id=found(name).row.price_id,
        genai_request_timestamp=NOON,
    ).total_price
    ours = price.cost(Usage(input_tokens=asked, cached_input_tokens=cached, output_tokens=777))
    assert ours == nano_from_usd(theirs)


def test_a_price_that_changes_with_the_hour_is_that_of_the_dearest_hour() -> None:
    price = BOOK.price(found("deepseek"), "deepseek-v4-pro")
    assert price is not None
    hours = [NOON.replace(hour=hour) for hour in range(24)]
    usage = TheirUsage(input_tokens=1_000_000, output_tokens=1_000_000)
    theirs = max(
        calc_price(
            usage, "deepseek-v4-pro", provider_id="deepseek", genai_request_timestamp=hour
        ).total_price
        for hour in hours
    )
    assert price.cost(Usage(input_tokens=1_000_000, output_tokens=1_000_000)) == theirs * 10**9


def test_a_model_nobody_knows_has_no_price() -> None:
    assert BOOK.price(found("openai"), "no-such-model") is None


def test_a_known_place_under_another_name_has_its_prices() -> None:
    acme = {"base_url": "https://api.groq.com/openai/v1", "models": [{"id": "openai/gpt-oss-20b"}]}
    settings = Settings.model_validate({"providers": {"acme": acme}})
    (backend,) = with_prices(discover(settings, {}), BOOK).backends
    assert backend.models[0].price == BOOK.price(found("groq"), "openai/gpt-oss-20b")


def test_the_configuration_decides_over_the_catalogue() -> None:
    models = [{"id": "gpt-6-luna", "price": {"input": 7, "output": 8}}]
    settings = Settings.model_validate({"providers": {"openai": {"models": models}}})
    (backend,) = with_prices(discover(settings, {"OPENAI_API_KEY": "k"}), BOOK).backends
    sources = {m.id: m.price.source for m in backend.models if m.price}
    assert sources["gpt-6-luna"] == "configuration"
    assert sources["gpt-6.1-sol"].startswith("genai-prices ")


def test_todays_prices_can_be_had() -> None:
    assert PriceBook(time.time()).price(found("openai"), "gpt-4.1-mini") is not None


# --- any price, any usage -------------------------------------------------------------------

nano = st.integers(0, 10**12)
counts = st.integers(0, 10**7)
tiers = st.lists(st.integers(1, 10**6), max_size=3, unique=True).map(lambda s: [0, *sorted(s)])


@st.composite
def prices(draw: st.DrawFn) -> Price:
    rates = [
        Rates(
            input=draw(nano),
            output=draw(nano),
            cached_input=draw(st.none() | nano),
            cache_write=draw(st.none() | nano),
            above_input_tokens=start,
        )
        for start in draw(tiers)
    ]
    return Price(tiers=tuple(rates), source="test")


usages = st.builds(
    Usage,
    input_tokens=counts,
    output_tokens=counts,
    cached_input_tokens=counts,
    cache_write_tokens=counts,
)


@given(price=prices(), usage=usages)
def test_no_usage_costs_more_than_the_worst(price: Price, usage: Usage) -> None:
    cost = price.cost(usage)
    assert 0 <= cost <= price.worst(usage.input_tokens, usage.output_tokens)


@given(price=prices(), usage=usages, more=counts)
def test_the_worst_grows_with_the_tokens(price: Price, usage: Usage, more: int) -> None:
    asked, answered = usage.input_tokens, usage.output_tokens
    assert price.worst(asked, answered) <= price.worst(asked + more, answered + more)


@given(usd=st.decimals(0, 10_000, places=9))
def test_dollars_become_nanos_exactly(usd: Decimal) -> None:
    assert Decimal(nano_from_usd(usd)) / 10**9 == usd
