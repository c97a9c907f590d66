"""A database: one thread that writes with group commit, one that reads, and the loop between."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from anyio import CancelScope, to_thread

from pointsman.errors import StorageFailed
from storage.connections import Connections, connect
from storage.files import fact_of, is_damaged, quarantine
from storage.schema import Kind
from storage.worker import Job, Task, Worker

T = TypeVar("T")
Query = Callable[[sqlite3.Connection], T]

MEND = "Stop Pointsman, then restore it from a backup or move it away to begin a new one."
FREE = "Free some space or repair the disk; `pointsman doctor` tells more."
WRITES_PER_COMMIT = {"ledger": 256, "cache": 64}
READS_PER_WAKE = 64
POST_DELAY_S = 0.05  # what is posted goes to the disk at most this much later, in one commit


class Database:
    """Runs functions of a connection, each in the thread that owns that connection.

    `lost` counts the posted writes that failed.
    """

    def __init__(self, path: Path, kind: Kind, connections: Connections) -> None:
        self.path = path
        self.moved = connections.moved  # the folder of the damaged file this one replaces
        self.lost = 0
        self.damaged = False  # SQLite has said so
        self._posted: list[Task] = []
        self._timer: asyncio.TimerHandle | None = None
        self._open = True
        self._writer = Worker(
            f"{path.name} writer",
            partial(commit, connections.writer),
            most=WRITES_PER_COMMIT[kind],
            lost=self._count_lost,
        )
        self._reader = Worker(
            f"{path.name} reader",
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
        return await self._wait(self._writer, query)

    async def read(self, query: Query[T]) -> T:
        """What `query` returns, from everything committed so far.

        Raises:
            StorageFailed: the file could not be read.
        """
        return await self._wait(self._reader, query)

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

    async def _wait(self, worker: Worker, query: Query[T]) -> T:
        if not self._open:
            raise StorageFailed(f"{self.path} is closed.")
        if worker is self._writer:
            self._hand_over()  # so that writes happen in the order in which they were asked for
        try:
            result: T = await worker.submit(query)
        except sqlite3.Error as error:
            self.damaged |= is_damaged(error)
            raise StorageFailed(
                f"{self.path} could not be used: {fact_of(error)}.",
                hint=MEND if is_damaged(error) else FREE,
            ) from error
        return result

    def _hand_over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        posted, self._posted = self._posted, []
        self._writer.post(posted)

    def _count_lost(self, error: Exception) -> None:
        import structlog  # 0.25 s, and only when something is wrong

        self.lost += 1
        structlog.get_logger().error(
            "storage.write_lost", database=self.path.name, error=type(error).__name__
        )

    def _start(self) -> None:
        self._writer.start()
        self._reader.start()

    async def _close(self) -> None:
        self._hand_over()
        self._open = False
        await to_thread.run_sync(self._reader.end)
        await to_thread.run_sync(self._writer.end)


@asynccontextmanager
async def open_database(
    path: Path, *, kind: Kind, max_bytes: int | None = None
) -> AsyncIterator[Database]:
    """A database of Pointsman's own, made if it is not there; `max_bytes` caps the file.

    Raises:
        ConfigError: it cannot be opened, is damaged (a ledger), or is in use.
    """
    connections = await to_thread.run_sync(connect, path, kind, max_bytes)
    database = Database(path, kind, connections)
    try:
        await to_thread.run_sync(database._start)
        try:
            yield database
        finally:
            with CancelScope(shield=True):
                await database._close()
    finally:
        with CancelScope(shield=True):
            await to_thread.run_sync(connections.close)
            if database.damaged and kind == "cache":
                await to_thread.run_sync(quarantine, path)


def commit(connection: sqlite3.Connection, jobs: Sequence[Job]) -> None:
    """Write all jobs in one transaction; one that fails takes none of the others with it."""
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
            commit(connection, [job])


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
