"""The rows of the cache database."""

import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import NamedTuple

from storage.files import damage

TABLES_1 = """
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
# `names` has no rowid: a damaged index over one would lead to another answer's row unseen. A
# `bond` holds for one name with one key.
TABLES_2 = """
DELETE FROM cached; -- keys are made otherwise now, so nothing in it would be found again
ALTER TABLE cached ADD COLUMN hits INTEGER NOT NULL DEFAULT 0;
CREATE INDEX cached_origin ON cached (scope, model, provider, stored_at);
CREATE TABLE names (
    name TEXT PRIMARY KEY,
    key TEXT NOT NULL REFERENCES cached (key) ON DELETE CASCADE,
    bond BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX names_key ON names (key);
"""

BATCH = 100  # rows deleted in one transaction, so that other writes get their turn
VACUUM_PAGES = 500
BETWEEN_ROWS = {  # constraints that no value by itself can break
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
    sqlite3.SQLITE_CONSTRAINT_ROWID,
    sqlite3.SQLITE_CONSTRAINT_UNIQUE,
}

NO_BONDS: Mapping[str, bytes] = MappingProxyType({})
Entry = tuple[str, bytes, int, float, float, float, str, str, str]  # the columns, in order


def write_entry(
    connection: sqlite3.Connection, entry: Entry, bonds: Mapping[str, bytes] = NO_BONDS
) -> None:
    """Keep `entry`, to be found by each name in `bonds` too; what either had before is gone.

    The names of an older answer under the same key go with it: another model may have given it.

    Raises:
        sqlite3.DatabaseError: SQLITE_CORRUPT as well where only the contents give damage away.
    """
    key = entry[0]
    forget(connection, [key, *bonds])
    names = [(name, key, bond) for name, bond in bonds.items()]
    with _consistent():
        connection.execute("INSERT INTO cached VALUES (?,?,?,?,?,?,?,?,?,0)", entry)
        connection.executemany("INSERT INTO names VALUES (?, ?, ?)", names)


def forget(connection: sqlite3.Connection, names: Iterable[str]) -> None:
    """Let nothing be found by any of `names` any more, be it the key of an answer or not."""
    for name in names:
        connection.execute("DELETE FROM names WHERE name = ?", (name,))
        delete_entry(connection, name)


class Row(NamedTuple):
    key: str
    blob: bytes
    bond: bytes | None  # of the name it was found by; None: that was its key


def read_blob(connection: sqlite3.Connection, name: str, now: float) -> Row | None:
    """The row that has this name or key; None if there is none, or its time is up."""
    query = "SELECT key, bond FROM names WHERE name = ?"
    key, bond = connection.execute(query, (name,)).fetchone() or (name, None)
    row = connection.execute(
        "SELECT key, blob FROM cached WHERE key = ? AND expires_at > ?", (key, now)
    ).fetchone()
    if row is None:
        return None
    return Row(row[0], _bytes(row[1]), None if key == name else _bytes(bond))


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""  # damage may have made it a number


def delete_entry(connection: sqlite3.Connection, key: str) -> None:
    with _consistent():
        connection.execute("DELETE FROM cached WHERE key = ?", (key,))


def touch(connection: sqlite3.Connection, used: Mapping[str, tuple[float, int]]) -> None:
    """Note when each key was last used, and how often since this was last noted."""
    connection.executemany(
        "UPDATE cached SET last_used = max(last_used, ?), hits = hits + ? WHERE key = ?",
        [(at, times, key) for key, (at, times) in used.items()],
    )


def delete_expired(connection: sqlite3.Connection, now: float) -> int:
    """Delete one batch of rows whose time is up; how many there were."""
    return _delete(
        connection,
        connection.execute("SELECT rowid FROM cached WHERE expires_at <= ? LIMIT ?", (now, BATCH)),
    )


def delete_least_used(connection: sqlite3.Connection, least_bytes: int) -> int:
    """Delete the rows unused for longest, of `least_bytes` or one batch; how many there were."""
    doomed, size = [], 0
    rows = connection.execute(
        "SELECT rowid, bytes FROM cached ORDER BY last_used LIMIT ?", (BATCH,)
    )
    for row, its_bytes in rows:
        doomed.append((row,))
        size += its_bytes
        if size >= least_bytes:
            break
    rows.close()
    return _delete(connection, doomed)


def live_bytes(connection: sqlite3.Connection) -> int:
    """What the rows take on disk; the file itself may be larger, its free pages are used again."""
    pages, free = _pages(connection)
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    return int((pages - free) * size)


def size(connection: sqlite3.Connection) -> tuple[int, int]:
    """How many answers there are, and the bytes that all rows take."""
    (answers,) = connection.execute("SELECT count(*) FROM cached").fetchone()
    return answers, live_bytes(connection)


def vacuum(connection: sqlite3.Connection, most_free: float) -> bool:
    """Give some free pages back to the file system, if more than `most_free` of all are free.

    Whether it did, and may have to again.
    """
    pages, free = _pages(connection)
    if free <= pages * most_free:
        return False
    for _ in range(VACUUM_PAGES):  # asked for more pages, it still frees one: `sqlite3` steps once
        connection.execute("PRAGMA incremental_vacuum(1)")
    return _pages(connection)[0] < pages


def _pages(connection: sqlite3.Connection) -> tuple[int, int]:
    """All, and of them those that are free."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    return int(pages), int(free)


def _delete(connection: sqlite3.Connection, rows: Iterable[tuple[int]]) -> int:
    doomed = list(rows)
    with _consistent():
        return connection.executemany("DELETE FROM cached WHERE rowid = ?", doomed).rowcount


@contextmanager
def _consistent() -> Iterator[None]:
    """Tells of damage that shows only in what cannot be: no change of ours breaks a constraint."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        if error.sqlite_errorcode in BETWEEN_ROWS:
            raise damage("its indices contradict its rows") from error
        raise


# --- forgetting on request ----------------------------------------------------------------------


Where = tuple[str, tuple[str | float, ...]]  # a condition, and what fills its question marks


def where(
    *, scope: str | None, model: str | None, prefix: str | None, stored_before: float | None
) -> Where:
    """The condition of the rows that are all of this; None says nothing.

    `model` is an id or `provider/id`. A `%` in `prefix` is a character like any other.
    """
    parts: list[tuple[str, tuple[str | float, ...]]] = []
    if scope is not None:
        parts.append(("scope = ?", (scope,)))
    if model is not None:
        parts.append(("? IN (model, provider || '/' || model)", (model,)))
    if prefix:
        parts.append(("key >= ? AND substr(key, 1, ?) = ?", (prefix, len(prefix), prefix)))
    if stored_before is not None:
        parts.append(("stored_at < ?", (stored_before,)))
    condition = " AND ".join(text for text, _ in parts) or "TRUE"
    return condition, tuple(value for _, values in parts for value in values)


def rows_where(connection: sqlite3.Connection, where: Where) -> "array[int]":
    condition, values = where
    # pointsman: allow sql-injection -- the condition holds no value
    found = connection.execute(f"SELECT rowid FROM cached WHERE {condition}", values)  # noqa: S608
    return array("q", (row for (row,) in found))


def delete_where(connection: sqlite3.Connection, rows: Iterable[int], where: Where) -> int:
    """Delete what is still so among `rows`, and overwrite it; how many there were."""
    condition, values = where
    doomed = [(row, *values) for row in rows]
    connection.execute("PRAGMA secure_delete = ON").fetchall()
    try:
        with _consistent():
            # pointsman: allow sql-injection -- the condition holds no value
            return connection.executemany(
                f"DELETE FROM cached WHERE rowid = ? AND {condition}",  # noqa: S608
                doomed,
            ).rowcount
    finally:
        connection.execute("PRAGMA secure_delete = OFF").fetchall()
