"""The sums of the ledger. CO-01"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounting.ledger import DatabaseLedger
from accounting.stats import Row, cost_stats, parse_time
from pointsman.errors import InvalidInput
from pointsman.money import Usage
from pointsman.records import MISS, CacheInfo, Principal
from pointsman.types import Outcome
from storage.database import Database
from tests.accounting.examples import NOW, attempt, call, hold, ledger_in

DAY = 86_400
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC).timestamp()


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[tuple[DatabaseLedger, Database]]:
    async with ledger_in(tmp_path) as pair:
        yield pair


def names(rows: tuple[Row, ...]) -> list[tuple[str | None, ...]]:
    return [tuple(row.keys.values()) for row in rows]


async def test_nothing_spent_is_nothing(books: tuple[DatabaseLedger, Database]) -> None:
    _, database = books
    stats = await cost_stats(database, now=NOW, group_by=["model"])
    assert stats.rows == ()
    assert stats.totals.requests == 0
    assert stats.totals.cost_usd == 0
    assert stats.totals.cache_hit_rate == 0
    assert stats.totals.p50_ms is None


async def test_the_totals_are_exact(books: tuple[DatabaseLedger, Database]) -> None:
    ledger, database = books
    for number in range(100):
        ledger.note(
            call(
                number,
                attempt(number, cost=100_000_000 + number % 2, usage=Usage(input_tokens=3)),
                latency_ms=float(number + 1),
                cache=CacheInfo(hit=True, layer="memory") if number < 25 else MISS,
                error="no_backend" if number >= 90 else None,
                saved_by_cache=1,
                saved_by_routing=2,
            )
        )
    totals = (await cost_stats(database, now=NOW, since="all")).totals
    assert totals.cost_usd == 10.00000005  # a hundred times 0.1 as floats is 9.99999999999998
    assert totals.saved_by_cache_usd == 100e-9
    assert totals.saved_by_routing_usd == 200e-9
    assert totals.input_tokens == 300
    assert totals.cache_hit_rate == 0.25
    assert totals.error_rate == 0.1
    assert (totals.p50_ms, totals.p95_ms) == (50, 95)
    assert (totals.unpriced_requests, totals.unreconciled_usd) == (0, 0)


@pytest.mark.parametrize(
    ("calls", "ranks"), [(1, (1, 1)), (2, (1, 2)), (7, (4, 7)), (21, (11, 20))]
)
async def test_latencies_are_by_nearest_rank(
    books: tuple[DatabaseLedger, Database], calls: int, ranks: tuple[int, int]
) -> None:
    ledger, database = books
    for number in range(calls, 0, -1):
        ledger.note(call(number, latency_ms=float(number)))
    totals = (await cost_stats(database, now=NOW, since="all")).totals
    assert (totals.p50_ms, totals.p95_ms) == ranks


async def test_a_call_counts_where_it_was_answered_and_costs_where_it_was_tried(
    books: tuple[DatabaseLedger, Database],
) -> None:
    ledger, database = books
    await ledger.settle(
        call(
            1,
            attempt(1, provider="dear", model="d", outcome=Outcome.FAILURE, cost=50),
            attempt(2, cost=None),
        )
    )
    stats = await cost_stats(database, now=NOW, since="all", group_by=["provider", "model"])
    assert names(stats.rows) == [("dear", "d"), ("acme", "acme-large")]
    assert [row.measures.cost_usd for row in stats.rows] == [50e-9, 0]
    assert [row.measures.requests for row in stats.rows] == [0, 1]
    assert [row.measures.unpriced_requests for row in stats.rows] == [0, 1]


async def test_rows_go_forward_in_time_and_then_from_dear_to_cheap(
    books: tuple[DatabaseLedger, Database],
) -> None:
    ledger, database = books
    made = [(-DAY, "complete", 5), (0, "agent", 7), (0, "complete", 9), (3600, "agent", 1)]
    for number, (offset, tool, cost) in enumerate(made):
        ledger.note(call(number, attempt(number, cost=cost), at=NOON + offset, tool=tool))
    stats = await cost_stats(database, now=NOON + DAY, since="all", group_by=["tool", "day"])
    assert names(stats.rows) == [
        ("complete", "2026-03-09"),
        ("complete", "2026-03-10"),
        ("agent", "2026-03-10"),
    ]
    stats = await cost_stats(database, now=NOON + DAY, since="all", group_by=["hour"])
    assert names(stats.rows) == [
        ("2026-03-09T12:00:00Z",),
        ("2026-03-10T12:00:00Z",),
        ("2026-03-10T13:00:00Z",),
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("day", "2026-03-10"),
        ("hour", "2026-03-10T12:00:00Z"),
        ("model", "acme-large"),
        ("provider", "acme"),
        ("category", None),
        ("tool", "agent"),
        ("key", "k1"),
        ("department", "sales"),
        ("user", "ann"),
    ],
)
async def test_every_group_of_the_contract_is_there(
    books: tuple[DatabaseLedger, Database], name: str, value: str | None
) -> None:
    ledger, database = books
    principal = Principal(id="k1", department="sales")
    ledger.note(call(1, attempt(1), at=NOON, tool="agent", principal=principal, category=None))
    stats = await cost_stats(database, now=NOON + 1, group_by=[name, name])
    assert [dict(row.keys) for row in stats.rows] == [{name: value}]
    assert stats.rows[0].measures == stats.totals
    assert stats.totals.requests == 1


async def test_what_a_dead_process_spent_is_in_every_sum(tmp_path: Path) -> None:
    async with ledger_in(tmp_path) as (ledger, _):
        await ledger.hold(hold(1))
    async with ledger_in(tmp_path) as (_, database):
        stats = await cost_stats(database, now=NOW, group_by=["provider", "tool"])
    assert names(stats.rows) == [("acme", None)]
    assert stats.totals.unreconciled_usd == stats.rows[0].measures.unreconciled_usd == 9_000e-9


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        ("all", None, {1, 2, 4, 8}),
        ("2d", None, {2, 4, 8}),  # from that moment on
        ("2d", "1d", {2}),  # and before this one
        ("24h", None, {4, 8}),
        ("1w", "2026-03-10", {1, 2, 4}),
        ("2026-03-09T13:00:00+01:00", "2026-03-10T12:00:00Z", {4}),
        ("1m", None, {8}),
    ],
)
async def test_the_span_is_from_since_on_and_before_until(
    books: tuple[DatabaseLedger, Database], since: str, until: str | None, found: set[int]
) -> None:
    ledger, database = books
    for cost, offset in ((1, -3 * DAY), (2, -2 * DAY), (4, -DAY), (8, 0)):
        ledger.note(call(cost, attempt(cost, cost=cost), at=NOON + offset))
    stats = await cost_stats(database, now=NOON, since=since, until=until)
    assert stats.totals.cost_usd == sum(found) / 10**9
    assert stats.totals.requests == len(found)


@pytest.mark.parametrize(
    "arguments",
    [
        {"since": "yesterday"},
        {"since": ""},
        {"since": "7"},
        {"since": "-7d"},
        {"since": "\u0667d"},
        {"since": "2026-03-10T12:00:00"},
        {"since": "2026-13-10"},
        {"until": "7y"},
        {"since": "1d", "until": "2d"},
        {"group_by": ["model", "colour"]},
        {"group_by": ["model; DROP TABLE calls"]},
    ],
)
async def test_what_cannot_be_understood_is_the_callers_to_mend(
    books: tuple[DatabaseLedger, Database], arguments: dict[str, Any]
) -> None:
    _, database = books
    with pytest.raises(InvalidInput) as caught:
        await cost_stats(database, now=NOW, **arguments)
    assert caught.value.code == "invalid_input"


@given(st.text(max_size=30) | st.from_regex(r"[0-9]{1,12}[mhdw]", fullmatch=True))
def test_a_time_is_understood_or_refused(text: str) -> None:
    try:
        moment = parse_time(text, NOW)
    except InvalidInput:
        return
    assert 0 <= moment < 1e12


SPENT = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),
        st.sampled_from(["x", "y", None]),
        st.none() | st.integers(0, 10**15),
        st.integers(0, 3 * DAY),
    ),
    max_size=8,
)


@given(SPENT)
async def test_the_rows_add_up_to_the_totals(
    tmp_path_factory: pytest.TempPathFactory, spent: list[tuple[str, str | None, int | None, int]]
) -> None:
    async with ledger_in(tmp_path_factory.mktemp("home")) as (ledger, database):
        for number, (model, user, cost, age) in enumerate(spent):
            tried = attempt(number, model=model, cost=cost)
            ledger.note(call(number, tried, user=user, model=model, at=NOON - age))
        stats = await cost_stats(database, now=NOON, since="all", group_by=["day", "user", "model"])
    rows = [row.measures for row in stats.rows]
    known = [cost for _, _, cost, _ in spent if cost is not None]
    assert stats.totals.cost_usd == sum(known) / 10**9
    assert sum(row.requests for row in rows) == stats.totals.requests == len(spent)
    assert sum(round(row.cost_usd * 10**9) for row in rows) == pytest.approx(sum(known))
    assert sum(row.unpriced_requests for row in rows) == len(spent) - len(known)
