"""The breaker against a naive reading of its rules, over long and unkind histories (CB-04)."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from pointsman.records import BreakerState
from pointsman.settings import BreakerSettings
from pointsman.types import Outcome
from routing.backends.breaker import Breaker, Mode, Permit, Refused
from tests.routing.backends.breaker_oracle import DRAWS, Oracle, Ticket

# All times are binary fractions, so that both sides reach the very same deadlines.
TIMES: dict[str, Any] = {"open_s": 64, "jitter": 0.125, "window_s": 96, "probe_lease_s": 128}
RULES = [
    BreakerSettings(max_open_s=512, **TIMES),
    BreakerSettings(max_open_s=512, failure_threshold=30, **TIMES),
    BreakerSettings(max_open_s=200, minimum_calls=4, success_threshold=3, **TIMES),
    BreakerSettings(max_open_s=512, failure_rate=0.875, **TIMES),
    BreakerSettings(max_open_s=64, success_threshold=1, half_open_calls=1, **TIMES),
]
GOOD, BAD, SLOW = Outcome.SUCCESS, Outcome.FAILURE, Outcome.SLOW
OUTCOMES = st.sampled_from([GOOD, BAD, SLOW, Outcome.THROTTLED, Outcome.CANCELLED])
PATTERNS = st.sampled_from(
    [
        [BAD],
        [SLOW],
        [GOOD],
        [BAD, GOOD],
        [BAD, BAD, BAD, BAD, GOOD],
        [BAD, GOOD, GOOD],
        [SLOW] * 4,
        [SLOW] * 4 + [GOOD],
    ]
)


class BreakerRules(RuleBasedStateMachine):
    @initialize(rules=st.sampled_from(RULES))
    def build(self, rules: BreakerSettings) -> None:
        self.now = 0.0
        self.draws = 0
        self.changes: list[tuple[BreakerState, int]] = []
        self.breaker = Breaker(
            rules,
            lambda: self.now,
            self.draw,
            lambda state, failures: self.changes.append((state, failures)),
        )
        self.oracle = Oracle(rules)
        self.held: list[tuple[Permit, Ticket]] = []
        self.done: list[tuple[Permit, Ticket]] = []

    def draw(self) -> float:
        self.draws += 1
        return DRAWS[(self.draws - 1) % len(DRAWS)]

    def ask(self) -> bool:
        """Ask both for a permit, which is held if it is given."""
        expected, granted = self.oracle.ask(self.now), self.breaker.acquire()
        if isinstance(granted, Refused):
            assert expected == ("no", granted.retry_in_s)
            return False
        assert expected == ("yes", None)
        self.held.append((granted, self.oracle.take(self.now)))
        return True

    def tell(self, pair: tuple[Permit, Ticket], outcome: Outcome) -> None:
        self.breaker.report(pair[0], outcome)
        self.oracle.result(pair[1], outcome, self.now)
        self.done = [*self.done[-20:], pair]

    @rule(outcomes=st.lists(OUTCOMES, min_size=1, max_size=16))
    def calls(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            if self.ask():
                self.tell(self.held.pop(), outcome)

    @rule(pattern=PATTERNS, times=st.integers(1, 14), gap=st.sampled_from([0.0, 0.5, 4.0, 8.0]))
    def spell(self, pattern: list[Outcome], times: int, gap: float) -> None:
        """An outage, a brown-out, a recovery: the same again and again."""
        for _ in range(times):
            self.calls(pattern)
            self.now += gap

    @rule(number=st.integers(1, 6))
    def calls_that_last(self, number: int) -> None:
        for _ in range(number):
            self.ask()

    @rule(ends=st.lists(st.tuples(st.integers(0, 20), OUTCOMES), min_size=1, max_size=6))
    def late_results(self, ends: list[tuple[int, Outcome]]) -> None:
        for place, outcome in ends:
            if self.held:
                self.tell(self.held.pop(place % len(self.held)), outcome)

    @rule()
    def lost_calls(self) -> None:
        self.held.clear()

    @rule(ends=st.lists(st.tuples(st.integers(0, 20), OUTCOMES), min_size=1, max_size=6))
    def results_told_twice(self, ends: list[tuple[int, Outcome]]) -> None:
        for place, outcome in ends:
            if self.done:
                self.tell(self.done[place % len(self.done)], outcome)

    @rule(number=st.integers(1, 3), outcome=OUTCOMES)
    def forced_probes(self, number: int, outcome: Outcome) -> None:
        pairs = [(self.breaker.take(), self.oracle.take(self.now)) for _ in range(number)]
        self.tell(pairs[0], outcome)
        self.held += pairs[1:]

    def fail_until(self, state: BreakerState) -> None:
        for _ in range(40):
            era = self.oracle.at(self.now)
            if era.state == "open" and state != "open":
                self.now = era.ends
            elif era.state != state:
                self.calls([BAD])

    @rule(
        gaps=st.lists(st.sampled_from([0.0, 0.5, 8.0]), min_size=1, max_size=3),
        late=st.sampled_from([-0.5, 0.0, 0.5, 100.0]),
        outcomes=st.lists(OUTCOMES, max_size=3),
    )
    def probes_that_last(self, gaps: list[float], late: float, outcomes: list[Outcome]) -> None:
        """Probes end about when the lease of the first one does."""
        self.fail_until("half_open")
        for gap in gaps:
            self.ask()
            self.now += gap
        lease_end = min(self.oracle.at(self.now).leases.values(), default=self.now)
        self.now = max(self.now, lease_end + late)
        for outcome in outcomes:
            if self.held:
                self.tell(self.held.pop(), outcome)

    @rule(rest=st.sampled_from([0.5, 59.5, 60.0, 60.5, 200.0]))
    def an_outage_a_rest_and_another(self, rest: float) -> None:
        self.fail_until("half_open")
        self.calls([GOOD] * 3)
        self.now += rest
        self.fail_until("open")

    @rule(before=st.integers(7, 12), bad=st.integers(1, 4), row=st.integers(4, 12))
    def bad_luck_or_an_outage(self, before: int, bad: int, row: int) -> None:
        """A backend that has failed now and then fails several times in a row."""
        self.fail_until("half_open")
        self.calls([GOOD] * 3)
        self.calls([BAD, GOOD] * bad + [GOOD] * (before - 2 * bad))
        self.calls([BAD] * row)

    @rule(halves=st.integers(1, 400))
    def time_passes(self, halves: int) -> None:
        self.now += halves / 2

    @rule(which=st.integers(0, 5), offset=st.sampled_from([-0.5, 0.0, 0.0, 0.5]))
    def a_deadline_comes(self, which: int, offset: float) -> None:
        deadlines = self.oracle.deadlines(self.now)
        if deadlines:
            self.now = max(self.now, deadlines[min(which, len(deadlines) - 1)] + offset)

    @rule(mode=st.sampled_from(["forced_open", "disabled", "metrics_only", "normal"]))
    def an_administrator_steps_in(self, mode: Mode) -> None:
        self.set_mode(mode)
        self.calls([BAD] * 12 + [SLOW])
        self.forced_probes(1, GOOD)
        self.look()
        self.set_mode("normal")

    def set_mode(self, mode: Mode) -> None:
        self.breaker.set_mode(mode)
        self.oracle.set_mode(mode, self.now)

    @rule()
    def look(self) -> None:
        state = self.oracle.at(self.now).state
        assert self.breaker.state == state
        expected = (self.oracle.rate(BAD, self.now), self.oracle.rate(SLOW, self.now))
        assert self.breaker.rates() == tuple(map(float, expected))
        assert self.breaker.stale_results == self.oracle.stale
        assert self.changes == [(era.state, era.failures) for era in self.oracle.eras[1:]]

    def teardown(self) -> None:
        """Whatever happened, a backend that is well again is soon back in full use."""
        self.look()
        for _ in range(2):  # the first round may find the leases of lost probes ended
            self.now += 128 + 512 * 1.125
            for _ in range(3):
                if self.ask():
                    self.tell(self.held.pop(), GOOD)
        self.look()
        assert self.breaker.state == "closed"


TestBreakerRules = BreakerRules.TestCase
TestBreakerRules.settings = settings(
    max_examples=200, stateful_step_count=25, deadline=None, database=None, derandomize=True
)
