"""The ledger: what it has acknowledged is there, whatever happens."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from accounting.ledger import open_ledger
from accounting.stats import Measures, cost_stats
from pointsman.errors import StorageFailed
from pointsman.money import Usage
from pointsman.records import Attempt, CacheInfo, Emotion
from pointsman.types import Outcome
from storage.database import Database, open_database
from storage.ledger import read_attempts
from tests.accounting.examples import DECISION, NOW, attempt, call, hold, ledger_in


async def totals(database: Database) -> Measures:
    return (await cost_stats(database, now=NOW, since="all")).totals


async def attempts_of(database: Database, call_id: str) -> tuple[list[Attempt], int]:
    return await database.read(lambda connection: read_attempts(connection, call_id))


async def test_a_settled_call_is_kept_with_every_attempt(tmp_path: Path) -> None:
    """CO-01: one row for each upstream call, also for those that failed"""
    failed = attempt(1, outcome=Outcome.FAILURE, cost=None, ttft_ms=None)
    async with ledger_in(tmp_path) as (ledger, _):
        await ledger.hold(hold(2))
        await ledger.settle(call(1, failed, attempt(2)))
    async with ledger_in(tmp_path) as (ledger, database):
        assert ledger.swept == 0
        assert await attempts_of(database, "c1") == ([failed, attempt(2)], 0)
        found = await totals(database)
    assert found.requests == 1
    assert found.cost_usd == 1_002e-9
    assert found.unpriced_requests == 1  # unknown is not nothing


async def test_settling_twice_charges_once(tmp_path: Path) -> None:
    async with ledger_in(tmp_path) as (ledger, database):
        for _ in range(2):
            await ledger.settle(call(1, attempt(1)))
        ledger.note(call(1, attempt(1)))
        assert (await totals(database)).cost_usd == 1_001e-9
        assert (await totals(database)).requests == 1


async def test_no_wording_keeps_a_call_from_being_accounted(tmp_path: Path) -> None:
    async with ledger_in(tmp_path) as (ledger, database):
        odd = "half \ud800 a pair, and a \0 nought"
        await ledger.settle(call(1, attempt(1, message=odd), user=odd, session_id=odd))
        kept, damaged = await attempts_of(database, "c1")
    assert damaged == 0
    assert kept == [attempt(1, message=odd.replace("\ud800", "?"))]


async def test_no_figure_keeps_the_sums_from_being_made(tmp_path: Path) -> None:
    huge = attempt(1, usage=Usage(input_tokens=2**200), cost=2**200)
    async with ledger_in(tmp_path) as (ledger, database):
        await ledger.hold(hold(3, worst_cost=2**200))
        await ledger.settle(call(1, huge, replace(huge, id="a2")))
        found = await totals(database)
    assert found.cost_usd > 1_000_000
    assert found.input_tokens > 10**15


async def test_a_hold_that_a_dead_process_left_is_charged_at_its_worst(tmp_path: Path) -> None:
    async with ledger_in(tmp_path) as (ledger, _):
        for number in (1, 2, 3):
            await ledger.hold(hold(number))
        await ledger.hold(hold(4, worst_cost=None))
        await ledger.settle(call(3, attempt(3)))
    for swept in (3, 0):  # once
        async with ledger_in(tmp_path) as (ledger, database):
            assert ledger.swept == swept
            (charged,), _ = await attempts_of(database, "c1")
            found = await totals(database)
        assert charged.outcome is Outcome.FAILURE
        assert charged.cost == 9_000
        assert found.unreconciled_usd == 18_000e-9
        assert found.cost_usd == 19_003e-9
        assert found.unpriced_requests == 1


async def test_a_hold_whose_caller_gave_up_is_not_charged(tmp_path: Path) -> None:
    async with ledger_in(tmp_path) as (ledger, _), anyio.create_task_group() as group:
        group.start_soon(ledger.hold, hold(1))
        await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    async with ledger_in(tmp_path) as (ledger, database):
        assert ledger.swept == 0
        assert (await totals(database)).cost_usd == 0


async def test_what_costs_nothing_is_noted_and_there_in_the_end(tmp_path: Path) -> None:
    async with ledger_in(tmp_path) as (ledger, database):
        for number in range(1_000):
            ledger.note(call(number, cache=CacheInfo(hit=True, layer="memory"), saved_by_cache=7))
        assert (await totals(database)).requests == 1_000
        ledger.note(call(1_000, cache=CacheInfo(hit=True, layer="memory"), saved_by_cache=7))
    async with ledger_in(tmp_path) as (_, database):
        found = await totals(database)
    assert found.requests == 1_001
    assert found.saved_by_cache_usd == 7_007e-9
    assert found.cache_hit_rate == 1


async def test_nothing_is_acknowledged_that_could_not_be_written(tmp_path: Path) -> None:
    """F-6: what costs money is refused when it cannot be accounted for"""
    async with (
        open_database(tmp_path / "ledger.db", kind="ledger", max_bytes=300_000) as database,
        open_ledger(database) as ledger,
    ):
        kept = 0

        async def fill() -> None:
            nonlocal kept
            while True:
                await ledger.hold(hold(kept))
                kept += 1

        with pytest.raises(StorageFailed), anyio.fail_after(30):
            await fill()
        assert kept > 100
        assert await database.read(count_holds) == kept


def count_holds(connection: sqlite3.Connection) -> int:
    (count,) = connection.execute("SELECT count(*) FROM holds").fetchone()
    return int(count)


# --- decisions ----------------------------------------------------------------------------------


async def test_a_decision_can_be_asked_for_at_once_and_later(tmp_path: Path) -> None:
    async with ledger_in(tmp_path) as (ledger, _):
        ledger.note_decision(DECISION)
        first = await ledger.decision("d1")
        await ledger.settle(call(2, attempt(2), decision=replace(DECISION, id="d2")))
    async with ledger_in(tmp_path) as (ledger, _):
        again, settled = await ledger.decision("d1"), await ledger.decision("d2")
        assert await ledger.decision("d3") is None
    assert first == again
    assert first is not None
    assert settled == first | {"id": "d2"}
    assert first["stages"] == ["score"]
    match first:
        case {"analysis": {"tags": tags}, "candidates": [{"model": model, "factors": factors}]}:
            assert tags == ["creative", "vision"]
            assert model["price"] is None  # type: ignore[index,call-overload]
            assert factors["quality"] == 0.5  # type: ignore[index,call-overload]
        case _:
            pytest.fail("a decision of another shape")


async def test_the_mood_of_a_prompt_is_not_kept(tmp_path: Path) -> None:
    """X-16: it is read for routing only."""
    sad = replace(DECISION.analysis, emotion=Emotion(label="sad", intensity=0.9))
    async with ledger_in(tmp_path) as (ledger, _):
        ledger.note_decision(replace(DECISION, analysis=sad))
        await ledger.settle(call(2, attempt(2), decision=replace(DECISION, id="d2", analysis=sad)))
        kept = [await ledger.decision(name) for name in ("d1", "d2")]
    for decision in kept:
        assert decision is not None
        assert decision["analysis"]["emotion"] == {"label": "unknown", "intensity": 0}  # type: ignore[index,call-overload]


# --- damage -------------------------------------------------------------------------------------


async def test_a_changed_figure_is_seen(tmp_path: Path) -> None:
    """F-7: SQLite itself does not see it"""

    def change(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE attempts SET cost_nano = cost_nano + 1 WHERE id = 'a1'")
        connection.execute("UPDATE decisions SET body = substr(body, 1, 20)")

    async with ledger_in(tmp_path) as (ledger, database):
        await ledger.settle(call(1, attempt(1), attempt(2), decision=DECISION))
        assert (await cost_stats(database, now=NOW, since="all")).damaged_attempts == 0
        await database.write(change)
        assert (await cost_stats(database, now=NOW, since="all")).damaged_attempts == 1
        assert await attempts_of(database, "c1") == ([attempt(2)], 1)
        assert await ledger.decision("d1") is None
