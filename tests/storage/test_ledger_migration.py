"""A ledger that an older version wrote: it opens, and what was in it is there."""

import sqlite3
from functools import partial
from pathlib import Path

from accounting.cache_stats import CacheBook
from accounting.stats import cost_stats
from pointsman.agents import RunHead
from pointsman.records import CacheInfo
from storage.database import open_database
from storage.ledger import write_call
from storage.runs import Runs
from storage.schema import APPLICATION, MIGRATIONS
from tests.accounting.examples import NOW, attempt, call
from tests.fakes import SteadyClock

NEW = "SELECT cache_kind, cache_key, similarity, probability, stale FROM calls ORDER BY id"
OLD_CALL = "INSERT INTO calls VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"


def write_version_2(path: Path) -> None:
    connection = sqlite3.connect(path)
    for script in MIGRATIONS["ledger"][:2]:
        connection.executescript(script)
    connection.execute(f"PRAGMA application_id = {APPLICATION['ledger']}")
    connection.execute("PRAGMA user_version = 2")
    for number, layer in enumerate([None, "memory"]):
        who = ("local", "unassigned", "complete", None, None, "d0", "acme", "acme-large", "math")
        row = (f"c{number}", round(NOW * 1000), *who, layer, None, 12.5, 9 * number, 0)
        connection.execute(OLD_CALL, row)
    connection.commit()
    connection.close()


async def test_a_ledger_of_version_2_opens_and_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    write_version_2(path)
    near = CacheInfo(
        hit=True, layer="database", kind="semantic", key="k", similarity=0.9, probability=0.99,
        stale=True,
    )  # fmt: skip
    async with open_database(path, kind="ledger") as database:
        record = call(7, attempt(7), cache=near, saved_by_cache=1)
        await database.write(partial(write_call, record=record))
        totals = (await cost_stats(database, now=NOW, since="all")).totals
        stats = await CacheBook(database, SteadyClock().clock()).stats(since="all")
        kept = await database.read(lambda connection: connection.execute(NEW).fetchall())
        runs = Runs(database)
        await runs.begin(RunHead(id="r", principal="p", task="t", started_at=0, status="running"))
        await runs.append("r", 0, b"{}", "running")
        assert await runs.events("r", "p") == [b"{}"]  # the tables of version 4
    assert kept == [
        (None, None, None, None, 0),
        ("exact", None, None, None, 0),  # before, there was no other kind
        ("semantic", "k", 0.9, 0.99, 1),
    ]
    assert (totals.requests, totals.saved_by_cache_usd) == (3, 10e-9)
    assert (stats.totals.hits, stats.totals.exact, stats.totals.semantic) == (2, 1, 1)
