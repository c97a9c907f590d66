"""What is kept of a conversation that belongs together: its topic and who answered."""

import sqlite3
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
from cachetools import LRUCache

from pointsman.sessions import Sent, Session
from storage.packing import pack, unpack

if TYPE_CHECKING:
    from storage.database import Database

TABLES = """
CREATE TABLE sessions (
    principal TEXT NOT NULL,
    id TEXT NOT NULL,
    updated_ms INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (principal, id)
) STRICT;
CREATE INDEX sessions_updated ON sessions (updated_ms);
"""
READ = "SELECT body FROM sessions WHERE principal = ? AND id = ?"
WRITE = """
INSERT INTO sessions VALUES (?,?,?,?) ON CONFLICT (principal, id) DO UPDATE
SET updated_ms = excluded.updated_ms, body = excluded.body
"""
SWEEP = """
DELETE FROM sessions WHERE rowid IN (SELECT rowid FROM sessions WHERE updated_ms < ? LIMIT ?)
"""
RECENT = 4096  # sessions in memory, about 2 kB each
BATCH = 500  # rows deleted in one transaction, so that other writes get their turn

Key = tuple[str, str]


class SessionBook:
    """The sessions in a ledger database.

    What was saved is seen at once, and written soon after; a damaged row is as one that is not
    there.
    """

    def __init__(self, database: "Database", recent: int = RECENT) -> None:
        self._database = database
        self._recent: LRUCache[Key, Session] = LRUCache(recent)

    async def get(self, principal: str, session_id: str) -> Session | None:
        """The session, however long it has been idle.

        Raises:
            StorageFailed: it is not in memory, and the file could not be read.
        """
        key = _key(principal, session_id)
        found = self._recent.get(key)
        if found is None:
            body = await self._database.read(partial(_read, key=key))
            kept = None if body is None else _session(key, body)
            found = self._recent.get(key) or kept  # it may have been saved meanwhile
            if found is not None:
                self._recent[key] = found
        return found

    def recent(self, principal: str, session_id: str) -> Session | None:
        """The session if it was asked for or saved lately."""
        return self._recent.get(_key(principal, session_id))

    def save(self, session: Session) -> None:
        """Keep it from now on; the row is written soon.

        Raises:
            StorageFailed: the database is closed.
        """
        key = _key(session.principal, session.id)
        self._recent[key] = session
        self._database.post(partial(_write, key=key, session=session))

    async def sweep(self, before: float) -> int:
        """Delete the sessions not used since then (wall clock); how many there were.

        Raises:
            StorageFailed: they could not be deleted.
        """
        for key in [k for k, s in self._recent.items() if s.updated_at < before]:
            del self._recent[key]
        total = 0
        while True:
            deleted = await self._database.write(partial(_sweep, before_ms=round(before * 1000)))
            total += deleted
            if deleted < BATCH:
                return total


def _key(principal: str, session_id: str) -> Key:
    """What SQLite can keep: half of a surrogate pair is replaced."""
    return principal, session_id.encode("utf-8", "replace").decode()


def _name(key: Key) -> str:
    return "\0".join(key)


def _read(connection: sqlite3.Connection, key: Key) -> bytes | None:
    row = connection.execute(READ, key).fetchone()
    return None if row is None else unpack(row[0], _name(key))


def _write(connection: sqlite3.Connection, key: Key, session: Session) -> None:
    kept = {name: v for name, v in asdict(session).items() if name not in ("principal", "id")}
    body = pack(orjson.dumps(kept), _name(key))
    connection.execute(WRITE, (*key, round(session.updated_at * 1000), body))


def _sweep(connection: sqlite3.Connection, before_ms: int) -> int:
    return connection.execute(SWEEP, (before_ms, BATCH)).rowcount


def _session(key: Key, body: bytes) -> Session:
    kept: dict[str, Any] = orjson.loads(body)
    kept["topic_history"] = tuple(kept["topic_history"])
    kept["provider_history"] = tuple(kept["provider_history"])
    kept["sent"] = {name: Sent(**sent) for name, sent in kept["sent"].items()}
    principal, session_id = key
    return Session(principal=principal, id=session_id, **kept)
