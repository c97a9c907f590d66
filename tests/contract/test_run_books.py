"""What every book of runs must do: the one on disk and the one in memory."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from pointsman.agents import RunBook, RunHead
from pointsman.errors import NotFound, StorageFailed
from storage.database import open_database
from storage.runs import Runs
from tests.agent.books import MemoryRuns

HEAD = RunHead(id="r1", principal="ann", task="do it", started_at=1_000.5, status="running")


@pytest.fixture(params=["disk", "memory"])
async def runs(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RunBook]:
    if request.param == "memory":
        yield MemoryRuns()
        return
    async with open_database(tmp_path / "ledger.db", kind="ledger") as database:
        yield Runs(database)


async def test_events_come_back_in_order_and_the_head_knows_the_last_status(runs: RunBook) -> None:
    await runs.begin(HEAD)
    await runs.append("r1", 0, b"first", "running")
    await runs.append("r1", 1, b"second", "waiting")
    assert await runs.events("r1", "ann") == [b"first", b"second"]
    assert await runs.heads("ann", 5) == [replace(HEAD, status="waiting")]


async def test_a_number_is_taken_once(runs: RunBook) -> None:
    await runs.begin(HEAD)
    await runs.append("r1", 0, b"mine", "running")
    with pytest.raises(StorageFailed):
        await runs.append("r1", 0, b"another's", "failed")
    assert await runs.events("r1", "ann") == [b"mine"]
    assert (await runs.heads("ann", 1))[0].status == "running"


async def test_a_run_begins_once(runs: RunBook) -> None:
    await runs.begin(HEAD)
    with pytest.raises(StorageFailed):
        await runs.begin(replace(HEAD, principal="eve"))


@pytest.mark.parametrize("run_id", ["r1", "none", "\ud800"])
async def test_a_run_is_found_by_its_owner_only(runs: RunBook, run_id: str) -> None:
    await runs.begin(HEAD)
    with pytest.raises(NotFound):
        await runs.events(run_id, "eve")
    assert await runs.heads("eve", 5) == []


async def test_the_latest_runs_come_first(runs: RunBook) -> None:
    for number in (2, 1, 3):
        await runs.begin(replace(HEAD, id=f"r{number}", started_at=float(number)))
    assert [head.id for head in await runs.heads("ann", 2)] == ["r3", "r2"]


async def test_a_text_is_kept_with_its_run(runs: RunBook) -> None:
    await runs.begin(HEAD)
    await runs.keep("r1", "h", "text")
    assert await runs.kept("r1", "h") == "text"
    assert await runs.kept("r2", "h") is None
    assert await runs.kept("r1", "other") is None
