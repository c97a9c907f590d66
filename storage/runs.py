"""The journals of agent runs: what was acknowledged survives a crash; nothing is written twice."""

import sqlite3
from functools import partial
from typing import TYPE_CHECKING, cast

import orjson

from pointsman.agents import RunHead, RunStatus
from pointsman.errors import NotFound, StorageFailed
from storage.packing import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.database import Database

TABLES = """
CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    principal TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    status TEXT NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX runs_started ON runs (principal, started_ms);
CREATE TABLE run_events (
    run_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (run_id, number)
) STRICT;
CREATE TABLE run_texts (
    run_id TEXT NOT NULL,
    handle TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (run_id, handle)
) STRICT;
"""
BEGIN = "INSERT INTO runs VALUES (?,?,?,?,?)"
APPEND = "INSERT OR IGNORE INTO run_events VALUES (?,?,?)"
STATUS = "UPDATE runs SET status = ? WHERE id = ?"
OWNER = "SELECT principal FROM runs WHERE id = ?"
EVENTS = "SELECT number, body FROM run_events WHERE run_id = ? ORDER BY number"
CONTEXT = "context-"  # begins the id of what is kept of a conversation, and is no run
HEADS = """
SELECT id, status, started_ms, body FROM runs WHERE principal = ? AND id NOT GLOB 'context-*'
ORDER BY started_ms DESC, id DESC LIMIT ?
"""
KEEP = "INSERT OR REPLACE INTO run_texts VALUES (?,?,?)"
KEPT = "SELECT body FROM run_texts WHERE run_id = ? AND handle = ?"
OLD = "SELECT id FROM runs WHERE started_ms < ? LIMIT ?"
BATCH = 50  # runs deleted in one transaction, so that other writes get their turn


class Runs:
    """The runs in a ledger database; a `RunBook`."""

    def __init__(self, database: "Database") -> None:
        self._database = database

    async def begin(self, head: RunHead) -> None:
        """
        Raises:
            StorageFailed: it could not be written, or there is such a run.
        """
        await self._database.write(partial(_begin, head=head))

    async def append(self, run_id: str, number: int, event: bytes, status: RunStatus) -> None:
        write = partial(_append, run_id=run_id, number=number, event=event, status=status)
        if not await self._database.write(write):
            raise StorageFailed(
                f"Event {number} of run {run_id} is written already: another process goes on "
                "with this run.",
                hint="Leave it to that process, or stop it and resume the run.",
            )

    async def events(self, run_id: str, principal: str) -> "Sequence[bytes]":
        """
        Raises:
            NotFound: there is no such run of `principal`.
            StorageFailed: an event is damaged or missing.
        """
        run_id = _plain(run_id)
        rows = await self._database.read(partial(_events, run_id=run_id, principal=principal))
        if rows is None:
            raise NotFound(f"There is no run {run_id!r}.")
        bodies: list[bytes] = []
        for expected, (number, blob) in enumerate(rows):
            body = unpack(blob, _name(run_id, number))
            if body is None or number != expected:
                raise StorageFailed(f"Event {expected} of run {run_id} is damaged or missing.")
            bodies.append(body)
        return bodies

    async def heads(self, principal: str, limit: int) -> "Sequence[RunHead]":
        rows = await self._database.read(
            lambda connection: connection.execute(HEADS, (principal, limit)).fetchall()
        )
        return [_head(principal, *row) for row in rows]

    async def keep(self, run_id: str, handle: str, text: str) -> None:
        body = pack(text.encode("utf-8", "replace"), _name(run_id, handle))
        await self._database.write(
            lambda connection: connection.execute(KEEP, (run_id, handle, body)).rowcount
        )

    async def kept(self, run_id: str, handle: str) -> str | None:
        """The text; None: there is none, or it is damaged."""
        plain = _plain(handle)
        row = await self._database.read(
            lambda connection: connection.execute(KEPT, (run_id, plain)).fetchone()
        )
        body = None if row is None else unpack(row[0], _name(run_id, plain))
        return None if body is None else body.decode()

    async def sweep(self, before: float) -> int:
        """Delete the runs that began before then (wall clock), with all that is theirs.

        Raises:
            StorageFailed: they could not be deleted.
        """
        total = 0
        while True:
            deleted = await self._database.write(partial(_sweep, before_ms=round(before * 1000)))
            total += deleted
            if deleted < BATCH:
                return total


def _plain(text: str) -> str:
    """What SQLite can keep: half of a surrogate pair, as JSON may bring it, is replaced."""
    return text.encode("utf-8", "replace").decode()


def _name(run_id: str, part: int | str) -> str:
    return f"{run_id}\0{part}"


def _begin(connection: sqlite3.Connection, head: RunHead) -> None:
    body = pack(orjson.dumps({"task": head.task}), _name(head.id, "head"))
    row = (head.id, head.principal, round(head.started_at * 1000), head.status, body)
    connection.execute(BEGIN, row)


def _append(
    connection: sqlite3.Connection, run_id: str, number: int, event: bytes, status: RunStatus
) -> bool:
    """Whether the event stands there now; a write that is tried again finds its own."""
    body = pack(event, _name(run_id, number))
    if not connection.execute(APPEND, (run_id, number, body)).rowcount:
        return False
    connection.execute(STATUS, (status, run_id))
    return True


def _events(
    connection: sqlite3.Connection, run_id: str, principal: str
) -> list[tuple[int, bytes]] | None:
    owner = connection.execute(OWNER, (run_id,)).fetchone()
    if owner is None or owner[0] != principal:
        return None
    return connection.execute(EVENTS, (run_id,)).fetchall()


def _head(principal: str, run_id: str, status: str, started_ms: int, blob: bytes) -> RunHead:
    body = unpack(blob, _name(run_id, "head"))
    return RunHead(
        id=run_id,
        principal=principal,
        task="(damaged)" if body is None else orjson.loads(body)["task"],
        started_at=started_ms / 1000,
        status=cast("RunStatus", status),
    )


def _sweep(connection: sqlite3.Connection, before_ms: int) -> int:
    ids = [row[0] for row in connection.execute(OLD, (before_ms, BATCH))]
    for run_id in ids:
        connection.execute("DELETE FROM run_events WHERE run_id = ?", (run_id,))
        connection.execute("DELETE FROM run_texts WHERE run_id = ?", (run_id,))
        connection.execute("DELETE FROM runs WHERE id = ?", (run_id,))
    return len(ids)
