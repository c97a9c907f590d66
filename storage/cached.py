"""The rows of the cache database."""

import sqlite3
from collections.abc import Iterable, Mapping

BATCH = 100  # rows deleted in one transaction, so that other writes get their turn
VACUUM_PAGES = 2000

Entry = tuple[str, bytes, int, float, float, float, str, str, str]  # the columns, in order


def write_entry(connection: sqlite3.Connection, entry: Entry) -> None:
    connection.execute("INSERT OR REPLACE INTO cached VALUES (?,?,?,?,?,?,?,?,?)", entry)


def read_blob(connection: sqlite3.Connection, key: str, now: float) -> bytes | None:
    """The bytes kept under `key`, None if there are none or their time is up."""
    row = connection.execute(
        "SELECT blob FROM cached WHERE key = ? AND expires_at > ?", (key, now)
    ).fetchone()
    return None if row is None else row[0]


def delete_entry(connection: sqlite3.Connection, key: str) -> None:
    connection.execute("DELETE FROM cached WHERE key = ?", (key,))


def touch(connection: sqlite3.Connection, used: Mapping[str, float]) -> None:
    """Note when each key was last used."""
    connection.executemany(
        "UPDATE cached SET last_used = max(last_used, ?) WHERE key = ?",
        [(at, key) for key, at in used.items()],
    )


def delete_expired(connection: sqlite3.Connection, now: float) -> int:
    """Delete one batch of rows whose time is up; how many there were."""
    return _delete(
        connection,
        connection.execute("SELECT rowid FROM cached WHERE expires_at <= ? LIMIT ?", (now, BATCH)),
    )


def delete_least_used(connection: sqlite3.Connection) -> int:
    """Delete one batch of the rows unused for longest; how many there were."""
    return _delete(
        connection,
        connection.execute("SELECT rowid FROM cached ORDER BY last_used LIMIT ?", (BATCH,)),
    )


def live_bytes(connection: sqlite3.Connection) -> int:
    """What the rows take on disk; the file itself may be larger, its free pages are used again."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    (page,) = connection.execute("PRAGMA page_size").fetchone()
    return int((pages - free) * page)


def vacuum(connection: sqlite3.Connection) -> None:
    """Give some free pages back to the file system."""
    connection.execute(f"PRAGMA incremental_vacuum({VACUUM_PAGES})").fetchall()


def _delete(connection: sqlite3.Connection, rows: Iterable[tuple[int]]) -> int:
    return connection.executemany("DELETE FROM cached WHERE rowid = ?", list(rows)).rowcount
