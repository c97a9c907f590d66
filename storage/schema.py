"""The tables of each database, as numbered migrations that only go forward."""

import sqlite3
from pathlib import Path
from typing import Literal

from pointsman.errors import ConfigError
from storage import benchmarks, experiments, learning, sessions

Kind = Literal["ledger", "cache"]

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

CACHE_1 = """
CREATE TABLE cached (
    key TEXT PRIMARY KEY,
    blob BLOB NOT NULL,
    bytes INTEGER NOT NULL,
    stored_at REAL NOT NULL,
    last_used REAL NOT NULL,
    expires_at REAL NOT NULL,
    model TEXT NOT NULL,
    provider TEXT NOT NULL,
    scope TEXT NOT NULL
) STRICT;
CREATE INDEX cached_used ON cached (last_used);
CREATE INDEX cached_expires ON cached (expires_at);
"""

MIGRATIONS: dict[Kind, tuple[str, ...]] = {"ledger": (LEDGER_1, LEDGER_2), "cache": (CACHE_1,)}
APPLICATION: dict[Kind, int] = {"ledger": 0x504D4C47, "cache": 0x504D4348}  # PMLG, PMCH


def version_of(connection: sqlite3.Connection, kind: Kind, path: Path) -> int:
    """The number of the last migration it has had, 0 for an empty file.

    Raises:
        ConfigError: a newer version of Pointsman, or another program, wrote it.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application != APPLICATION[kind] and (tables or version):
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


def migrate(connection: sqlite3.Connection, kind: Kind, version: int) -> None:
    """Bring the tables from `version` up to date, each step in a transaction of its own."""
    for number, script in enumerate(MIGRATIONS[kind][version:], start=version + 1):
        connection.executescript(
            f"BEGIN IMMEDIATE; {script}"
            f"PRAGMA application_id = {APPLICATION[kind]};"
            f"PRAGMA user_version = {number}; COMMIT;"
        )
