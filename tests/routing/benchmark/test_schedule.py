"""One run in each interval, whoever runs it: on a clock that moves when all are asleep."""

import heapq
import itertools
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import anyio
import pytest

from pointsman.errors import BudgetExceeded
from pointsman.seams import Clock
from routing.benchmark.schedule import TAKEN, keep_running
from storage.benchmarks import BenchmarkBook
from storage.database import open_database

HOUR = 3600.0
START = 1_700_000_100.0


class SharedClock:
    """Time for a number of sleepers: it goes on to the first to wake once all of them sleep."""

    def __init__(self, sleepers: int) -> None:
        self.now = START
        self._sleepers = sleepers
        self._asleep: list[tuple[float, int, anyio.Event]] = []
        self._numbers = itertools.count()
        self._changed = anyio.Event()

    def clock(self) -> Clock:
        return Clock(monotonic=lambda: self.now, wall=lambda: self.now, sleep=self.sleep)

    async def sleep(self, seconds: float) -> None:
        woken = anyio.Event()
        heapq.heappush(self._asleep, (self.now + seconds, next(self._numbers), woken))
        self._changed.set()
        await woken.wait()

    async def run_until(self, end: float) -> None:
        while True:
            while len(self._asleep) < self._sleepers:
                self._changed = anyio.Event()
                await self._changed.wait()
            if self._asleep[0][0] > end:
                return
            self.now, _, woken = heapq.heappop(self._asleep)
            woken.set()


async def replicas(
    hours: int,
    path: Path,
    runs: Callable[[str], Awaitable[None]],
    skipped: Callable[[str, str], None],
    jitters: dict[str, float],
) -> SharedClock:
    """Two replicas on one database, for so many hours."""
    shared = SharedClock(len(jitters))
    async with (
        open_database(path / "ledger.db", kind="ledger") as database,
        anyio.create_task_group() as tasks,
    ):
        book = BenchmarkBook(database)
        for name, jitter in jitters.items():
            keeper = partial(
                keep_running,
                "benchmark",
                HOUR,
                partial(runs, name),
                holder=name,
                lease=book,
                clock=shared.clock(),
                random=partial(float, jitter),
                skipped=skipped,
            )
            tasks.start_soon(keeper)
        with anyio.fail_after(20):
            await shared.run_until(START + hours * HOUR)
        tasks.cancel_scope.cancel()
    return shared


@pytest.mark.parametrize("jitters", [{"a": 0.2, "b": 0.9}, {"a": 0.5, "b": 0.5}])
async def test_two_replicas_make_one_run_an_hour(jitters: dict[str, float], tmp_path: Path) -> None:
    """AT-409, BM-09."""
    ran: list[str] = []
    told: list[str] = []

    async def run(name: str) -> None:
        ran.append(name)

    await replicas(6, tmp_path, run, lambda _, why: told.append(why), jitters)
    assert len(ran) == 7  # in the hour it began in, and six more
    assert told == [TAKEN] * 7


async def test_a_restart_does_not_run_again_in_the_same_hour(tmp_path: Path) -> None:
    ran: list[str] = []

    async def run(name: str) -> None:
        ran.append(name)

    for _ in range(3):
        await replicas(0, tmp_path, run, lambda *_: None, {"a": 0.0})
    assert ran == ["a"]


async def test_a_run_that_fails_is_told_and_left_to_the_other_replica(tmp_path: Path) -> None:
    ran: list[str] = []
    told: list[str] = []

    async def run(name: str) -> None:
        ran.append(name)
        if name == "a":
            raise BudgetExceeded("The budget is used up.")
        if name == "b" and len(ran) > 3:
            raise ZeroDivisionError

    await replicas(1, tmp_path, run, lambda _, why: told.append(why), {"a": 0.1, "b": 0.9})
    assert ran == ["a", "b", "a", "b"]
    assert told[0] == told[1] == "The budget is used up."
    assert "ZeroDivisionError" in told[2]
