"""The book of benchmark results, and the lease that one of several processes has."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from pointsman.records import BenchmarkResult
from storage.benchmarks import BenchmarkBook
from storage.database import open_database

RESULT = BenchmarkResult(
    id="1", run_id="r", at=1000.5, category="math", provider="a", model="m", quality=50.25,
    speed=60, cost=70, final=57, latency_ms=812.5, cost_nano=1234, n=14, completed=13,
)  # fmt: skip


@pytest.fixture
async def book(tmp_path: Path) -> AsyncIterator[BenchmarkBook]:
    async with open_database(tmp_path / "ledger.db", kind="ledger") as database:
        yield BenchmarkBook(database)


async def test_results_come_back_as_they_were_kept(book: BenchmarkBook) -> None:
    unpriced = replace(RESULT, id="2", provider="b", cost_nano=None)
    await book.save([RESULT, unpriced])
    await book.save([RESULT])
    assert {r.id: r for r in await book.latest()} == {"1": RESULT, "2": unpriced}


async def test_the_latest_of_each_model_in_each_category_and_the_last_few(
    book: BenchmarkBook,
) -> None:
    """BM-03, BM-14: kept, and read back newest first."""
    for n in range(12):
        await book.save([replace(RESULT, id=f"m{n}", at=2000.0 + n, final=n)])
    await book.save([replace(RESULT, id="c", at=3000.0, category="coding")])
    await book.save([replace(RESULT, id="b", at=100.0, provider="b", final=99)])
    assert [r.id for r in await book.latest()] == ["c", "b", "m11"]
    assert [r.id for r in await book.latest(["math"])] == ["b", "m11"]
    assert [r.id for r in await book.latest([], ["a/m"])] == ["c", "m11"]
    assert [r.id for r in await book.latest(["math"], ["m"])] == ["b", "m11"]
    assert [r.id for r in await book.latest([], ["none"])] == []
    assert [r.id for r in await book.history()] == ["c", *(f"m{n}" for n in range(11, 2, -1))]
    assert [r.id for r in await book.history(["math"], ["a/m"], 2)] == ["m11", "m10"]


async def test_a_later_run_that_completed_little_can_be_passed_over(book: BenchmarkBook) -> None:
    broken = replace(RESULT, id="2", at=2000.0, completed=6)
    await book.save([RESULT, broken])
    assert await book.latest() == [broken]
    assert await book.latest(least_completed=0.5) == [RESULT]


async def test_one_of_many_gets_the_lease_and_the_next_when_it_is_over(book: BenchmarkBook) -> None:
    """AT-409."""
    got: list[str] = []

    async def want(holder: str) -> None:
        if await book.acquire("run", holder, now=0.0, until=10.0):
            got.append(holder)

    async with anyio.create_task_group() as tasks:
        for n in range(10):
            tasks.start_soon(want, f"h{n}")
    assert len(got) == 1
    assert not await book.acquire("run", "late", now=9.999, until=20.0)
    assert await book.acquire("another", "late", now=5.0, until=20.0)
    assert await book.acquire("run", "late", now=10.0, until=20.0)


async def test_only_the_holder_lets_go(book: BenchmarkBook) -> None:
    assert await book.acquire("run", "a", now=0.0, until=10.0)
    await book.release("run", "b")
    assert not await book.acquire("run", "b", now=1.0, until=10.0)
    await book.release("run", "a")
    assert await book.acquire("run", "b", now=1.0, until=10.0)
