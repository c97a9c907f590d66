"""What benchmark runs measured, and who may run the next."""

import json
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pointsman.records import BenchmarkResult, Category

if TYPE_CHECKING:  # the schema of every database is made of the tables here
    from storage.database import Database

TABLES = """
CREATE TABLE benchmarks (
    id TEXT PRIMARY KEY,
    run_id TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    category TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    quality REAL NOT NULL,
    speed REAL NOT NULL,
    cost REAL NOT NULL,
    final REAL NOT NULL,
    latency_ms REAL NOT NULL,
    cost_nano INTEGER,
    n INTEGER NOT NULL,
    completed INTEGER NOT NULL
) STRICT;
CREATE INDEX benchmarks_at ON benchmarks (category, at_ms);
CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until_ms INTEGER NOT NULL
) STRICT;
"""

INSERT = "INSERT OR IGNORE INTO benchmarks VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
# Put into queries below, as text of ours; what a caller names goes in as a parameter.
CHOSEN = """
(:categories = '[]' OR category IN (SELECT value FROM json_each(:categories))) AND
(:models = '[]' OR model IN (SELECT value FROM json_each(:models))
    OR provider || '/' || model IN (SELECT value FROM json_each(:models)))
"""
LATEST = f"""
SELECT * FROM (
    SELECT *, row_number() OVER (
        PARTITION BY category, provider, model ORDER BY at_ms DESC, rowid DESC
    ) AS age FROM benchmarks WHERE {CHOSEN} AND completed >= :least_completed * n
) WHERE age = 1 ORDER BY category, final DESC
"""  # noqa: S608
HISTORY = f"SELECT * FROM benchmarks WHERE {CHOSEN} ORDER BY at_ms DESC, rowid DESC LIMIT :n"  # noqa: S608
ACQUIRE = """
INSERT INTO leases VALUES (?, ?, ?) ON CONFLICT (name)
DO UPDATE SET holder = excluded.holder, until_ms = excluded.until_ms WHERE until_ms <= ?
"""
RELEASE = "DELETE FROM leases WHERE name = ? AND holder = ?"


class BenchmarkBook:
    """Results and leases in the ledger's database; `StorageFailed` where that cannot be used."""

    def __init__(self, database: "Database") -> None:
        self._database = database

    async def save(self, results: Sequence[BenchmarkResult]) -> None:
        rows = [_row(result) for result in results]

        def insert(connection: sqlite3.Connection) -> None:
            connection.executemany(INSERT, rows)

        await self._database.write(insert)

    async def latest(
        self,
        categories: Sequence[Category] = (),
        models: Sequence[str] = (),
        least_completed: float = 0.0,
    ) -> list[BenchmarkResult]:
        """The last result of each model in each category, the best of a category first.

        Of all of them where none is named; a model is named by its id or as `provider/id`. Of
        results with at least `least_completed` of their tasks, 0..1.
        """
        chosen = _chosen(categories, models) | {"least_completed": least_completed}
        return await self._database.read(lambda connection: _results(connection, LATEST, chosen))

    async def history(
        self, categories: Sequence[Category] = (), models: Sequence[str] = (), n: int = 10
    ) -> list[BenchmarkResult]:
        """The last `n` results of those named as for `latest`, newest first."""
        chosen = _chosen(categories, models) | {"n": n}
        return await self._database.read(lambda connection: _results(connection, HISTORY, chosen))

    async def acquire(self, name: str, holder: str, *, now: float, until: float) -> bool:
        """Whether `holder` now has `name` to itself until `until`; times are wall clock."""
        row = (name, holder, _ms(until), _ms(now))
        return await self._database.write(
            lambda connection: connection.execute(ACQUIRE, row).rowcount > 0
        )

    async def release(self, name: str, holder: str) -> None:
        """Let go of `name`, if `holder` has it."""

        def delete(connection: sqlite3.Connection) -> None:
            connection.execute(RELEASE, (name, holder))

        await self._database.write(delete)


def _ms(at: float) -> int:
    return round(at * 1000)


def _row(result: BenchmarkResult) -> tuple[Any, ...]:
    return (
        result.id,
        result.run_id,
        _ms(result.at),
        result.category,
        result.provider,
        result.model,
        result.quality,
        result.speed,
        result.cost,
        result.final,
        result.latency_ms,
        result.cost_nano,
        result.n,
        result.completed,
    )


def _chosen(categories: Sequence[Category], models: Sequence[str]) -> dict[str, Any]:
    return {"categories": json.dumps(list(categories)), "models": json.dumps(list(models))}


def _results(
    connection: sqlite3.Connection, query: str, chosen: dict[str, Any]
) -> list[BenchmarkResult]:
    return [_result(row) for row in connection.execute(query, chosen)]


def _result(row: tuple[Any, ...]) -> BenchmarkResult:
    id_, run_id, at_ms, category, provider, model, *measures = row[:14]
    quality, speed, cost, final, latency_ms, cost_nano, n, completed = measures
    known: Category = category
    return BenchmarkResult(
        id=id_,
        run_id=run_id,
        at=at_ms / 1000,
        category=known,
        provider=provider,
        model=model,
        quality=quality,
        speed=speed,
        cost=cost,
        final=final,
        latency_ms=latency_ms,
        cost_nano=cost_nano,
        n=n,
        completed=completed,
    )
