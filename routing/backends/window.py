"""Counts of what happened lately, in a ring of buckets: no timer, no list of events."""

from collections.abc import Sequence


class Window:
    """How often each kind of event happened in the last `length_s` seconds.

    The time of an event is that of its bucket, so an event leaves up to one bucket's width
    early, never late. Times must not go backwards.
    """

    def __init__(self, length_s: float, *, buckets: int, kinds: int) -> None:
        self._width = length_s / buckets
        self._buckets = buckets
        self._ring = [[0] * kinds for _ in range(buckets)]
        self._totals = [0] * kinds
        self._epoch = 0  # number of the newest bucket, counted from time 0

    def add(self, kind: int, now: float) -> None:
        epoch = int(now // self._width)
        if epoch > self._epoch:
            self._advance(epoch)
        self._ring[self._epoch % self._buckets][kind] += 1
        self._totals[kind] += 1

    def totals(self, now: float) -> Sequence[int]:
        """The count of each kind; valid until the next call of any method."""
        epoch = int(now // self._width)
        if epoch > self._epoch:
            self._advance(epoch)
        return self._totals

    def clear(self) -> None:
        for bucket in (self._totals, *self._ring):
            bucket[:] = [0] * len(bucket)

    def _advance(self, epoch: int) -> None:
        """Empty every bucket between the newest and `epoch`, at most each one once."""
        first = max(self._epoch + 1, epoch - self._buckets + 1)
        for stale in range(first, epoch + 1):
            bucket = self._ring[stale % self._buckets]
            for kind, count in enumerate(bucket):
                if count:
                    self._totals[kind] -= count
                    bucket[kind] = 0
        self._epoch = epoch
