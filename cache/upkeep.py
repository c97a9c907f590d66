"""Keeps the cache database within its bounds, and knows what in it was used."""

from functools import partial
from itertools import islice

import anyio

from pointsman.seams import Clock
from storage import cached
from storage.database import Database

START_EVICTING = 0.9  # of the cap
STOP_EVICTING = 0.8
WRITTEN_UNTIL_TIDY = 0.05  # of the cap
USED_UNTIL_TIDY = 10_000  # keys
TOUCHED_AT_ONCE = 500
FREE_PAGES = 0.2  # of the file, which it may keep for what comes next
PAUSE_S = 0.02  # between batches: whoever waits for a write goes first
EVERY_S = 60


class Upkeep:
    """Deletes what is too old, and what was not used for longest where there is little room."""

    def __init__(self, database: Database, *, max_bytes: int, clock: Clock) -> None:
        self._database = database
        self._max_bytes = max_bytes
        self._clock = clock
        self._used: dict[str, tuple[float, int]] = {}  # last, and how often: a hit is no write
        self._written = 0  # bytes since the last tidying
        self._due = anyio.Event()
        self._making_room = anyio.Lock()

    def used(self, key: str, at: float) -> None:
        _, times = self._used.get(key, (at, 0))
        self._used[key] = (at, times + 1)
        if len(self._used) >= USED_UNTIL_TIDY:
            self._due.set()

    def wrote(self, size: int) -> None:
        self._written += size
        if self._written > self._max_bytes * WRITTEN_UNTIL_TIDY:
            self._due.set()

    async def wait(self) -> None:
        """Return in a minute, or sooner when much was written or used."""
        with anyio.move_on_after(EVERY_S):
            await self._due.wait()

    async def tidy(self) -> None:
        """Write down what was used, delete what is too old, make room, and shrink the file.

        Raises:
            StorageFailed: the rest is for another time.
        """
        self._written, self._due = 0, anyio.Event()
        await self._note_use()
        expired = partial(cached.delete_expired, now=self._clock.wall())
        while await self._database.write(expired) == cached.BATCH:
            await self._clock.sleep(PAUSE_S)
        if await self._live_bytes() > self._max_bytes * START_EVICTING:
            await self._evict(int(self._max_bytes * STOP_EVICTING))
        vacuum = partial(cached.vacuum, most_free=FREE_PAGES)
        while await self._database.write(vacuum):
            await self._clock.sleep(PAUSE_S)

    async def make_room(self, size: int) -> None:
        """Make room for `size` bytes at once; none is made where the cap is not what is in the way.

        Raises:
            StorageFailed: there is none.
        """
        async with self._making_room:
            live = await self._live_bytes()
            if live <= self._max_bytes * START_EVICTING:
                return  # the disk is full, or another made room meanwhile
            self._due.set()
            await self._evict(live - 2 * size)

    async def _evict(self, until_bytes: int) -> None:
        while (over := await self._live_bytes() - until_bytes) > 0:
            await self._note_use()  # it may take long: what is used meanwhile stays
            least_used = partial(cached.delete_least_used, least_bytes=over)
            if not await self._database.write(least_used):
                return
            await self._clock.sleep(PAUSE_S)

    async def _note_use(self) -> None:
        used, self._used = self._used, {}
        items = iter(used.items())
        while batch := dict(islice(items, TOUCHED_AT_ONCE)):
            await self._database.write(partial(cached.touch, used=batch))

    async def _live_bytes(self) -> int:
        return await self._database.read(cached.live_bytes)
