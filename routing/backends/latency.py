"""Percentiles of what was measured last, kept sorted so that reading them costs nothing."""

from bisect import bisect_left, insort
from collections import deque

SIZE = 64


class Sample:
    """The last `SIZE` values."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque()
        self._sorted: list[float] = []

    def add(self, value: float) -> None:
        if len(self._recent) == SIZE:
            del self._sorted[bisect_left(self._sorted, self._recent.popleft())]
        self._recent.append(value)
        insort(self._sorted, value)

    def percentile(self, percent: int) -> float | None:
        """The least value that `percent` of the sample do not pass; None of an empty sample."""
        if not self._sorted:
            return None
        return self._sorted[-(-len(self._sorted) * percent // 100) - 1]
