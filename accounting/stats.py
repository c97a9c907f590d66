"""What was spent, saved and waited for: sums of the ledger over a span of time."""

import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pointsman.errors import InvalidInput
from pointsman.money import NANO_PER_USD, Nano
from storage.database import Database
from storage.ledger import milliseconds
from storage.statistics import GROUPS, Keys, Sums, damaged_attempts, sums

FORMS = "Write '30m', '24h', '7d', '2w', 'all', or an RFC 3339 time such as 2026-01-31T00:00:00Z."
SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
END_OF_TIME_MS = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """The sums of some calls.

    Rates are in [0, 1]; latencies are by nearest rank, None where there was no call.
    `unpriced_requests` attempts are missing from `cost_usd`, since nobody knows what they cost;
    `unreconciled_usd` of it is the worst that attempts could cost whose end was never seen.
    """

    requests: int
    cost_usd: float
    saved_by_cache_usd: float
    saved_by_routing_usd: float
    input_tokens: int
    output_tokens: int
    cache_hit_rate: float
    error_rate: float
    p50_ms: float | None
    p95_ms: float | None
    unpriced_requests: int
    unreconciled_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    keys: Mapping[str, str | None]  # by the names asked for, in that order
    measures: Measures


@dataclass(frozen=True, slots=True, kw_only=True)
class CostStats:
    """`damaged_attempts` is the number of ledger rows that are not what was written."""

    totals: Measures
    rows: tuple[Row, ...]
    budgets: tuple[Mapping[str, float], ...]
    damaged_attempts: int


async def cost_stats(
    ledger: Database,
    *,
    now: float,
    since: str = "7d",
    until: str | None = None,
    group_by: Sequence[str] = (),
) -> CostStats:
    """The sums of what the ledger has from `since` on and before `until`; `now` is wall clock.

    Rows go forward in time where they are grouped by it, then from dear to cheap.

    Raises:
        InvalidInput: a time or a group cannot be understood.
        StorageFailed: the ledger could not be read.
    """
    groups = _groups(group_by)
    since_ms = milliseconds(parse_time(since, now))
    until_ms = END_OF_TIME_MS if until is None else milliseconds(parse_time(until, now))
    if since_ms > until_ms:
        raise InvalidInput(f"`since` ({since}) is after `until` ({until}).")

    def query(connection: sqlite3.Connection) -> CostStats:
        with connection:
            connection.execute("BEGIN")  # all sums are of the same moment
            (total,) = sums(connection, (), since_ms, until_ms).values() or (Sums(),)
            rows = sums(connection, groups, since_ms, until_ms) if groups else {}
            return CostStats(
                totals=_measures(total),
                rows=_rows(groups, rows),
                budgets=(),
                damaged_attempts=damaged_attempts(connection, since_ms, until_ms),
            )

    await ledger.flush()
    return await ledger.read(query)


def parse_time(text: str, now: float) -> float:
    """The wall-clock time that `text` names: so long before `now`, or a time as RFC 3339.

    Raises:
        InvalidInput: it is neither.
    """
    if text == "all":
        return 0.0
    if ago := re.fullmatch(r"([0-9]{1,9})([mhdw])", text):
        return max(0.0, now - int(ago[1]) * SECONDS[ago[2]])
    try:
        moment = datetime.fromisoformat(text)
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            moment = moment.replace(tzinfo=UTC)
    except ValueError as error:
        raise InvalidInput(f"{text!r} is not a time.", hint=FORMS) from error
    if moment.tzinfo is None:
        raise InvalidInput(f"{text!r} does not say its offset from UTC.", hint=FORMS)
    return max(0.0, moment.timestamp())


def _groups(names: Sequence[str]) -> tuple[str, ...]:
    unknown = [name for name in names if name not in GROUPS]
    if unknown:
        raise InvalidInput(
            f"The ledger cannot be grouped by {', '.join(map(repr, unknown))}.",
            hint=f"Choose from {', '.join(GROUPS)}.",
        )
    return tuple(dict.fromkeys(names))


def _rows(groups: tuple[str, ...], found: Mapping[Keys, Sums]) -> tuple[Row, ...]:
    when = [number for number, name in enumerate(groups) if name in ("day", "hour")]

    def order(item: tuple[Keys, Sums]) -> tuple[list[str], Nano, int]:
        keys, of = item
        return [keys[number] or "" for number in when], -of.cost, -of.requests

    return tuple(
        Row(keys=dict(zip(groups, keys, strict=True)), measures=_measures(of))
        for keys, of in sorted(found.items(), key=order)
    )


def _measures(of: Sums) -> Measures:
    return Measures(
        requests=of.requests,
        cost_usd=of.cost / NANO_PER_USD,
        saved_by_cache_usd=of.saved_by_cache / NANO_PER_USD,
        saved_by_routing_usd=of.saved_by_routing / NANO_PER_USD,
        input_tokens=of.input_tokens,
        output_tokens=of.output_tokens,
        cache_hit_rate=of.hits / max(of.requests, 1),
        error_rate=of.errors / max(of.requests, 1),
        p50_ms=of.p50_ms,
        p95_ms=of.p95_ms,
        unpriced_requests=of.unpriced,
        unreconciled_usd=of.unreconciled / NANO_PER_USD,
    )
