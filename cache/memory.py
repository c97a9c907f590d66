"""The cache layer that lives in this process."""

from collections.abc import Sequence
from typing import NamedTuple

import orjson
from cachetools import LRUCache

from cache.purge import Purge
from pointsman.records import Found, Remembered
from pointsman.seams import Clock

ENTRY_BYTES = 1000  # what the objects of an entry take, without its text (measured: 700)
MESSAGE_BYTES = 200  # of each message (measured: 70 to 150)
JSON_OBJECT_BYTES = 10  # for each byte of JSON that is kept as objects (measured: 8)
WIDEST_CHARACTER_BYTES = 4


class Entry(NamedTuple):
    remembered: Remembered
    put_at: float  # monotonic
    bytes: int
    names: tuple[str, ...]  # its other keys


class MemoryCache:
    """The answers used last: at most `items`, of at most `max_bytes`, for `residency_s` each."""

    def __init__(self, *, items: int, max_bytes: int, residency_s: float, clock: Clock) -> None:
        self._items = items
        self._residency_s = residency_s
        self._clock = clock
        self._entries: LRUCache[str, Entry] = LRUCache(max_bytes, getsizeof=lambda e: e.bytes)
        # The key of each name. Some outlive their entry, so an entry has the last word.
        self._names: LRUCache[str, str] = LRUCache(2 * items)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def bytes(self) -> int:
        return int(self._entries.currsize)

    async def get(self, key: str) -> Found | None:
        name, key = key, self._names.get(key, key)
        entry = self._entries.get(key)
        if entry is None or (name != key and name not in entry.names):
            return None
        if self._clock.monotonic() - entry.put_at >= self._residency_s:
            del self._entries[key]
            return None
        age_s = self._clock.wall() - entry.remembered.stored_at
        return Found(remembered=entry.remembered, layer="memory", age_s=age_s, key=key)

    async def put(self, key: str, remembered: Remembered, also: Sequence[str] = ()) -> None:
        names = tuple(name for name in also if name != key)
        for old in (key, *names):
            self._entries.pop(old, None)
            self._names.pop(old, None)
        if not self._items:
            return
        entry = Entry(remembered, self._clock.monotonic(), _size(key, remembered, names), names)
        if entry.bytes > self._entries.maxsize:
            return
        if len(self._entries) >= self._items:
            self._entries.popitem()
        self._entries[key] = entry
        self._names.update((name, key) for name in names)

    async def purge(self, purge: Purge) -> int:
        doomed = [key for key, entry in self._entries.items() if purge.takes(key, entry.remembered)]
        for key in doomed:
            del self._entries[key]
        return len(doomed)


def _size(key: str, remembered: Remembered, names: Sequence[str]) -> int:
    """About how many bytes an entry takes, rather too many than too few."""
    completion, request = remembered.completion, remembered.request
    texts = [key, completion.text, *names, *(message.content for message in request.messages)]
    calls = [call for message in request.messages for call in message.tool_calls]
    texts += [call.name + call.arguments for call in (*completion.tool_calls, *calls)]
    texts += [tool.name + tool.description for tool in request.tools]
    wide = sum(len(text) * (1 if text.isascii() else WIDEST_CHARACTER_BYTES) for text in texts)
    objects = (len(request.messages) + len(calls) + len(request.tools)) * MESSAGE_BYTES
    return ENTRY_BYTES + wide + objects + _size_of_json(remembered)


def _size_of_json(remembered: Remembered) -> int:
    schemas = [tool.parameters for tool in remembered.request.tools]
    if remembered.request.json_schema is not None:
        schemas.append(remembered.request.json_schema)
    if not schemas:
        return 0
    try:
        return len(orjson.dumps(schemas, default=dict)) * JSON_OBJECT_BYTES
    except TypeError:  # what JSON cannot say; the other layers do not keep it at all
        return len(repr(schemas)) * JSON_OBJECT_BYTES
