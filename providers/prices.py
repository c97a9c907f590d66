"""What models cost: the price catalogue that `genai-prices` carries, offline, in our terms.

Its import takes half a second, so it happens at the first question; ask from a thread.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from pointsman.money import Nano, Price, Rates, nano_from_usd
from providers.discovery import Backend, Discovered

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, TieredPrices

    Quoted = Decimal | TieredPrices | None

FIELDS = {  # ours: theirs
    "input": "input_mtok",
    "output": "output_mtok",
    "cached_input": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
}


class PriceBook:
    """Prices as of the day that `now` falls on; each is worked out once."""

    def __init__(self, now: float) -> None:
        self._day = datetime.fromtimestamp(now, UTC).replace(minute=0, second=0, microsecond=0)
        self._known: dict[tuple[str, str], Price | None] = {}

    def price(self, backend: Backend, model: str) -> Price | None:
        """The catalogue's price of `model` there; None: it has none that can be relied on."""
        key = (backend.row.price_id or backend.base_url, model)
        if key not in self._known:
            self._known[key] = self._look_up(backend, model)
        return self._known[key]

    def _look_up(self, backend: Backend, model: str) -> Price | None:
        from genai_prices import __version__, data_snapshot

        id = backend.row.price_id
        url = None if id else backend.base_url
        try:
            _, info = data_snapshot.get_snapshot().find_provider_model(model, None, id, url)
        except LookupError:
            return None
        quoted = list(self._through_the_day(info))
        rates = [rates for rates in map(_rates, quoted) if rates is not None]
        if len(rates) != len(quoted):
            return None
        # Some prices depend on the hour; a budget must hold at every hour.
        dearest = max(rates, key=lambda tiers: (tiers[0].output, tiers[0].input))
        return Price(tiers=dearest, source=f"genai-prices {__version__}")

    def _through_the_day(self, info: "ModelInfo") -> "Iterator[ModelPrice]":
        for hour in range(24) if isinstance(info.prices, list) else (self._day.hour,):
            yield info.get_prices(self._day + timedelta(hours=hour - self._day.hour))


def with_prices(discovered: Discovered, book: PriceBook) -> Discovered:
    """`discovered` with the catalogue's price where the configuration names none."""
    return replace(discovered, backends=tuple(_priced(b, book) for b in discovered.backends))


def _priced(backend: Backend, book: PriceBook) -> Backend:
    models = (
        m if m.price is not None else replace(m, price=book.price(backend, m.id))
        for m in backend.models
    )
    return replace(backend, models=tuple(models))


def _rates(price: "ModelPrice") -> tuple[Rates, ...] | None:
    """One of `Rates` for each length of prompt that changes the price."""
    if price.input_mtok is None or price.output_mtok is None or price.requests_kcount is not None:
        return None
    quoted: dict[str, Quoted] = {ours: getattr(price, theirs) for ours, theirs in FIELDS.items()}
    starts = {0} | {
        tier.start for q in quoted.values() if not isinstance(q, Decimal | None) for tier in q.tiers
    }
    return tuple(_rates_above(start, quoted) for start in sorted(starts))


def _rates_above(start: int, quoted: "dict[str, Quoted]") -> Rates:
    at = {name: _nano(q, start) for name, q in quoted.items()}
    return Rates(
        input=at["input"] or 0,
        output=at["output"] or 0,
        cached_input=at["cached_input"],
        cache_write=at["cache_write"],
        above_input_tokens=start,
    )


def _nano(quoted: "Quoted", start: int) -> Nano | None:
    """The price that holds for a prompt of more than `start` tokens."""
    if quoted is None:
        return None
    if not isinstance(quoted, Decimal):
        reached = [tier.price for tier in quoted.tiers if tier.start <= start]
        quoted = reached[-1] if reached else quoted.base
    return nano_from_usd(quoted)
