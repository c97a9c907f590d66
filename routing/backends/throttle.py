"""A backend's "not now", obeyed: no call before the time it named, or before a fair guess."""

import math
from collections.abc import Callable

from routing.backends.breaker import Refused

LONGEST_S = 300.0  # what a backend can ask for; more is a mistake or an attack
GUESS_S, LONGEST_GUESS_S = 1.0, 60.0
_DOUBLINGS = 6  # 2**6 seconds is past the longest guess


class Throttle:
    """The gate of one endpoint; `random` returns [0, 1)."""

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._not_before = -math.inf
        self._last = -math.inf  # when it was last throttled
        self._waves = 0  # in a row

    def refusal(self, now: float) -> Refused | None:
        return Refused(self._not_before - now) if now < self._not_before else None

    def throttled(self, now: float, started: float, retry_after_s: float | None) -> None:
        """A call admitted at `started` was told to wait, for `retry_after_s` if it was told that.

        The gate never opens earlier than an earlier answer said. Calls that were all under way
        at the last throttling are one wave: only a new wave doubles the guess.
        """
        if started >= self._last:
            self._waves += 1
        self._last = now
        self._not_before = max(self._not_before, now + self._pause(retry_after_s))

    def answered(self, started: float) -> None:
        """A call admitted at `started` was answered: the next guess is a first guess again."""
        if started >= self._last:
            self._waves = 0

    def _pause(self, retry_after_s: float | None) -> float:
        if retry_after_s is not None and not math.isnan(retry_after_s):
            return min(max(retry_after_s, 0.0), LONGEST_S)
        doubled: float = GUESS_S * 2 ** min(self._waves - 1, _DOUBLINGS)
        return self._random() * min(doubled, LONGEST_GUESS_S)
