"""The two connections of a database: one that writes, one that only reads (RELIABILITY 2.3)."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from pointsman.errors import ConfigError
from storage.files import fact_of, is_damaged, left_open, lock, make_private, quarantine
from storage.schema import Kind, migrate, version_of

ALWAYS = ("trusted_schema = OFF", "cell_size_check = ON", "foreign_keys = ON")
NEW: dict[Kind, tuple[str, ...]] = {  # only before the first table
    "ledger": ("page_size = 4096",),
    "cache": ("page_size = 8192", "auto_vacuum = INCREMENTAL"),
}
PRAGMAS: dict[Kind, tuple[str, ...]] = {
    "ledger": (
        "journal_mode = WAL",
        "synchronous = FULL",
        "busy_timeout = 5000",
        "wal_autocheckpoint = 1000",
        "journal_size_limit = 67108864",
        "cache_size = -32768",
        "mmap_size = 0",
        "secure_delete = ON",
    ),
    "cache": (
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "busy_timeout = 1000",
        "wal_autocheckpoint = 1000",
        "journal_size_limit = 67108864",
        "cache_size = -65536",
        "mmap_size = 0",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    writer: sqlite3.Connection
    reader: sqlite3.Connection
    moved: Path | None  # where a damaged cache was put
    close: Callable[[], None]  # both, in the order that leaves no write-ahead log, and the lock


def connect(path: Path, kind: Kind, max_bytes: int | None) -> Connections:
    """Open a database, made or migrated where it must be. It blocks.

    A damaged cache is moved aside and started empty; a damaged ledger never is.

    Raises:
        ConfigError: the file or its folder cannot be used.
    """
    make_private(path)
    with ExitStack() as stack:
        stack.callback(os.close, lock(path))
        try:
            writer, moved = _writer_or_new(path, kind, max_bytes)
            stack.callback(writer.close)
            reader = _reader(path, kind)
            stack.callback(reader.close)
        except sqlite3.Error as error:
            raise ConfigError(
                f"{path} cannot be used: {fact_of(error)}.", hint=_advice(error)
            ) from error
        return Connections(writer=writer, reader=reader, moved=moved, close=stack.pop_all().close)


def _writer_or_new(
    path: Path, kind: Kind, max_bytes: int | None
) -> tuple[sqlite3.Connection, Path | None]:
    """The writing connection, and where the file was moved that could not be read, if one was."""
    try:
        return _writer(path, kind, max_bytes), None
    except sqlite3.DatabaseError as error:
        if kind != "cache" or not is_damaged(error):
            raise
        moved = quarantine(path)
        make_private(path)
        return _writer(path, kind, max_bytes), moved


def _writer(path: Path, kind: Kind, max_bytes: int | None) -> sqlite3.Connection:
    unclean = left_open(path)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        version = version_of(connection, kind, path)  # first: nothing is changed in another's file
        for pragma in (*(NEW[kind] if version == 0 else ()), *ALWAYS, *PRAGMAS[kind]):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        if unclean and kind == "ledger":
            _check(connection)
        migrate(connection, kind, version)
        if max_bytes is not None:
            (page,) = connection.execute("PRAGMA page_size").fetchone()
            connection.execute(f"PRAGMA max_page_count = {max(max_bytes // page, 64)}").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection) -> None:
    """Raise as SQLite itself would if the file's structure is broken."""
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        error = sqlite3.DatabaseError(verdict)
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def _reader(path: Path, kind: Kind) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode=ro",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
    )
    shared = [p for p in PRAGMAS[kind] if p.startswith(("busy_timeout", "cache_size", "mmap_size"))]
    for pragma in (*ALWAYS, *shared, "query_only = ON"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection


def _advice(error: sqlite3.Error) -> str:
    if is_damaged(error):
        return (
            "Restore it from a backup, or move it away to start an empty one: "
            "what was spent so far is then forgotten."
        )
    return "Make it writable, free some space, or set POINTSMAN_HOME to another folder."
