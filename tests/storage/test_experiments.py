"""Experiments on disk: what runs is known at once, and results come back as they were."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from pointsman.errors import NotFound
from pointsman.experiments import Experiment, Trial
from storage.database import Database, open_database
from storage.experiments import ExperimentBook, make_experiment_book
from storage.learning import Feedback, write_feedback

FIRST = Experiment(
    id="e1",
    name="summaries",
    control="a/m",
    variant="b/m",
    traffic=0.1,
    split=0.5,
    category="language",
    salt="salt",
    started_at=1_000.0,
)
SECOND = replace(FIRST, id="e2", name="code", category=None, started_at=2_000.0)
TRIAL = Trial(
    experiment_id="e1",
    call_id="c1",
    decision_id="d1",
    at=1_001.5,
    person="ab12",
    arm="variant",
    model="b/m",
    category="language",
    latency_ms=12.5,
    cost=1_234,
    succeeded=True,
)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[ExperimentBook, Database]]:
    async with open_database(folder / "ledger.db", kind="ledger") as database:
        yield await make_experiment_book(database), database


async def test_experiments_outlive_the_process_oldest_first(tmp_path: Path) -> None:
    """LN-06."""
    async with opened(tmp_path) as (book, _):
        await book.create(FIRST)
        await book.create(SECOND)
        stopped = await book.stop("e1", at=3_000.0)
        assert stopped.stopped_at == 3_000.0
        assert await book.stop("e1", at=4_000.0) == stopped
    async with opened(tmp_path) as (book, _):
        assert book.all == (stopped, SECOND)
        assert book.running == (SECOND,)


async def test_one_is_found_by_id_or_name(tmp_path: Path) -> None:
    async with opened(tmp_path) as (book, _):
        await book.create(FIRST)
        await book.create(replace(SECOND, name="summaries"))
        assert book.find("e1").id == "e1"
        assert book.find("summaries").id == "e2"
        with pytest.raises(NotFound) as caught:
            book.find("summary")
        assert "summaries" in (caught.value.hint or "")


async def test_results_come_back_with_what_was_said_of_them(tmp_path: Path) -> None:
    """LN-07: the columns of the source's table, and the rating of the answer."""
    unpriced = replace(
        TRIAL, call_id="c2", decision_id="d2", cost=None, model=None, succeeded=False
    )
    async with opened(tmp_path) as (book, database):
        await book.create(FIRST)
        book.record(TRIAL)
        book.record(TRIAL)  # the same call again changes nothing
        book.record(unpriced)
        book.record(replace(TRIAL, experiment_id="e2", call_id="c3"))
        for principal, rating in (("ann", 1.0), ("bob", 0.0)):
            rated = Feedback(
                decision_id="d1",
                principal=principal,
                kind="rating",
                at_ms=1,
                model="b/m",
                category="language",
                band="low",
                rating=rating,
                expected=None,
                comment=None,
            )
            database.post(partial(write_feedback, feedback=rated))
        assert await book.results("e1") == [replace(TRIAL, quality=0.5), unpriced]


async def test_a_damaged_experiment_is_left_out(tmp_path: Path) -> None:
    async with opened(tmp_path) as (book, _):
        await book.create(FIRST)
        await book.create(SECOND)
    connection = sqlite3.connect(tmp_path / "ledger.db")
    with connection:
        connection.execute("UPDATE experiments SET body = x'0102030405' WHERE id = 'e1'")
    connection.close()
    async with opened(tmp_path) as (book, _):
        assert book.running == (SECOND,)
