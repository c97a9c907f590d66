"""What the ledger keeps of the cache: which call was a hit on what, what was purged or reported."""

import sqlite3
from collections.abc import Sequence
from dataclasses import astuple, dataclass

TABLES = """
ALTER TABLE calls ADD COLUMN cache_kind TEXT;
ALTER TABLE calls ADD COLUMN cache_key TEXT;
ALTER TABLE calls ADD COLUMN similarity REAL;
ALTER TABLE calls ADD COLUMN probability REAL;
ALTER TABLE calls ADD COLUMN stale INTEGER NOT NULL DEFAULT 0;
UPDATE calls SET cache_kind = 'exact' WHERE layer IS NOT NULL;
CREATE TABLE cache_purges (
    at_ms INTEGER NOT NULL,
    principal TEXT NOT NULL,
    scope TEXT,
    model TEXT,
    prefix TEXT,
    stored_before_ms INTEGER,
    removed INTEGER NOT NULL
) STRICT;
CREATE INDEX cache_purges_at ON cache_purges (at_ms);
CREATE TABLE cache_reports (
    hit TEXT NOT NULL,
    principal TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    key TEXT NOT NULL,
    kind TEXT,
    category TEXT,
    reason TEXT NOT NULL,
    removed INTEGER NOT NULL,
    PRIMARY KEY (hit, principal)
) STRICT;
CREATE INDEX cache_reports_at ON cache_reports (at_ms);
CREATE TABLE cache_freshness (
    category TEXT PRIMARY KEY,
    halvings REAL NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;
"""
HIT = """
SELECT id, cache_key, cache_kind, category FROM calls
WHERE cache_key IS NOT NULL AND {where} ORDER BY at_ms DESC LIMIT 1
"""
HALVINGS = """
SELECT category, halvings, (
    SELECT count(layer) FROM calls
    WHERE calls.at_ms > cache_freshness.at_ms AND calls.category = cache_freshness.category
) FROM cache_freshness
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A call that the cache answered."""

    id: str
    key: str  # of the answer
    kind: str | None
    category: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """That answers were forgotten because somebody said so; a row of its table."""

    at_ms: int
    principal: str
    scope: str | None
    model: str | None
    prefix: str | None
    stored_before_ms: int | None
    removed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """That somebody was served what they should not have been; a row of its table."""

    hit: str  # the id of the call, or the key where no call is known
    principal: str
    at_ms: int
    key: str
    kind: str | None
    category: str | None
    reason: str
    removed: int


def read_hit(connection: sqlite3.Connection, hit_id: str) -> Hit | None:
    """The call of that id, None if there is none that the cache answered."""
    return _hit(connection, "id = ?", (_text(hit_id),))


def read_hit_of_key(connection: sqlite3.Connection, key: str) -> Hit | None:
    """The last call that was answered from `key`."""
    return _hit(connection, "cache_key = ?", (_text(key),))


def read_hit_of_decision(
    connection: sqlite3.Connection, decision_id: str, principal: str
) -> Hit | None:
    """The last call of `principal` that was served an answer which that decision had led to."""
    where = "decision_id = ? AND principal = ?"
    return _hit(connection, where, (_text(decision_id), principal))


def write_purged(connection: sqlite3.Connection, purged: Purged) -> None:
    row = [_text(value) if isinstance(value, str) else value for value in astuple(purged)]
    connection.execute("INSERT INTO cache_purges VALUES (?,?,?,?,?,?,?)", row)


def read_purged(connection: sqlite3.Connection, since_ms: int, most: int) -> list[Purged]:
    """The last purges since then, the latest first."""
    cursor = connection.execute(
        "SELECT * FROM cache_purges WHERE at_ms >= ? ORDER BY at_ms DESC LIMIT ?", (since_ms, most)
    )
    names = [column[0] for column in cursor.description]
    return [Purged(**dict(zip(names, row, strict=True))) for row in cursor]


def write_reported(connection: sqlite3.Connection, reported: Reported) -> bool:
    """Keep it, but one of a hit for each principal; whether it is the first."""
    row = astuple(reported)
    kept = connection.execute("INSERT OR IGNORE INTO cache_reports VALUES (?,?,?,?,?,?,?,?)", row)
    return kept.rowcount > 0


def write_halvings(
    connection: sqlite3.Connection, category: str, halvings: float, at_ms: int
) -> None:
    """Keep how often the freshness of a category is halved, as of then."""
    row = (category, halvings, at_ms)
    connection.execute("INSERT OR REPLACE INTO cache_freshness VALUES (?,?,?)", row)


def read_halvings(connection: sqlite3.Connection) -> list[tuple[str, float, int]]:
    """Each category's, and how many hits it had since then."""
    return connection.execute(HALVINGS).fetchall()


def _hit(connection: sqlite3.Connection, where: str, given: Sequence[str]) -> Hit | None:
    row = connection.execute(HIT.format(where=where), given).fetchone()
    return None if row is None else Hit(id=row[0], key=row[1], kind=row[2], category=row[3])


def _text(text: str) -> str:
    """`text` without what SQLite cannot keep: half of a surrogate pair."""
    return text.encode("utf-8", "replace").decode()
