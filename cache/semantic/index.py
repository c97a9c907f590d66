"""The prompts that answers are kept for, where those that lie close to another are soon found."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]  # as in the seams, which must not import numpy

NEIGHBOURHOOD = 0.9  # cosine: what lies closer is alike
MOST_REPORTS = 64  # that are heeded in one partition; the oldest go
SLACK = 0.01  # of the square of a vector's length: half precision costs 0.001


@dataclass(frozen=True, slots=True)
class Entry:
    """A prompt whose answer is in the cache."""

    key: str  # of the answer
    words: bytes  # names the prompt's words: equal for prompts of equal words
    text: str


class Near(NamedTuple):
    entry: Entry
    vector: Vector
    cosine: float


class Wrong(NamedTuple):
    """A prompt whose answer was reported to be wrong."""

    words: bytes
    vector: Vector | None


class Vectors:
    """Vectors by key, as the rows of one matrix; all have the length of the first."""

    def __init__(self) -> None:
        self._matrix = np.empty((0, 0), np.float32)
        self._keys: list[str] = []
        self._rows: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def get(self, key: str) -> Vector | None:
        row = self._rows.get(key)
        return None if row is None else self._matrix[row].copy()

    def put(self, key: str, vector: Vector) -> None:
        """Keep it, unless it has another length than those that are there, or no direction."""
        if not abs(float(vector @ vector) - 1) < SLACK:
            return
        if not self._keys:
            self._matrix = np.empty((1, len(vector)), np.float32)
        elif len(vector) != self._matrix.shape[1]:
            return
        row = self._rows.setdefault(key, len(self._keys))
        if row == len(self._keys):
            self._keys.append(key)
            if row == len(self._matrix):
                self._matrix = np.concatenate([self._matrix, np.empty_like(self._matrix)])
        self._matrix[row] = vector

    def drop(self, key: str) -> None:
        """Forget it; the last row takes its place."""
        row = self._rows.pop(key, None)
        if row is None:
            return
        last = self._keys.pop()
        if last != key:
            self._keys[row], self._rows[last] = last, row
            self._matrix[row] = self._matrix[len(self._keys)]

    def nearest(self, vector: Vector, most: int) -> list[tuple[str, Vector, float]]:
        """At most `most` keys, their vectors and cosines; the nearest first."""
        if not self._keys or len(vector) != self._matrix.shape[1]:
            return []
        cosines = self._matrix[: len(self._keys)] @ vector
        if len(cosines) > most:
            rows = np.argpartition(cosines, -most)[-most:]
        else:
            rows = np.arange(len(cosines))
        rows = rows[np.argsort(-cosines[rows], kind="stable")]
        return [
            (self._keys[row], self._matrix[row].copy(), min(float(cosines[row]), 1.0))
            for row in rows
        ]


class Partition:
    """The prompts between which nothing but their last message differs."""

    def __init__(self) -> None:
        self._entries: OrderedDict[str, Entry] = OrderedDict()  # least recently used first
        self._by_words: dict[bytes, str] = {}
        self._vectors = Vectors()
        self._wrong: list[Wrong] = []

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def embedded(self) -> int:
        """How many entries have a vector."""
        return len(self._vectors)

    @property
    def unembedded(self) -> list[Entry]:
        return [entry for key, entry in self._entries.items() if key not in self._vectors]

    def get(self, key: str) -> Entry | None:
        return self._entries.get(key)

    def put(self, entry: Entry, vector: Vector | None) -> None:
        """Keep it in place of what has the same key or the same words."""
        self.drop(self._by_words.get(entry.words, ""))
        self.drop(entry.key)
        self._entries[entry.key] = entry
        self._by_words[entry.words] = entry.key
        if vector is not None:
            self._vectors.put(entry.key, vector)

    def place(self, key: str, vector: Vector) -> None:
        """Say where an entry lies, if it is still there."""
        if key in self._entries:
            self._vectors.put(key, vector)

    def drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            del self._by_words[entry.words]
            self._vectors.drop(key)

    def drop_least_used(self) -> bool:
        """Whether there was one to drop."""
        key = next(iter(self._entries), None)
        if key is not None:
            self.drop(key)
        return key is not None

    def used(self, key: str) -> None:
        if key in self._entries:
            self._entries.move_to_end(key)

    def vector(self, key: str) -> Vector | None:
        return self._vectors.get(key)

    def of_words(self, words: bytes) -> Entry | None:
        key = self._by_words.get(words)
        return None if key is None else self._entries[key]

    def nearest(self, vector: Vector, most: int) -> list[Near]:
        found = self._vectors.nearest(vector, most)
        return [Near(self._entries[key], there, cosine) for key, there, cosine in found]

    def report(self, wrong: Wrong) -> None:
        self._wrong.append(wrong)
        del self._wrong[:-MOST_REPORTS]

    def is_wrong(self, words: bytes) -> bool:
        """Whether an answer to the same words was reported."""
        return any(wrong.words == words for wrong in self._wrong)

    def reports_near(self, *vectors: Vector) -> int:
        """How many reported prompts lie close to one of `vectors`."""
        return sum(
            any(len(v) == len(w.vector) and float(v @ w.vector) >= NEIGHBOURHOOD for v in vectors)
            for w in self._wrong
            if w.vector is not None
        )


class Index:
    """Partitions by their context: at most `items`, with as many entries in all of them.

    Where there is no room, the partition unused for longest gives up what it used least.
    """

    def __init__(self, items: int) -> None:
        self._items = items
        self._count = 0
        self._partitions: OrderedDict[str, Partition] = OrderedDict()

    def __len__(self) -> int:
        return self._count

    def peek(self, context: str) -> Partition | None:
        """The partition, and it does not count as used."""
        return self._partitions.get(context)

    def get(self, context: str) -> Partition | None:
        partition = self._partitions.get(context)
        if partition is not None:
            self._partitions.move_to_end(context)
        return partition

    def hold(self, context: str, partition: Partition) -> Partition:
        """`partition`, or the one that is already there."""
        held = self._partitions.setdefault(context, partition)
        self._partitions.move_to_end(context)
        if held is partition:
            self._count += len(partition)
            self._make_room()
        return held

    def put(self, context: str, entry: Entry, vector: Vector | None) -> None:
        """Keep it if its partition is held; one that is not would seem to have no other entry."""
        partition = self.get(context)
        if partition is not None:
            before = len(partition)
            partition.put(entry, vector)
            self._count += len(partition) - before
            self._make_room()

    def drop(self, context: str, key: str) -> None:
        partition = self._partitions.get(context)
        if partition is not None and partition.get(key) is not None:
            partition.drop(key)
            self._count -= 1

    def context_of(self, key: str) -> str | None:
        """The context of the entry of `key`; None if it is not held."""
        held = self._partitions.items()
        return next((context for context, p in held if p.get(key) is not None), None)

    def _make_room(self) -> None:
        while self._count > self._items or len(self._partitions) > self._items:
            context, partition = next(iter(self._partitions.items()))
            if self._count > self._items and partition.drop_least_used():
                self._count -= 1
            else:
                self._count -= len(partition)
                del self._partitions[context]
