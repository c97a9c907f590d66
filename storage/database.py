"""A database: one thread that writes with group commit, one that reads, and the loop between."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from anyio import CancelScope, to_thread

from pointsman.errors import ConfigError, StorageFailed
from storage.connections import Connections, connect, replace, truncate_log
from storage.files import code_of, fact_of, is_damaged
from storage.schema import Kind, is_whole
from storage.worker import Job, Task, Worker

T = TypeVar("T")
Query = Callable[[sqlite3.Connection], T]

MEND = "Stop Pointsman, then restore it from a backup or move it away to begin a new one."
FREE = "Free some space or repair the disk; `pointsman doctor` tells more."
WRITES_PER_COMMIT = {"ledger": 256, "cache": 64}
READS_PER_WAKE = 64
IDLE_S = 5.0
POST_DELAY_S = 0.05  # what is posted goes to the disk at most this much later, in one commit


class Database:
    """Runs functions of a connection, each in the thread that owns that connection.

    `lost` counts the posted writes that failed, `replaced` how often a cache was found damaged
    in use and was begun anew.
    """

    def __init__(
        self,
        path: Path,
        kind: Kind,
        connections: Connections,
        *,
        max_bytes: int | None = None,
        idle_s: float = IDLE_S,
    ) -> None:
        self.path = path
        self.moved = connections.moved  # the folder of the damaged file this one replaces
        self.lost = 0
        self.replaced = 0
        self.damaged = False  # SQLite has said so
        self._kind: Kind = kind
        self._max_bytes = max_bytes
        self._idle_s = idle_s
        self._posted: list[Task] = []
        self._timer: asyncio.TimerHandle | None = None
        self._open = True
        self._replacing = False
        self._use(connections)

    def _use(self, connections: Connections) -> None:
        self._connections = connections
        self._writer = Worker(
            f"{self.path.name} writer",
            partial(commit, connections.writer),
            most=WRITES_PER_COMMIT[self._kind],
            lost=self._count_lost,
            idle_s=self._idle_s,
            on_idle=partial(truncate_log, connections, self.path),
        )
        self._reader = Worker(
            f"{self.path.name} reader",
            partial(_read, connections.reader),
            most=READS_PER_WAKE,
            lost=self._count_lost,
        )

    async def write(self, query: Query[T]) -> T:
        """What `query` returns, once it is committed.

        It is queued at once, and cancelling the wait does not take it back. `query` must stand
        being run again: a commit that fails is tried query by query.

        Raises:
            StorageFailed: it was not written (disk full, read-only, damaged).
        """
        return await self._wait(True, query)

    async def read(self, query: Query[T]) -> T:
        """What `query` returns, from everything committed so far.

        Raises:
            StorageFailed: the file could not be read.
        """
        return await self._wait(False, query)

    def post(self, query: Query[object]) -> None:
        """Write soon, in order, and at the latest when the database is closed."""
        if not self._open:
            raise StorageFailed(f"{self.path} is closed.")
        self._posted.append(query)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(POST_DELAY_S, self._hand_over)

    async def flush(self) -> None:
        """Wait until everything posted so far is written, or counted in `lost`."""
        with suppress(StorageFailed):  # of this write, which has nothing to say
            await self.write(lambda _: None)

    async def _wait(self, writes: bool, query: Query[T]) -> T:
        if not self._open:
            raise StorageFailed(f"{self.path} is closed.")
        await self._ready()
        if writes:
            self._hand_over()  # so that writes happen in the order in which they were asked for
        asked = self._connections
        try:
            result: T = await (self._writer if writes else self._reader).submit(query)
        except sqlite3.Error as error:
            if await self._is_spoilt(error) and asked is self._connections:
                self.damaged = True
                await self._begin_anew()
            raise StorageFailed(
                f"{self.path} could not be used: {fact_of(error)}.",
                hint=MEND if self.damaged else FREE,
            ) from error
        return result

    async def _ready(self) -> None:
        """Return when there is something to ask.

        Raises:
            StorageFailed: the damaged file is still being replaced, or could not be.
        """
        if self.damaged and self._kind == "cache":
            await self._begin_anew()
            if self.damaged:
                raise StorageFailed(f"{self.path} is damaged and not yet replaced.", hint=FREE)

    async def _is_spoilt(self, error: sqlite3.Error) -> bool:
        """Whether `error` says that the file cannot be used any more, and will not mend."""
        code = code_of(error)
        if self._kind == "ledger" or self.damaged or is_damaged(error):
            return is_damaged(error)
        if code == sqlite3.SQLITE_ERROR:  # a table that is not there, or a mistake of ours
            with suppress(sqlite3.Error):
                return not await self._reader.submit(partial(is_whole, kind=self._kind))
        if code == sqlite3.SQLITE_READONLY:  # its head says so, or its disk
            return await to_thread.run_sync(os.access, self.path, os.W_OK)
        return False

    async def _begin_anew(self) -> None:
        """Go on with an empty file in place of a damaged cache, unless somebody does already."""
        if self._replacing or self._kind == "ledger":
            return
        self._replacing = True
        with CancelScope(shield=True):
            try:
                self._use(await to_thread.run_sync(self._replace))
                await to_thread.run_sync(self._start)
            except (ConfigError, OSError) as failure:
                _log("storage.not_replaced", self.path, failure)
                return
            finally:
                self._replacing = False
        self.damaged, self.moved = False, self._connections.moved
        self.replaced += 1
        _log("storage.replaced", self.path)
        self._hand_over()

    def _replace(self) -> Connections:
        self._reader.end()
        self._writer.end()
        return replace(self._connections, self.path, self._kind, self._max_bytes)

    def _hand_over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._replacing or (self.damaged and self._kind == "cache"):
            return  # they are kept for the new file
        posted, self._posted = self._posted, []
        self._writer.post(posted)

    def _count_lost(self, error: Exception) -> None:
        self.lost += 1
        _log("storage.write_lost", self.path, error)

    def _start(self) -> None:
        self._writer.start()
        self._reader.start()

    async def _close(self) -> None:
        self._hand_over()
        self._open = False
        await to_thread.run_sync(self._reader.end)
        await to_thread.run_sync(self._writer.end)
        await to_thread.run_sync(self._connections.close)


def _log(fact: str, path: Path, error: Exception | None = None) -> None:
    import structlog  # 0.25 s, and only when something is wrong

    kind = None if error is None else type(error).__name__
    structlog.get_logger().error(fact, database=path.name, error=kind)


@asynccontextmanager
async def open_database(
    path: Path, *, kind: Kind, max_bytes: int | None = None, idle_s: float = IDLE_S
) -> AsyncIterator[Database]:
    """A database of Pointsman's own, made if it is not there; `max_bytes` caps the file.

    A cache that turns out to be damaged is moved aside and begun anew, now and later on. After
    `idle_s` without a write, a large write-ahead log is folded into the file.

    Raises:
        ConfigError: it cannot be opened, is damaged (a ledger), or is in use.
    """
    connections = await to_thread.run_sync(connect, path, kind, max_bytes)
    database = Database(path, kind, connections, max_bytes=max_bytes, idle_s=idle_s)
    try:
        await to_thread.run_sync(database._start)
        yield database
    finally:
        with CancelScope(shield=True):
            await database._close()


def commit(connection: sqlite3.Connection, jobs: Sequence[Job]) -> None:
    """Write all jobs in one transaction; one that fails takes none of the others with it."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        for job in jobs:
            job.run(connection)
            if job.error is not None:
                break  # the transaction may be gone: no other may run outside it
        else:
            connection.execute("COMMIT")
            return
    except sqlite3.Error:
        pass  # said again below, to whom it concerns
    if connection.in_transaction:
        connection.execute("ROLLBACK")
    _commit_apart(connection, jobs)


def _commit_apart(connection: sqlite3.Connection, jobs: Sequence[Job]) -> None:
    """As `commit`; with savepoints, which cost as much as a small write does."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        for job in jobs:
            _attempt(connection, job)
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        if len(jobs) == 1:
            jobs[0].error = jobs[0].error or error
            return
        for job in jobs:
            _commit_apart(connection, [job])


def _attempt(connection: sqlite3.Connection, job: Job) -> None:
    """Run one job in a savepoint.

    Raises:
        sqlite3.Error: the whole transaction is gone, as it is when the disk is full.
    """
    connection.execute("SAVEPOINT job")
    job.run(connection)
    if job.error is not None and connection.in_transaction:
        connection.execute("ROLLBACK TO job")
    connection.execute("RELEASE job")


def _read(connection: sqlite3.Connection, jobs: Sequence[Job]) -> None:
    for job in jobs:
        job.run(connection)
