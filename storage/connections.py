"""The two connections of a database: one that writes, one that only reads (RELIABILITY 2.3)."""

import dataclasses
import os
import sqlite3
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from pointsman.errors import ConfigError
from storage.files import (
    code_of,
    damage,
    fact_of,
    is_damaged,
    is_unusable,
    left_open,
    lock,
    make_private,
    quarantine,
)
from storage.schema import Kind, migrate, version_of

LARGE_LOG_BYTES = 1_000_000
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
        "journal_size_limit = 8388608",
        "cache_size = -65536",
        "mmap_size = 0",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    writer: sqlite3.Connection
    reader: sqlite3.Connection
    moved: Path | None  # where a damaged cache was put
    lock: int

    def disconnect(self) -> None:
        """Close both, in the order that leaves no write-ahead log; the file stays ours."""
        with suppress(sqlite3.Error):  # what is damaged may not close in order
            self.reader.close()
        with suppress(sqlite3.Error):
            self.writer.close()

    def close(self) -> None:
        self.disconnect()
        os.close(self.lock)


def connect(path: Path, kind: Kind, max_bytes: int | None) -> Connections:
    """Open a database, made or migrated where it must be. It blocks.

    A damaged cache is moved aside and started empty; a damaged ledger never is.

    Raises:
        ConfigError: the file or its folder cannot be used.
    """
    make_private(path)
    with ExitStack() as stack:
        held = lock(path)
        stack.callback(os.close, held)
        connections = _connect(path, kind, max_bytes, held)
        stack.pop_all()
        return connections


def replace(old: Connections, path: Path, kind: Kind, max_bytes: int | None) -> Connections:
    """Move the file of `old` aside and open an empty one. It blocks.

    Raises:
        ConfigError: the folder cannot be used; `old` is closed, but for its lock.
    """
    old.disconnect()
    moved = _set_aside(path, damage("it is damaged"))
    return dataclasses.replace(_connect(path, kind, max_bytes, old.lock), moved=moved)


def _connect(path: Path, kind: Kind, max_bytes: int | None, held: int) -> Connections:
    try:
        try:
            return _both(path, kind, max_bytes, held)
        except sqlite3.Error as error:
            if kind != "cache" or not is_unusable(error):
                raise
            moved = _set_aside(path, error)
            return dataclasses.replace(_both(path, kind, max_bytes, held), moved=moved)
    except sqlite3.Error as error:
        raise _unusable(path, error) from error


def _both(path: Path, kind: Kind, max_bytes: int | None, held: int) -> Connections:
    writer = _writer(path, kind, max_bytes)
    try:
        reader = _reader(path, kind)
    except BaseException:
        writer.close()
        raise
    return Connections(writer=writer, reader=reader, moved=None, lock=held)


def _set_aside(path: Path, error: sqlite3.Error) -> Path:
    try:
        moved = quarantine(path)
    except OSError:  # its folder takes no changes
        raise _unusable(path, error) from error
    make_private(path)
    return moved


def _unusable(path: Path, error: sqlite3.Error) -> ConfigError:
    return ConfigError(f"{path} cannot be used: {fact_of(error)}.", hint=_advice(error))


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
        if kind == "cache":
            _check_writable(connection)
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
        raise damage(verdict)


def _check_writable(connection: sqlite3.Connection) -> None:
    """Raise if the file's head says that it must not be written: nothing else would find out."""
    try:
        connection.execute("DELETE FROM cached WHERE key = ''")  # BEGIN IMMEDIATE would not tell
    except sqlite3.OperationalError as error:
        if code_of(error) != sqlite3.SQLITE_BUSY:
            raise


def truncate_log(connections: Connections, path: Path) -> None:
    """Write a large write-ahead log into the database, and give its room back. It blocks."""
    with suppress(OSError, sqlite3.Error):  # it will be tried again
        if path.with_name(path.name + "-wal").stat().st_size > LARGE_LOG_BYTES:
            connections.writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _reader(path: Path, kind: Kind) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode=ro",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
    )
    shared = [p for p in PRAGMAS[kind] if p.startswith(("busy_timeout", "cache_size", "mmap_size"))]
    try:
        for pragma in (*ALWAYS, *shared, "query_only = ON"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def _advice(error: sqlite3.Error) -> str:
    if is_damaged(error):
        return (
            "Restore it from a backup, or move it away to start an empty one: "
            "what was spent so far is then forgotten."
        )
    return "Make it writable, free some space, or set POINTSMAN_HOME to another folder."
