"""The cache layer that outlives the process."""

from functools import partial

import anyio
import orjson

from cache.codec import decode, encode
from cache.key import scope_of
from pointsman.errors import StorageFailed
from pointsman.records import Found, Remembered
from pointsman.seams import Clock
from storage import cached
from storage.database import Database

START_EVICTING = 0.9  # of the cap
STOP_EVICTING = 0.8
WRITTEN_UNTIL_TIDY = 0.05  # of the cap
EVICTION_PAUSE_S = 0.02  # between batches: whoever waits for a write goes first
TIDY_EVERY_S = 60
FAULTS = (StorageFailed, UnicodeError, orjson.JSONEncodeError)  # half a surrogate pair is text too


class DatabaseCache:
    """Answers in `cache.db`, for `ttl_s` each and of `max_bytes` in all.

    `failures` counts the times the database did not do as it was asked, `damaged` the rows that
    were found damaged and deleted.
    """

    def __init__(self, database: Database, *, ttl_s: float, max_bytes: int, clock: Clock) -> None:
        self._database = database
        self._ttl_s = ttl_s
        self._max_bytes = max_bytes
        self._clock = clock
        self._used: dict[str, float] = {}  # when each was last used: a hit is not a write
        self._written = 0  # bytes since the last tidying
        self._due = anyio.Event()
        self.failures = 0
        self.damaged = 0

    async def get(self, key: str) -> Found | None:
        now = self._clock.wall()
        try:
            blob = await self._database.read(partial(cached.read_blob, key=key, now=now))
            if blob is None:
                return None
            remembered = decode(key, blob)
            if remembered is None:
                await self._drop(key)
                return None
        except FAULTS as error:
            self._failed("get", error)
            return None
        self._used[key] = now
        return Found(remembered=remembered, layer="database", age_s=now - remembered.stored_at)

    async def put(self, key: str, remembered: Remembered) -> None:
        try:
            blob = encode(key, remembered)
            entry = self._entry(key, remembered, blob)
            await self._database.write(partial(cached.write_entry, entry=entry))
        except FAULTS as error:
            self._failed("put", error)
            return
        self._written += len(blob)
        if self._written > self._max_bytes * WRITTEN_UNTIL_TIDY:
            self._due.set()

    async def tidy(self) -> None:
        """Write down what was used, delete what is too old, and make room where there is little."""
        used, self._used = self._used, {}
        self._written, self._due = 0, anyio.Event()
        try:
            await self._database.write(partial(cached.touch, used=used))
            expired = partial(cached.delete_expired, now=self._clock.wall())
            deleted = cached.BATCH
            while deleted == cached.BATCH:
                deleted = await self._database.write(expired)
                await anyio.sleep(EVICTION_PAUSE_S)
            await self._evict()
        except StorageFailed as error:
            self._failed("tidy", error)

    async def keep_tidy(self) -> None:
        """Tidy every minute, or sooner when much was written; it ends when it is cancelled."""
        while True:
            with anyio.move_on_after(TIDY_EVERY_S):
                await self._due.wait()
            await self.tidy()

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

    async def _evict(self) -> None:
        if await self._database.read(cached.live_bytes) <= self._max_bytes * START_EVICTING:
            return
        while await self._database.read(cached.live_bytes) > self._max_bytes * STOP_EVICTING:
            if not await self._database.write(cached.delete_least_used):
                break
            await anyio.sleep(EVICTION_PAUSE_S)
        await self._database.write(cached.vacuum)

    async def _drop(self, key: str) -> None:
        self.damaged += 1
        _log("cache.damaged_entry_dropped")
        await self._database.write(partial(cached.delete_entry, key=key))

    def _failed(self, action: str, error: Exception) -> None:
        self.failures += 1
        _log("cache.failed", action=action, error=type(error).__name__)


def _log(fact: str, **data: str) -> None:
    import structlog  # 0.25 s, and only when something is wrong

    structlog.get_logger().warning(fact, **data)
