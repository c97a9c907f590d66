"""The tables of each database, as numbered migrations that only go forward."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Literal

from pointsman.errors import ConfigError
from storage import (
    benchmarks,
    cache_book,
    cached,
    experiments,
    learning,
    runs,
    sessions,
    similar,
)
from storage.files import damage

Kind = Literal["ledger", "cache"]
Tables = frozenset[tuple[bytes, ...]]

LEDGER_1 = """
CREATE TABLE calls (
    id TEXT PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    principal TEXT NOT NULL,
    department TEXT NOT NULL,
    tool TEXT NOT NULL,
    user TEXT,
    session_id TEXT,
    decision_id TEXT NOT NULL,
    provider TEXT,
    model TEXT,
    category TEXT,
    layer TEXT,
    error TEXT,
    latency_ms REAL NOT NULL,
    saved_by_cache_nano INTEGER NOT NULL,
    saved_by_routing_nano INTEGER NOT NULL
) STRICT;
CREATE INDEX calls_at ON calls (at_ms);
CREATE TABLE attempts (
    id TEXT PRIMARY KEY,
    call_id TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    outcome TEXT NOT NULL,
    latency_ms REAL,
    ttft_ms REAL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cached_input_tokens INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    reasoning_tokens INTEGER NOT NULL,
    estimated INTEGER NOT NULL,
    cost_nano INTEGER,
    message TEXT NOT NULL,
    unreconciled INTEGER NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;
CREATE INDEX attempts_at ON attempts (at_ms);
CREATE INDEX attempts_call ON attempts (call_id);
CREATE TABLE decisions (
    id TEXT PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX decisions_at ON decisions (at_ms);
CREATE TABLE holds (
    attempt_id TEXT PRIMARY KEY,
    call_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    worst_nano INTEGER,
    at_ms INTEGER NOT NULL
) STRICT;
"""

LEDGER_2 = benchmarks.TABLES + learning.TABLES + sessions.TABLES + experiments.TABLES

LEDGER_3 = cache_book.TABLES

LEDGER_4 = runs.TABLES

CACHE_2 = cached.TABLES_2 + similar.TABLES

MIGRATIONS: dict[Kind, tuple[str, ...]] = {
    "ledger": (LEDGER_1, LEDGER_2, LEDGER_3, LEDGER_4),
    "cache": (cached.TABLES_1, CACHE_2),
}
APPLICATION: dict[Kind, int] = {"ledger": 0x504D4C47, "cache": 0x504D4348}  # PMLG, PMCH


def version_of(connection: sqlite3.Connection, kind: Kind, path: Path) -> int:
    """The number of the last migration it has had, 0 for an empty file.

    Raises:
        ConfigError: a newer version of Pointsman, or another program, wrote it.
        sqlite3.DatabaseError: a cache has not the tables that it says it has.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    tables = _tables(connection)
    ours = application == APPLICATION[kind]
    if kind == "cache" and not _fits(tables, int(version) if ours else None):
        raise damage("its head and its tables disagree")
    if not ours and (tables or version):
        raise ConfigError(
            f"{path} is not a {kind} of Pointsman.", hint="Move it away, or choose another home."
        )
    known = len(MIGRATIONS[kind])
    if version > known:
        raise ConfigError(
            f"{path} was written by a newer Pointsman (version {version} of its tables; "
            f"this one knows {known}).",
            hint="Update Pointsman, or choose another home.",
        )
    return int(version)


def is_whole(connection: sqlite3.Connection, kind: Kind) -> bool:
    """Whether the tables of this version are all there, as they were made."""
    return _migrated(kind, len(MIGRATIONS[kind])) <= _tables(connection)


def _fits(tables: Tables, version: int | None) -> bool:
    """Whether a cache file can be whole that says it is `version`; None: it says it is not ours."""
    versions = range(len(MIGRATIONS["cache"]) + 1)
    for number in versions[1:]:
        if tables == _migrated("cache", number):
            return version == number
    if version is None or version not in versions:
        return True  # another's file, or a newer one
    return version > 0 and _migrated("cache", version) <= tables


def _migrated(kind: Kind, version: int) -> Tables:
    with closing(sqlite3.connect(":memory:")) as connection:
        for script in MIGRATIONS[kind][:version]:
            connection.executescript(script)
        return _tables(connection)


def _tables(connection: sqlite3.Connection) -> Tables:
    """What is defined; as bytes, because what is damaged may be no text."""
    rows = connection.execute(
        "SELECT CAST(type AS BLOB), CAST(name AS BLOB), CAST(sql AS BLOB) FROM sqlite_schema"
    )
    return frozenset(rows)


def migrate(connection: sqlite3.Connection, kind: Kind, version: int) -> None:
    """Bring the tables from `version` up to date, each step in a transaction of its own."""
    for number, script in enumerate(MIGRATIONS[kind][version:], start=version + 1):
        connection.executescript(
            f"BEGIN IMMEDIATE; {script}"
            f"PRAGMA application_id = {APPLICATION[kind]};"
            f"PRAGMA user_version = {number}; COMMIT;"
        )
