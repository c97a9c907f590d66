"""Several caches in a row, which are a cache."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import anyio

from cache.database import DatabaseCache
from cache.memory import MemoryCache
from pointsman.records import Found, Remembered
from pointsman.seams import Cache, Clock
from pointsman.settings import CacheSettings
from storage.database import Database

MB = 1_000_000
GB = 1_000_000_000
DAY_S = 86_400
CLOCK_STEP_S = 60  # how far back the wall clock may have been set before an age means nothing


class LayeredCache:
    """Looks in each layer in turn; what a lower one has is copied to those above it.

    Where an answer is kept is one matter, whether it may still be served another: an answer
    older than `general_s`, or `time_sensitive_s` if the question was, is not found at all.
    """

    def __init__(
        self, layers: Sequence[Cache], *, general_s: float, time_sensitive_s: float
    ) -> None:
        self._layers = tuple(layers)
        self._general_s = general_s
        self._time_sensitive_s = time_sensitive_s

    async def get(self, key: str) -> Found | None:
        for depth, layer in enumerate(self._layers):
            found = await layer.get(key)
            if found is not None:
                if not self._is_fresh(found):
                    return None
                for above in self._layers[:depth]:
                    await above.put(key, found.remembered)
                return found
        return None

    async def put(self, key: str, remembered: Remembered) -> None:
        for layer in self._layers:
            await layer.put(key, remembered)

    def _is_fresh(self, found: Found) -> bool:
        timely = found.remembered.time_sensitive
        limit_s = self._time_sensitive_s if timely else self._general_s
        return -CLOCK_STEP_S <= found.age_s < limit_s


@asynccontextmanager
async def open_cache(
    settings: CacheSettings, database: Database, clock: Clock
) -> AsyncIterator[Cache]:
    """The cache as the settings want it, and the task that keeps its database small."""
    if not settings.enabled:
        yield LayeredCache((), general_s=0, time_sensitive_s=0)
        return
    memory = MemoryCache(
        items=settings.memory_items,
        max_bytes=int(settings.memory_mb * MB),
        residency_s=settings.memory_residency_s,
        clock=clock,
    )
    kept = DatabaseCache(
        database,
        ttl_s=settings.database_ttl_days * DAY_S,
        max_bytes=int(settings.max_gb * GB),
        clock=clock,
    )
    async with anyio.create_task_group() as group:
        group.start_soon(kept.keep_tidy)
        try:
            yield LayeredCache(
                (memory, kept),
                general_s=settings.general_s,
                time_sensitive_s=settings.time_sensitive_s,
            )
        finally:
            group.cancel_scope.cancel()
