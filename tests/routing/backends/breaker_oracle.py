"""The rules of the breaker read naively: every event is kept, and every count is made anew."""

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from pointsman.records import BreakerState
from pointsman.settings import BreakerSettings
from pointsman.types import Outcome
from routing.backends.breaker import Mode

COUNTED = (Outcome.SUCCESS, Outcome.FAILURE, Outcome.SLOW)
DRAWS = (0.5, 0.0, 0.75, 0.25, 0.875)  # of the random numbers, over and over


@dataclass
class Era:
    """The time between two transitions."""

    state: BreakerState
    began: float
    failures: int = 0
    ends: float = math.inf  # of an open one
    fresh: bool = False  # what was before does not count
    results: list[tuple[float, Outcome]] = field(default_factory=list)
    leases: dict[int, float] = field(default_factory=dict)


@dataclass
class Ticket:
    number: int
    era: Era
    used: bool = False


Answer = tuple[Literal["yes"], None] | tuple[Literal["no"], float | None]


class Oracle:
    def __init__(self, settings: BreakerSettings) -> None:
        self.settings = settings
        self.mode: Mode = "normal"
        self.eras = [Era("closed", 0.0, fresh=True)]
        self.tickets = 0
        self.openings = 0
        self.stale = 0

    def at(self, now: float) -> Era:
        while True:
            era = self.eras[-1]
            if era.leases and min(era.leases.values()) <= now:
                self._open(min(era.leases.values()))
            elif era.state == "open" and era.ends <= now:
                self.eras.append(Era("half_open", era.ends, era.failures))
            else:
                return era

    def ask(self, now: float) -> Answer:
        era = self.at(now)
        if self.mode == "forced_open":
            return "no", None
        if era.state == "open":
            return "no", era.ends - now
        if era.state == "half_open" and len(era.leases) >= self.settings.half_open_calls:
            return "no", 1.0
        return "yes", None

    def take(self, now: float) -> Ticket:
        era = self.at(now)
        self.tickets += 1
        if era.state == "half_open":
            era.leases[self.tickets] = now + self.settings.probe_lease_s
        return Ticket(self.tickets, era)

    def result(self, ticket: Ticket, outcome: Outcome, now: float) -> None:
        if ticket.used:
            return
        ticket.used = True
        era = self.at(now)
        if ticket.era is not era:
            self.stale += 1
            return
        era.leases.pop(ticket.number, None)
        if outcome not in COUNTED or self.mode in ("disabled", "forced_open"):
            return
        if era.state == "open" and outcome is Outcome.SUCCESS:
            era = Era("half_open", now, era.failures)
            self.eras.append(era)
        era.results.append((now, outcome))
        self._judge(era, now)

    def set_mode(self, mode: Mode, now: float) -> None:
        self.at(now)
        self.mode = mode
        self.eras.append(Era("open" if mode == "forced_open" else "closed", now, fresh=True))

    def rate(self, outcome: Outcome, now: float) -> Fraction:
        recent = self.recent(now)
        return Fraction(recent.count(outcome), len(recent)) if recent else Fraction(0)

    def recent(self, now: float) -> list[Outcome]:
        """What counts in the window: since it was last closed, in this bucket or the 11 before."""
        width = self.settings.window_s / 12
        since = max(i for i, era in enumerate(self.eras) if era.state == "closed" or era.fresh)
        return [
            outcome
            for era in self.eras[since:]
            for time, outcome in era.results
            if math.floor(time / width) > math.floor(now / width) - 12
        ]

    def deadlines(self, now: float) -> list[float]:
        """When time alone, or time and one call, would change something."""
        era = self.at(now)
        width = self.settings.window_s / 12
        leaving = [(math.floor(t / width) + 12) * width for e in self.eras for t, _ in e.results]
        times = [era.ends, era.began + 60.0, *era.leases.values(), *leaving[-24:]]
        return sorted({t for t in times if now < t < math.inf})

    def _judge(self, era: Era, now: float) -> None:
        outcomes = [outcome for _, outcome in era.results]
        if era.state == "half_open":
            if outcomes[-1] is not Outcome.SUCCESS:
                self._open(now)
            elif len(outcomes) >= self.settings.success_threshold:
                self.eras.append(Era("closed", now))
        elif (
            era.state == "closed"
            and self.mode == "normal"
            and (self._unlucky(outcomes, now) or self._rated(now))
        ):
            self._open(now)

    def _unlucky(self, outcomes: list[Outcome], now: float) -> bool:
        """A row of failures that would come less than once in 10,000 at the rate before it."""
        row = 0
        while row < len(outcomes) and outcomes[-1 - row] is Outcome.FAILURE:
            row += 1
        if row < self.settings.failure_threshold:
            return False
        recent = self.recent(now)
        before = recent[: max(len(recent) - row, 0)]
        if len(before) < self.settings.minimum_calls:
            return True
        return Fraction(before.count(Outcome.FAILURE), len(before)) ** row < Fraction(1, 10_000)

    def _rated(self, now: float) -> bool:
        rules = (
            (Outcome.FAILURE, self.settings.failure_rate),
            (Outcome.SLOW, self.settings.slow_rate),
        )
        return len(self.recent(now)) >= self.settings.minimum_calls and any(
            self.rate(outcome, now) >= Fraction(str(limit)) for outcome, limit in rules
        )

    def _open(self, at: float) -> None:
        era = self.eras[-1]
        if era.state == "closed":
            failures = self.recent(at).count(Outcome.FAILURE)
        else:
            failures = era.failures + 1
        length = min(self.settings.open_s * 2 ** self._earlier(at), self.settings.max_open_s)
        spread = 2 * DRAWS[self.openings % len(DRAWS)] - 1
        self.openings += 1
        ends = at + length + length * self.settings.jitter * spread
        self.eras.append(Era("open", at, failures, ends))

    def _earlier(self, at: float) -> int:
        """How often it opened before in this row of openings."""
        count, end = 0, at
        for era in reversed(self.eras):
            if era.fresh or (era.state == "closed" and end - era.began >= 60.0):
                break
            count += era.state == "open"
            end = era.began
        return count
