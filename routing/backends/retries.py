"""How often and how soon to try the same backend again, without adding to its trouble."""

from collections.abc import Callable

from pointsman.types import Outcome
from routing.backends.window import Window

MEMORY_S = 10
REQUESTS_PER_RETRY = 10
FREE_RETRIES_PER_S = 1
BASE_S, LONGEST_S = 0.1, 2.0
_DOUBLINGS = 5  # 0.1 s * 2**5 is past the longest

# Tokens as in gRPC's proposal A6. Its example gives back a tenth for an answer, which ends all
# retries at 9 % of failures; a whole one ends them at half, where the breaker acts too.
_FULL, _FAILED, _ANSWERED, _CUT_OFF = 10, -1, 1, 5
_TOKENS = {
    Outcome.SUCCESS: _ANSWERED,
    Outcome.SLOW: _ANSWERED,
    Outcome.FAILURE: _FAILED,
    Outcome.THROTTLED: _FAILED,
}
_REQUEST, _RETRY = range(2)


class RetryBudget:
    """The retries of one origin: a tenth of its requests, and a few for those who make few.

    When most calls fail there are none at all: then a retry is only more load.
    """

    def __init__(self) -> None:
        self._window = Window(MEMORY_S, buckets=MEMORY_S, kinds=2)
        self._tokens = _FULL

    def sent(self, now: float) -> None:
        self._window.add(_REQUEST, now)

    def ended(self, outcome: Outcome) -> None:
        self._tokens = min(max(self._tokens + _TOKENS.get(outcome, 0), 0), _FULL)

    def spend(self, now: float) -> bool:
        """Whether a retry may be made now; if so, it is charged."""
        requests, retries = self._window.totals(now)
        allowed = requests // REQUESTS_PER_RETRY + FREE_RETRIES_PER_S * MEMORY_S
        if self._tokens <= _CUT_OFF or retries >= allowed:
            return False
        self._window.add(_RETRY, now)
        return True


def backoff_s(retries: int, random: Callable[[], float]) -> float:
    """Seconds to wait after `retries` earlier retries; `random` returns [0, 1)."""
    longest: float = min(BASE_S * 2 ** min(retries, _DOUBLINGS), LONGEST_S)
    return longest * random()
