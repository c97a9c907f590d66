"""Several caches in a row, which are a cache."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

import anyio

from cache.codec import Codec
from cache.database import PLAIN, DatabaseCache
from cache.freshness import Freshness, Share, freshness_of, usual
from cache.memory import MemoryCache
from cache.purge import Purge
from cache.redis.layer import RedisCache
from cache.redis.link import RedisLink
from cache.room import Room
from pointsman.records import Found, Remembered
from pointsman.seams import Cache, Clock
from pointsman.settings import CacheSettings
from storage.database import Database
from storage.files import disk_space

MB = 1_000_000
GB = 1_000_000_000
DAY_S = 86_400
CLOCK_STEP_S = 60  # how far back the wall clock may have been set before an age means nothing


class Layer(Cache, Protocol):
    async def purge(self, purge: Purge) -> int:
        """Forget what `purge` takes; how many answers that were."""
        ...


@dataclass(eq=False, slots=True)
class Look:
    """A look into the layers that is under way, and what happened since it began."""

    changed: set[str] = field(default_factory=set[str])  # keys
    purged: bool = False
    over: anyio.Event = field(default_factory=anyio.Event)


class LayeredCache:
    """Looks in each layer in turn; what a lower one has is copied to those above it.

    Where an answer is kept is one matter, whether it may still be served another: one that is
    too old for what was asked is found, but `stale`. No copy outlives a change: what was put or
    purged while a lower layer was read is not covered by what had been there. Switched off, it
    neither finds nor keeps; what was kept before can still be purged.
    """

    def __init__(self, layers: Sequence[Layer], freshness: Freshness, *, on: bool = True) -> None:
        self.layers = tuple(layers)
        self.freshness = freshness
        self._on = on
        self._looks: set[Look] = set()
        self._purges = 0  # under way

    async def get(self, key: str) -> Found | None:
        if not self._on or not self.layers:
            return None
        found = await self.layers[0].get(key)  # above it there is nothing to copy to
        if found is None or found.age_s < -CLOCK_STEP_S:
            with self._look() as look:
                found = await self._get_below(key, look)
        if found is None or not self.freshness.keeps(found.remembered):
            return None
        return found if self.freshness.allows(found) else replace(found, stale=True)

    async def _get_below(self, key: str, look: Look) -> Found | None:
        for depth, layer in enumerate(self.layers[1:], start=1):
            found = await layer.get(key)
            if found is None or found.age_s < -CLOCK_STEP_S:
                continue
            for above in self.layers[:depth]:
                if look.purged or not look.changed.isdisjoint((key, found.key)):
                    break
                await above.put(found.key, found.remembered, (key,))
            return found
        return None

    async def put(self, key: str, remembered: Remembered, also: Sequence[str] = ()) -> None:
        if not self._on or not self.freshness.keeps(remembered):
            return
        for layer in reversed(self.layers):  # so that none is filled from below with what was
            self._change((key, *also))
            await layer.put(key, remembered, also)
        self._change((key, *also))

    async def purge(self, purge: Purge) -> int:
        """Forget what `purge` takes, everywhere; how many answers the fullest layer had of it."""
        self._purges += 1
        try:
            looks = tuple(self._looks)
            for look in looks:
                look.purged = True
            for look in looks:
                await look.over.wait()  # it may be copying what is to be forgotten
            return max([await layer.purge(purge) for layer in self.layers], default=0)
        finally:
            self._purges -= 1

    @contextmanager
    def _look(self) -> Iterator[Look]:
        look = Look(purged=self._purges > 0)
        self._looks.add(look)
        try:
            yield look
        finally:
            self._looks.discard(look)
            look.over.set()

    def _change(self, keys: Iterable[str]) -> None:
        for look in self._looks:
            look.changed.update(keys)


@asynccontextmanager
async def open_cache(
    settings: CacheSettings,
    database: Database,
    clock: Clock,
    *,
    link: RedisLink | None = None,
    codec: Codec = PLAIN,
    share: Share = usual,
) -> AsyncIterator[LayeredCache]:
    """The cache as the settings want it, and the task that keeps its database small.

    What is kept in `database`, and in Redis if there is a `link` to one, is written by `codec`;
    `share` is what part of their time answers of a category are fresh for.
    """
    freshness = freshness_of(settings, share)
    layers: list[Layer] = [_memory(settings, clock)]
    if link is not None:
        ttl_s, namespace = settings.redis_ttl_s, settings.namespace
        layers.append(RedisCache(link, ttl_s=ttl_s, namespace=namespace, clock=clock, codec=codec))
    layers.append(kept := _database(settings, database, clock, codec))
    async with anyio.create_task_group() as group:
        group.start_soon(kept.keep_tidy)
        try:
            yield LayeredCache(layers, freshness, on=settings.enabled)
        finally:
            group.cancel_scope.cancel()


def _memory(settings: CacheSettings, clock: Clock) -> MemoryCache:
    return MemoryCache(
        items=settings.memory_items,
        max_bytes=int(settings.memory_mb * MB),
        residency_s=settings.memory_residency_s,
        clock=clock,
    )


def _database(
    settings: CacheSettings, database: Database, clock: Clock, codec: Codec
) -> DatabaseCache:
    look = partial(disk_space, database.path.parent)
    return DatabaseCache(
        database,
        ttl_s=settings.database_ttl_days * DAY_S,
        max_bytes=int(settings.max_gb * GB),
        clock=clock,
        codec=codec,
        room=Room(int(settings.min_free_mb * MB), look, clock),
    )
