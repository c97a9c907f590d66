"""The cache layer that lives in this process."""

from typing import NamedTuple

from cachetools import LRUCache

from pointsman.records import Found, Remembered
from pointsman.seams import Clock

ENTRY_BYTES = 1000  # what the objects of an entry take, without its text (measured: 860)
WIDEST_CHARACTER_BYTES = 4


class Entry(NamedTuple):
    remembered: Remembered
    put_at: float  # monotonic
    bytes: int


class MemoryCache:
    """The answers used last: at most `items`, of at most `max_bytes`, for `residency_s` each."""

    def __init__(self, *, items: int, max_bytes: int, residency_s: float, clock: Clock) -> None:
        self._items = items
        self._residency_s = residency_s
        self._clock = clock
        self._entries: LRUCache[str, Entry] = LRUCache(max_bytes, getsizeof=lambda e: e.bytes)

    async def get(self, key: str) -> Found | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if self._clock.monotonic() - entry.put_at >= self._residency_s:
            del self._entries[key]
            return None
        age_s = self._clock.wall() - entry.remembered.stored_at
        return Found(remembered=entry.remembered, layer="memory", age_s=age_s)

    async def put(self, key: str, remembered: Remembered) -> None:
        self._entries.pop(key, None)
        entry = Entry(remembered, self._clock.monotonic(), _size(key, remembered))
        if not self._items or entry.bytes > self._entries.maxsize:
            return
        if len(self._entries) >= self._items:
            self._entries.popitem()
        self._entries[key] = entry


def _size(key: str, remembered: Remembered) -> int:
    """About how many bytes an entry takes, rather too many than too few."""
    completion = remembered.completion
    texts = [key, completion.text]
    texts += [call.name + call.arguments for call in completion.tool_calls]
    wide = sum(len(text) * (1 if text.isascii() else WIDEST_CHARACTER_BYTES) for text in texts)
    return ENTRY_BYTES + wide
