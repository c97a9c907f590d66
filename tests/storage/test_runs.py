"""Journals of runs on disk: in order, once, whole after a restart, and only their owner's."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from pointsman.agents import RunHead
from pointsman.errors import StorageFailed
from storage.database import open_database
from storage.runs import Runs

HEAD = RunHead(id="r1", principal="ann", task="do it", started_at=1_000.5, status="running")


@asynccontextmanager
async def book(folder: Path) -> AsyncIterator[Runs]:
    async with open_database(folder / "ledger.db", kind="ledger") as database:
        yield Runs(database)


async def test_what_was_appended_is_there_after_a_restart_in_order(tmp_path: Path) -> None:
    async with book(tmp_path) as first:
        await first.begin(HEAD)
        for number in range(12):
            await first.append("r1", number, b"x" * number * 400, "running")
        await first.append("r1", 12, b"end", "completed")
        await first.keep("r1", "h", "long \ud800 text")
    async with book(tmp_path) as second:
        events = await second.events("r1", "ann")
        assert [len(event) for event in events] == [400 * n for n in range(12)] + [3]
        assert await second.heads("ann", 5) == [replace(HEAD, status="completed")]
        assert await second.kept("r1", "h") == "long ? text"
        assert await second.kept("r1", "other\ud800") is None


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE run_events SET body = x'0102030405' WHERE number = 1",
        "DELETE FROM run_events WHERE number = 1",
        "UPDATE run_events SET number = 7 WHERE number = 1",
    ],
)
async def test_a_damaged_journal_is_an_error_and_not_a_shorter_one(
    tmp_path: Path, damage: str
) -> None:
    async with book(tmp_path) as runs:
        await runs.begin(HEAD)
        for number in range(3):
            await runs.append("r1", number, b"event", "running")
    connection = sqlite3.connect(tmp_path / "ledger.db")
    with connection:
        connection.execute(damage)
    connection.close()
    async with book(tmp_path) as runs:
        with pytest.raises(StorageFailed):
            await runs.events("r1", "ann")


async def test_old_runs_are_swept_with_all_that_is_theirs(tmp_path: Path) -> None:
    async with book(tmp_path) as runs:
        for number in range(60):
            run_id = f"r{number}"
            await runs.begin(replace(HEAD, id=run_id, started_at=float(number)))
            await runs.append(run_id, 0, b"event", "running")
            await runs.keep(run_id, "h", "text")
        assert await runs.sweep(before=59.0) == 59
        assert await runs.sweep(before=59.0) == 0
        assert await runs.kept("r58", "h") is None
        assert await runs.kept("r59", "h") == "text"
        assert [head.id for head in await runs.heads("ann", 9)] == ["r59"]
    connection = sqlite3.connect(tmp_path / "ledger.db")
    counts = [
        connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
        for table in ("runs", "run_events", "run_texts")
    ]
    connection.close()
    assert counts == [1, 1, 1]
