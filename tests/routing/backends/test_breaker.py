"""The breaker's promises one at a time, with the settings it ships with."""

from dataclasses import dataclass, field
from itertools import cycle

import pytest

from pointsman.records import BreakerState
from pointsman.settings import BreakerSettings
from pointsman.types import Outcome
from routing.backends.breaker import Breaker, Permit, Refused
from tests.fakes import SteadyClock

GOOD, BAD, SLOW = Outcome.SUCCESS, Outcome.FAILURE, Outcome.SLOW
IGNORED = sorted(set(Outcome) - {GOOD, BAD, SLOW})


@dataclass
class Bench:
    """A breaker whose open times are not spread, unless `draw` says so."""

    draw: float = 0.5
    clock: SteadyClock = field(default_factory=SteadyClock)
    changes: list[tuple[BreakerState, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.breaker = Breaker(
            BreakerSettings(),
            self.clock.clock().monotonic,
            lambda: self.draw,
            lambda state, failures: self.changes.append((state, failures)),
        )

    def acquire(self) -> Permit:
        permit = self.breaker.acquire()
        assert isinstance(permit, Permit)
        return permit

    def call(self, outcome: Outcome) -> None:
        self.breaker.report(self.acquire(), outcome)

    def state(self) -> BreakerState:
        return self.breaker.state

    def open_s(self) -> float:
        """For how long it refuses from now on."""
        refused = self.breaker.acquire()
        assert isinstance(refused, Refused)
        assert refused.retry_in_s is not None
        return refused.retry_in_s

    def trip(self) -> float:
        for _ in range(5):
            self.call(BAD)
        return self.open_s()


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize(
    ("ends", "state", "open_s"), [([GOOD, GOOD], "closed", 0), ([GOOD, BAD], "open", 120)]
)
def test_it_opens_probes_and_decides(
    bench: Bench, ends: list[Outcome], state: BreakerState, open_s: float
) -> None:
    """AT-407, CB-04."""
    for _ in range(4):
        bench.call(BAD)
    assert bench.state() == "closed"
    bench.call(BAD)
    assert (bench.state(), bench.open_s()) == ("open", 60)
    bench.clock.advance(59.9)
    assert bench.state() == "open"
    bench.clock.advance(0.1)
    assert bench.state() == "half_open"
    answers = [bench.breaker.acquire() for _ in range(20)]
    probes = [answer for answer in answers if isinstance(answer, Permit)]
    assert len(probes) == 3
    for probe, end in zip(probes, ends, strict=False):
        bench.breaker.report(probe, end)
    assert bench.state() == state
    assert state == "closed" or bench.open_s() == open_s


def test_each_reopening_doubles_the_wait_up_to_a_quarter_of_an_hour(bench: Bench) -> None:
    """CB-02."""
    waits = [bench.trip()]
    for _ in range(6):
        bench.clock.advance(waits[-1])
        bench.call(BAD)
        waits.append(bench.open_s())
    assert waits == [60, 120, 240, 480, 900, 900, 900]


@pytest.mark.parametrize(("closed_s", "open_s"), [(59.9, 120), (60, 60)])
def test_a_minute_of_calm_forgets_earlier_openings(
    bench: Bench, closed_s: float, open_s: float
) -> None:
    bench.clock.advance(bench.trip())
    bench.call(GOOD)
    bench.call(GOOD)
    bench.clock.advance(closed_s)
    assert bench.trip() == pytest.approx(open_s)


@pytest.mark.parametrize(("draw", "open_s"), [(0.0, 54), (0.5, 60), (0.999_999, 66)])
def test_the_wait_is_spread_by_a_tenth(draw: float, open_s: float) -> None:
    assert Bench(draw).trip() == pytest.approx(open_s, rel=1e-5)


@pytest.mark.parametrize(
    "outcomes",
    [[BAD, GOOD, BAD, BAD, GOOD], [BAD, BAD, BAD, GOOD, GOOD], [SLOW] * 9 + [GOOD]],
    ids=["60 % fail, interleaved", "60 % fail, good ends", "90 % are slow"],
)
def test_a_brown_out_is_noticed_within_ten_calls_and_over_within_two(
    bench: Bench, outcomes: list[Outcome]
) -> None:
    """F-3."""
    calls, source = 0, cycle(outcomes)
    while bench.state() == "closed":
        bench.call(next(source))
        calls += 1
    assert calls <= 10
    bench.clock.advance(60)
    bench.call(GOOD)
    bench.call(GOOD)
    assert bench.state() == "closed"


def test_a_lone_caller_who_never_makes_ten_calls_a_minute_is_protected(bench: Bench) -> None:
    for _ in range(5):
        bench.clock.advance(90)
        bench.call(BAD)
    assert bench.state() == "open"


@pytest.mark.parametrize("outcome", IGNORED)
def test_what_is_not_the_backends_fault_moves_nothing(bench: Bench, outcome: Outcome) -> None:
    for _ in range(4):
        bench.call(BAD)
    for _ in range(50):
        bench.call(outcome)
    assert (bench.state(), bench.breaker.rates()) == ("closed", (1.0, 0.0))
    bench.call(BAD)
    bench.clock.advance(60)
    for _ in range(50):  # a probe that ends so gives its place back
        bench.call(outcome)
    assert bench.state() == "half_open"


def test_a_probe_that_never_reports_cannot_keep_it_half_open(bench: Bench) -> None:
    bench.clock.advance(bench.trip())
    lost = bench.acquire()
    bench.clock.advance(120)
    assert (bench.state(), bench.open_s()) == ("open", 120)
    bench.breaker.report(lost, GOOD)
    assert (bench.state(), bench.breaker.stale_results) == ("open", 1)


def test_late_results_of_before_it_opened_do_not_close_it(bench: Bench) -> None:
    late = [bench.acquire() for _ in range(3)]
    bench.clock.advance(bench.trip())
    assert bench.state() == "half_open"
    for permit in late:
        bench.breaker.report(permit, GOOD)
    assert (bench.state(), bench.breaker.stale_results) == ("half_open", 3)


def test_every_change_is_told_once_with_the_failures_behind_it(bench: Bench) -> None:
    """CB-07."""
    bench.clock.advance(bench.trip())
    bench.call(BAD)
    bench.clock.advance(bench.open_s())
    bench.call(GOOD)
    bench.call(GOOD)
    assert bench.changes == [
        ("open", 5),
        ("half_open", 5),
        ("open", 6),
        ("half_open", 6),
        ("closed", 0),
    ]


def test_decades_of_outage_do_not_overflow(bench: Bench) -> None:
    bench.trip()
    for _ in range(3000):
        bench.clock.advance(900)
        bench.call(BAD)
    assert bench.open_s() == 900
