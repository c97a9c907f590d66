"""The cache layer that outlives the process."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial

import orjson

from cache.codec import Codec
from cache.key import scope_of
from cache.purge import Purge
from cache.room import Room
from cache.upkeep import Upkeep
from pointsman.errors import StorageFailed
from pointsman.records import Found, Remembered
from pointsman.seams import Clock
from storage import cached
from storage.database import Database
from storage.files import disk_space, is_full

PLAIN = Codec()
TRIES = 4  # each but the first after making room
LARGEST = 0.05  # of the cap: what is larger is not worth all that would go for it
PURGE_PAUSE_S = 0.002  # between batches: whoever waits for a write goes first
FAULTS = (StorageFailed, UnicodeError, orjson.JSONEncodeError)  # half a surrogate pair is text too


class DatabaseCache:
    """Answers in `cache.db`, for `ttl_s` each and of `max_bytes` in all.

    `failures` counts the times the database did not do as it was asked, `damaged` the rows that
    were found damaged and deleted, `foreign` those deleted that were sealed otherwise than this
    codec does, or written by another version; `room` tells whether the disk has room.
    """

    def __init__(
        self,
        database: Database,
        *,
        ttl_s: float,
        max_bytes: int,
        clock: Clock,
        codec: Codec = PLAIN,
        room: Room | None = None,
    ) -> None:
        self._database = database
        self._codec = codec
        self._ttl_s = ttl_s
        self._max_bytes = max_bytes
        self._clock = clock
        self._upkeep = Upkeep(database, max_bytes=max_bytes, clock=clock)
        self.room = room or Room(0, partial(disk_space, database.path.parent), clock)
        self.failures = 0
        self.damaged = 0
        self.foreign = 0

    async def get(self, key: str) -> Found | None:
        name, now = key, self._clock.wall()
        try:
            row = await self._database.read(partial(cached.read_blob, name=name, now=now))
            if row is None:
                return None
            key = row.key
            remembered = self._decoded(name, row)
            if remembered is None:
                await self._drop(name, row)
                return None
        except FAULTS as error:
            self._failed("get", error)
            return None
        self._upkeep.used(key, now)
        age_s = now - remembered.stored_at
        return Found(remembered=remembered, layer="database", age_s=age_s, key=key)

    async def put(self, key: str, remembered: Remembered, also: Sequence[str] = ()) -> None:
        try:
            blob = self._codec.encode(key, remembered)
            if len(blob) > self._max_bytes * LARGEST or not await self.room.is_there():
                names = (key, *also)  # an older answer would be found
                await self._database.write(partial(cached.forget, names=names))
                return
            entry = self._entry(key, remembered, blob)
            bonds = {name: self._codec.bond(name, key) for name in also if name != key}
            await self._write(partial(cached.write_entry, entry=entry, bonds=bonds), len(blob))
        except FAULTS as error:
            self._failed("put", error)
            return
        self._upkeep.wrote(len(blob))

    async def purge(self, purge: Purge) -> int:
        """Forget what `purge` takes of what is there now; how many answers that were.

        Raises:
            StorageFailed: some of them are still there.
        """
        where = cached.where(**asdict(purge))
        try:
            rows = await self._database.read(partial(cached.rows_where, where=where))
        except UnicodeError:  # nothing has such a name
            return 0
        deleted = 0
        for start in range(0, len(rows), cached.BATCH):
            batch = rows[start : start + cached.BATCH]
            deleted += await self._database.write(
                partial(cached.delete_where, rows=batch, where=where)
            )
            await self._clock.sleep(PURGE_PAUSE_S)
        return deleted

    async def tidy(self) -> None:
        """Write down what was used, delete what is too old, and make room where there is little."""
        try:
            await self._upkeep.tidy()
        except StorageFailed as error:
            self._failed("tidy", error)

    async def keep_tidy(self) -> None:
        """Tidy every minute, or sooner when much was written; it ends when it is cancelled."""
        while True:
            await self._upkeep.wait()
            try:
                await self.tidy()
            except Exception as defect:  # noqa: BLE001 - without it the file would only grow
                self._failed("tidy", defect)

    async def _write(self, query: Callable[[sqlite3.Connection], None], size: int) -> None:
        for left in reversed(range(TRIES)):
            try:
                await self._database.write(query)
            except StorageFailed as error:
                if not left or not is_full(error.__cause__):
                    raise
                await self._upkeep.make_room(size)
            else:
                return

    def _entry(self, key: str, remembered: Remembered, blob: bytes) -> cached.Entry:
        return (
            key,
            blob,
            len(blob),
            remembered.stored_at,
            self._clock.wall(),
            remembered.stored_at + self._ttl_s,
            remembered.model,
            remembered.provider,
            scope_of(key),
        )

    def _decoded(self, name: str, row: cached.Row) -> Remembered | None:
        if row.bond is not None and row.bond != self._codec.bond(name, row.key):
            return None
        return self._codec.decode(row.key, row.blob)

    async def _drop(self, name: str, row: cached.Row) -> None:
        if self._is_damaged(name, row):
            self.damaged += 1
            _log("cache.damaged_entry_dropped")
        else:
            self.foreign += 1
        await self._database.write(partial(cached.delete_entry, key=row.key))

    def _is_damaged(self, name: str, row: cached.Row) -> bool:
        """Whether it is not what was written, be it by a version whose answers we cannot read."""
        if not self._codec.knows(row.blob):
            return False
        astray = row.bond is not None and row.bond != self._codec.bond(name, row.key)
        return astray or self._codec.unseal(row.blob, row.key) is None

    def _failed(self, action: str, error: Exception) -> None:
        self.failures += 1
        _log("cache.failed", action=action, error=type(error).__name__)


def _log(fact: str, **data: str) -> None:
    import structlog  # 0.25 s, and only when something is wrong

    structlog.get_logger().warning(fact, **data)
