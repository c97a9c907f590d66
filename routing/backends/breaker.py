"""A circuit breaker: it stops calls to a backend that fails, and finds out when it is well again.

CLOSED opens on failures in a row, or on a high rate of failures or of slow answers. OPEN refuses
for a time that doubles with each re-opening. HALF_OPEN lets a few probes through: enough
successes close it; one failed, slow or lost probe opens it again. Every transition starts a new
generation, and what a call of an earlier generation ends as moves nothing.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pointsman.records import BreakerState
from pointsman.settings import BreakerSettings
from pointsman.types import Outcome
from routing.backends.window import Window

Mode = Literal["normal", "forced_open", "disabled", "metrics_only"]
BUCKETS = 12
CALM_S = 60.0  # closed for this long, the next opening counts as the first again
LUCK = 1e-4  # five in a row tell of an outage where at most 15 % failed before
PROBE_WAIT_S = 1.0  # advice to those who come while all probes are under way

SUCCESS, FAILURE, SLOW = range(3)
_COUNTED = {Outcome.SUCCESS: SUCCESS, Outcome.FAILURE: FAILURE, Outcome.SLOW: SLOW}


@dataclass(slots=True, eq=False)
class Permit:
    """Leave to make one call; it is given back with `Breaker.report`."""

    generation: int
    reported: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """A gate's "not now"."""

    retry_in_s: float | None  # None: nobody can tell


def _nobody(state: BreakerState, failures: int) -> None:
    pass


class Breaker:
    """The breaker of one thing that can fail.

    `random` returns [0, 1) and spreads the open time. `on_change` is told each new state and the
    failures that led to it. What time alone brings about is made up for at the next call of any
    method, as of when it was due: looking changes nothing.
    """

    def __init__(
        self,
        settings: BreakerSettings,
        now: Callable[[], float],
        random: Callable[[], float],
        on_change: Callable[[BreakerState, int], None] = _nobody,
    ) -> None:
        self._settings = settings
        self._now = now
        self._random = random
        self._on_change = on_change
        self._mode: Mode = "normal"
        self._state: BreakerState = "closed"
        self._generation = 0
        self._window = Window(settings.window_s, buckets=BUCKETS, kinds=3)
        self._in_a_row = 0  # failures, while closed
        self._failures = 0  # that led to the present state
        self._closed_at = now()
        self._open_s = settings.open_s  # of the next opening
        self._until = 0.0
        self._probes: dict[Permit, float] = {}  # under way, oldest first: when the lease ends
        self._successes = 0  # of probes
        self.stale_results = 0

    @property
    def state(self) -> BreakerState:
        if self._state != "closed":
            self._catch_up()
        return self._state

    @property
    def mode(self) -> Mode:
        return self._mode

    def rates(self) -> tuple[float, float]:
        """The shares of failures and of slow answers in the window, in [0, 1]."""
        successes, failures, slow = self._window.totals(self._catch_up())
        calls = successes + failures + slow
        return (failures / calls, slow / calls) if calls else (0.0, 0.0)

    def acquire(self) -> Permit | Refused:
        return self.refusal() or self.take()

    def refusal(self) -> Refused | None:
        """What `acquire` would refuse with now, if it would."""
        if self._state == "closed":
            return None
        now = self._catch_up()
        if self._mode == "forced_open":
            return Refused(None)
        if self._state == "open":
            return Refused(self._until - now)
        full = len(self._probes) >= self._settings.half_open_calls
        return Refused(PROBE_WAIT_S) if full else None

    def take(self) -> Permit:
        """A permit without asking.

        While open, this is a forced probe: its success ends the wait, anything else changes
        nothing, so that probing early can never keep the breaker open for longer.
        """
        if self._state == "closed":
            return Permit(self._generation)
        now = self._catch_up()
        permit = Permit(self._generation)
        if self._state == "half_open":
            self._probes[permit] = now + self._settings.probe_lease_s
        return permit

    def report(self, permit: Permit, outcome: Outcome) -> None:
        """Give `permit` back with what its call ended as; only the first time has an effect."""
        if permit.reported:
            return
        permit.reported = True
        now = self._catch_up()
        if permit.generation != self._generation:
            self.stale_results += 1
            return
        self._probes.pop(permit, None)
        kind = _COUNTED.get(outcome)
        if kind is None or self._mode in ("disabled", "forced_open"):
            return
        self._window.add(kind, now)
        if self._state != "closed":
            self._judge_probe(kind, now)
        elif self._mode == "normal":
            self._judge_call(kind, now)

    def set_mode(self, mode: Mode) -> None:
        """Start afresh in `mode`: "metrics_only" counts but never refuses, "disabled" neither."""
        self._closed_at = self._catch_up()
        self._mode = mode
        self._open_s = self._settings.open_s
        self._failures = 0
        self._window.clear()
        self._until = math.inf
        self._move("open" if mode == "forced_open" else "closed")

    def _judge_call(self, kind: int, now: float) -> None:
        self._in_a_row = self._in_a_row + 1 if kind == FAILURE else 0
        if self._is_outage(now) or self._too_many(now):
            if now - self._closed_at >= CALM_S:
                self._open_s = self._settings.open_s
            self._failures = self._window.totals(now)[FAILURE]
            self._open(now)

    def _is_outage(self, now: float) -> bool:
        """Whether so many failures in a row are more than this backend's usual bad luck.

        One that fails 30 % of its calls has five in a row every few hundred of them; taken out
        for that, it sends its load to the next, and soon all are out (AT-413). So a row counts
        only if chance alone, at the failure rate before it, would bring it less often than `LUCK`.
        """
        row = self._in_a_row
        if row < self._settings.failure_threshold:
            return False
        successes, failures, slow = self._window.totals(now)
        before = successes + failures + slow - row
        if before < self._settings.minimum_calls:
            return True
        return (max(failures - row, 0) / before) ** row < LUCK

    def _too_many(self, now: float) -> bool:
        counts = self._window.totals(now)
        calls = sum(counts)
        return calls >= self._settings.minimum_calls and (
            counts[FAILURE] / calls >= self._settings.failure_rate
            or counts[SLOW] / calls >= self._settings.slow_rate
        )

    def _judge_probe(self, kind: int, now: float) -> None:
        if self._state == "open":  # a forced probe
            if kind != SUCCESS:
                return
            self._move("half_open")
        if kind != SUCCESS:
            self._failures += 1
            self._open(now)
            return
        self._successes += 1
        if self._successes >= self._settings.success_threshold:
            self._failures = 0
            self._window.clear()
            self._closed_at = now
            self._move("closed")

    def _catch_up(self) -> float:
        """The time, once the transitions due by then are made."""
        now = self._now()
        if self._state == "half_open":
            lease_end = next(iter(self._probes.values()), math.inf)
            if now >= lease_end:  # a probe was lost: nobody knows, so assume the worst
                self._failures += 1
                self._open(lease_end)
        if self._state == "open" and now >= self._until:
            self._move("half_open")
        return now

    def _open(self, at: float) -> None:
        base = min(self._open_s, self._settings.max_open_s)
        self._open_s = base * 2
        # after the cap, so that breakers at the cap do not probe in step
        self._until = at + base * (1 + self._settings.jitter * (2 * self._random() - 1))
        self._move("open")

    def _move(self, state: BreakerState) -> None:
        self._generation += 1
        self._state = state
        self._probes.clear()
        self._successes = 0
        self._in_a_row = 0
        self._on_change(state, self._failures)
