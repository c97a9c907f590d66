"""How many calls an endpoint takes at once, found by trying: one more when all is well, fewer when
it says "not now" or does not answer in time.

Latency is no guide here: with a language model it depends on the length of the answer.
"""

from pointsman.types import Outcome
from routing.backends.breaker import Refused

START = 8
CUT = 0.7
_BUSY = Refused(None)


class Concurrency:
    """The limit of one endpoint, from 1 to `ceiling`."""

    def __init__(self, ceiling: int) -> None:
        self._ceiling = ceiling
        self._limit = float(min(START, ceiling))
        self._round = 0  # between two cuts
        self._was_full = False  # the limit was reached since it last changed
        self._successes = 0  # since then
        self.in_flight = 0

    @property
    def limit(self) -> int:
        return int(self._limit)

    def refusal(self) -> Refused | None:
        return _BUSY if self.in_flight >= int(self._limit) else None

    def enter(self) -> int:
        """Count a call in; what comes back is to be handed to `leave`."""
        self.in_flight += 1
        if self.in_flight >= int(self._limit):
            self._was_full = True
        return self._round

    def leave(self, entered: int, outcome: Outcome, *, timed_out: bool) -> None:
        self.in_flight -= 1
        if outcome is Outcome.THROTTLED or timed_out:
            if entered == self._round:  # a wave of refusals is one signal, not one for each call
                self._round += 1
                self._resize(self._limit * CUT)
        elif outcome is Outcome.SUCCESS and self._was_full:
            self._successes += 1
            if self._successes >= int(self._limit):
                self._resize(self._limit + 1)

    def _resize(self, limit: float) -> None:
        self._limit = min(max(limit, 1.0), float(self._ceiling))
        self._was_full = False
        self._successes = 0
