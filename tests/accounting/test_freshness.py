"""Freshness that learns from reports. CA-29"""

from pathlib import Path
from typing import Any

import anyio
import pytest

from accounting.freshness import HITS_PER_HALVING, MOST_HALVINGS, LearnedFreshness
from cache.freshness import LEAST_S, Freshness
from pointsman.records import CacheInfo, Found
from pointsman.seams import Clock
from tests.accounting.examples import NOW, call, ledger_in
from tests.contract.cache import remembered
from tests.fakes import SteadyClock

HIT = CacheInfo(hit=True, layer="memory", kind="exact", key="k")


@pytest.fixture
def clock() -> SteadyClock:
    return SteadyClock(now=NOW - 1_700_000_000.0)


async def test_a_report_halves_the_time_of_its_category_and_hits_restore_it(
    tmp_path: Path, clock: SteadyClock
) -> None:
    async with ledger_in(tmp_path) as (ledger, database):
        learned = LearnedFreshness(database, clock.clock())
        await learned.load()
        assert learned.share("math") == 1.0
        await learned.outdated("math")
        await learned.outdated("math")
        assert (learned.share("math"), learned.share("coding")) == (0.25, 1.0)
        clock.advance(1)
        for number in range(HITS_PER_HALVING):
            facts: dict[str, Any] = {"category": "math", "at": clock.clock().wall()}
            ledger.note(call(number, cache=HIT, **facts))
            ledger.note(call(1000 + number, **facts))  # no hit
        await learned.load()
        assert learned.share("math") == 0.5
    async with ledger_in(tmp_path) as (ledger, database):
        again = LearnedFreshness(database, clock.clock())
        await again.load()
        assert again.share("math") == 0.5
        for number in range(2000, 2000 + HITS_PER_HALVING):
            ledger.note(call(number, cache=HIT, category="math", at=clock.clock().wall()))
        await again.load()
        assert again.share("math") == 1.0  # and never more


async def test_reports_at_the_same_moment_all_count(tmp_path: Path, clock: SteadyClock) -> None:
    async with ledger_in(tmp_path) as (_, database):
        learned = LearnedFreshness(database, clock.clock())
        with anyio.fail_after(5):
            async with anyio.create_task_group() as group:
                for _ in range(3):
                    group.start_soon(learned.outdated, "math")
        assert learned.share("math") == 2.0**-3


async def test_the_time_is_never_below_a_minute(tmp_path: Path, clock: SteadyClock) -> None:
    async with ledger_in(tmp_path) as (_, database):
        learned = LearnedFreshness(database, clock.clock())
        for _ in range(30):
            await learned.outdated("general")
        assert learned.share("general") == 2.0**-MOST_HALVINGS
    freshness = Freshness(
        general_s=86_400, time_sensitive_s=3_600, pinned_s=9e9, share=learned.share
    )
    kept = remembered()
    assert freshness.limit_s(kept) == LEAST_S
    assert freshness.allows(Found(remembered=kept, layer="memory", age_s=59, key="k"))


async def test_it_looks_again_by_itself(tmp_path: Path) -> None:
    slept = anyio.Event()

    async def sleep(_: float) -> None:
        slept.set()
        await anyio.sleep_forever()

    clock = Clock(monotonic=lambda: 0.0, wall=lambda: NOW, sleep=sleep)
    async with ledger_in(tmp_path) as (_, database):
        await LearnedFreshness(database, clock).outdated("math")
        learned = LearnedFreshness(database, clock)
        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(learned.keep_current)
                await slept.wait()
                assert learned.share("math") == 0.5
                tasks.cancel_scope.cancel()
