"""The gates before every endpoint, driven as the dispatcher drives them."""

import math
from dataclasses import dataclass, field

import pytest

from pointsman.settings import BreakerSettings
from pointsman.types import Model, Outcome
from routing.backends.health import Blocked, Change, Health, Permit
from tests.fakes import SteadyClock, make_model

GOOD, BAD, THROTTLED, AUTH = Outcome.SUCCESS, Outcome.FAILURE, Outcome.THROTTLED, Outcome.AUTH
ONE = make_model("alpha", "one")
TWO = make_model("alpha", "two")  # same provider, same origin
THREE = make_model("beta", "three")
MANY = {"alpha": 1000, "beta": 1000}


@dataclass
class Bench:
    """A health record in a time of its own, where every draw is 1/2."""

    ceilings: dict[str, int] = field(default_factory=dict)
    most_endpoints: int = 100
    clock: SteadyClock = field(default_factory=SteadyClock)
    changes: list[Change] = field(default_factory=list)
    credentials: list[tuple[str, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.health = Health(
            BreakerSettings(),
            self.clock.clock(),
            lambda: 0.5,
            self.changes.append,
            on_credential=lambda *change: self.credentials.append(change),
            ceilings=self.ceilings,
            most_endpoints=self.most_endpoints,
        )

    def admit(self, model: Model = ONE) -> Permit:
        permit = self.health.admit(model)
        assert isinstance(permit, Permit)
        return permit

    def blocked(self, model: Model = ONE) -> tuple[str, float | None] | None:
        """Why a call would be refused, as the view and the refusal itself agree."""
        view, answer = self.health.view(model), self.health.admit(model)
        if isinstance(answer, Permit):
            self.end(answer, Outcome.LOCAL)
            assert (view.blocked, view.retry_in_s) == (None, None)
            return None
        assert (view.blocked, view.retry_in_s) == (answer.reason, answer.retry_in_s)
        return answer.reason, answer.retry_in_s

    def end(
        self,
        permit: Permit,
        outcome: Outcome,
        *,
        latency_s: float = 1.0,
        ttft_s: float | None = None,
        retry_after_s: float | None = None,
        connect_failure: bool = False,
        timed_out: bool = False,
    ) -> None:
        self.health.report(
            permit,
            outcome,
            latency_s=latency_s,
            ttft_s=ttft_s,
            retry_after_s=retry_after_s,
            connect_failure=connect_failure,
            timed_out=timed_out,
        )

    def call(
        self,
        outcome: Outcome,
        model: Model = ONE,
        *,
        retry_after_s: float | None = None,
        connect_failure: bool = False,
    ) -> None:
        permit = self.admit(model)
        self.end(permit, outcome, retry_after_s=retry_after_s, connect_failure=connect_failure)

    def wait_s(self, model: Model = ONE) -> float:
        blocked = self.blocked(model)
        assert blocked is not None
        assert blocked[1] is not None
        return blocked[1]

    def trip(self, model: Model = ONE) -> None:
        for _ in range(5):
            self.call(BAD, model)


@pytest.fixture
def bench() -> Bench:
    return Bench()


# --- breakers -------------------------------------------------------------------------------


def test_an_open_breaker_refuses_its_own_model_only(bench: Bench) -> None:
    """CB-01, CB-08."""
    bench.trip()
    assert bench.health.view(ONE).state == "open"
    assert bench.blocked(ONE) == ("breaker open", 60)
    assert bench.blocked(TWO) is None


def test_an_origin_that_cannot_be_reached_is_left_alone_by_all_its_models(bench: Bench) -> None:
    for model in (ONE, TWO, ONE, TWO, ONE):
        bench.call(BAD, model, connect_failure=True)
    unseen = make_model("alpha", "unseen")
    for model in (ONE, TWO, unseen):
        assert bench.blocked(model) == ("origin unreachable", 60)
        assert bench.health.view(model).state == "open"
    assert bench.blocked(THREE) is None
    bench.clock.advance(60)
    bench.call(GOOD, TWO)
    bench.call(THROTTLED, TWO, retry_after_s=0)  # an answer, so there is a connection
    assert bench.health.view(unseen).state == "closed"


def test_a_server_that_fails_once_it_is_reached_does_not_count_against_its_origin(
    bench: Bench,
) -> None:
    bench.trip(ONE)
    bench.trip(TWO)
    assert bench.blocked(make_model("alpha", "unseen")) is None


def test_a_change_names_what_it_is_about(bench: Bench) -> None:
    """CB-07."""
    for _ in range(5):
        bench.call(BAD, connect_failure=True)
    facts = {"provider": "alpha", "state": "open", "failure_count": 5, "action": "opened"}
    assert bench.changes == [Change(model="one", **facts), Change(model=None, **facts)]  # type: ignore[arg-type]


def test_an_administrator_overrules_the_breaker(bench: Bench) -> None:
    bench.health.force_open(ONE)
    assert bench.blocked() == ("breaker open", None)
    bench.clock.advance(1e6)
    assert bench.blocked() == ("breaker open", None)
    bench.health.disable(ONE)
    for _ in range(20):
        bench.call(BAD)
    assert bench.health.view(ONE).failure_rate == 0
    bench.health.only_measure(ONE)
    for _ in range(20):
        bench.call(BAD)
    assert (bench.health.view(ONE).failure_rate, bench.blocked()) == (1, None)
    bench.health.normal(ONE)
    bench.trip()
    assert bench.blocked() == ("breaker open", 60)


def test_only_the_first_report_of_a_permit_counts(bench: Bench) -> None:
    permit = bench.admit()
    other = bench.admit()
    for _ in range(20):
        bench.end(permit, BAD)
    view = bench.health.view(ONE)
    assert (view.state, view.in_flight) == ("closed", 1)
    bench.end(other, GOOD)
    assert bench.health.view(ONE).in_flight == 0


# --- when all are open ----------------------------------------------------------------------


def test_when_all_are_open_there_is_one_forced_probe_a_second(
    bench: Bench,
) -> None:
    bench.trip(ONE)
    bench.clock.advance(10)
    bench.trip(THREE)
    models = [THREE, ONE]
    assert bench.health.all_resting(models)
    assert not bench.health.all_resting([*models, TWO])
    probes = 0
    for _ in range(40):  # four seconds
        for model in models:
            answer = bench.health.admit_forced(model)
            if isinstance(answer, Permit):
                probes += 1
                bench.end(answer, BAD)
        bench.clock.advance(0.1)
    assert probes == 4
    assert bench.wait_s(ONE) == pytest.approx(46)  # not made longer


def test_a_forced_probe_that_succeeds_ends_the_wait(bench: Bench) -> None:
    bench.trip()
    permit = bench.health.admit_forced(ONE)
    assert isinstance(permit, Permit)
    bench.end(permit, GOOD)
    assert bench.health.view(ONE).state == "half_open"
    bench.call(GOOD)
    assert bench.health.view(ONE).state == "closed"


def test_force_passes_no_gate_but_an_open_breaker(bench: Bench) -> None:
    """A throttled, refused, busy or forbidden endpoint is not called whatever the need."""
    busy = [bench.admit(ONE) for _ in range(9 - 1)]
    bench.call(THROTTLED, TWO, retry_after_s=30)
    bench.call(AUTH, THREE)
    forbidden = make_model("gamma")
    bench.health.force_open(forbidden)
    models = (ONE, TWO, THREE, forbidden)
    reasons = [
        answer.reason for m in models if isinstance(answer := bench.health.admit_forced(m), Blocked)
    ]
    assert reasons == ["busy", "throttled", "credential refused", "breaker open"]
    assert not bench.health.all_resting([ONE])
    for permit in busy:
        bench.end(permit, GOOD)


def test_force_adds_no_probe_to_those_under_way(bench: Bench) -> None:
    bench.trip()
    bench.clock.advance(60)
    probes = [bench.admit() for _ in range(3)]
    assert bench.health.admit_forced(ONE) == Blocked("breaker open", 1.0)
    assert not bench.health.all_resting([ONE])
    for probe in probes:
        bench.end(probe, GOOD)
    assert bench.health.view(ONE).state == "closed"


def test_force_is_not_spent_where_it_is_not_needed(bench: Bench) -> None:
    bench.trip(ONE)
    for _ in range(3):
        assert isinstance(bench.health.admit_forced(TWO), Permit)
    assert isinstance(bench.health.admit_forced(ONE), Permit)


# --- throttling -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        (7.5, 7.5),
        (0.0, None),
        (-5.0, None),
        (300.0, 300),
        (1e9, 300),
        (math.inf, 300),
        (math.nan, 0.5),
        (None, 0.5),
    ],
)
def test_a_throttled_endpoint_rests_for_as_long_as_it_asked(
    bench: Bench, asked: float | None, wait: float | None
) -> None:
    """F-2."""
    bench.call(THROTTLED, retry_after_s=asked)
    if wait is None:
        assert bench.blocked() is None
        return
    assert bench.blocked() == ("throttled", wait)
    bench.clock.advance(wait - 0.001)
    assert bench.wait_s() == pytest.approx(0.001)
    bench.clock.advance(0.001 + 1e-9)
    assert bench.blocked() is None


def test_without_a_word_the_rest_doubles_to_a_minute_and_an_answer_ends_the_row(
    bench: Bench,
) -> None:
    def rest() -> float:
        bench.call(THROTTLED)
        wait_s = bench.wait_s()
        bench.clock.advance(wait_s)
        return wait_s

    rests = [rest() for _ in range(9)]
    assert rests == pytest.approx([0.5, 1, 2, 4, 8, 16, 30, 30, 30])  # each is half: the draw
    bench.call(GOOD)
    assert rest() == pytest.approx(0.5)


def test_a_wave_of_refusals_is_one(bench: Bench) -> None:
    wave = [bench.admit() for _ in range(8)]
    bench.clock.advance(1)
    for permit in wave:
        bench.end(permit, THROTTLED)
    assert bench.blocked() == ("throttled", 0.5)
    assert bench.health.view(ONE).limit == 5  # cut once, from 8


def test_a_shorter_wait_does_not_undo_a_longer_one(bench: Bench) -> None:
    first, second = bench.admit(), bench.admit()
    bench.end(first, THROTTLED, retry_after_s=60)
    bench.end(second, THROTTLED, retry_after_s=1)
    assert bench.blocked() == ("throttled", 60)


def test_a_storm_of_throttling_trips_nothing_and_is_never_answered_early(bench: Bench) -> None:
    """F-2."""
    models = (ONE, TWO, THREE)
    not_before = dict.fromkeys(models, 0.0)
    calls = retries = 0
    for tick in range(3000):
        for model in models:
            answer = bench.health.admit(model)
            if isinstance(answer, Permit):
                assert bench.clock.now >= not_before[model]
                asked = [5.0, 0.0, -1.0, 2.5][tick % 4]
                not_before[model] = bench.clock.now + max(asked, 0.0)
                bench.end(answer, THROTTLED, retry_after_s=asked)
                calls += 1
                retries += bench.health.may_retry(model)
        bench.clock.advance(0.1)
    assert calls > 100
    assert retries <= calls / 10
    assert bench.changes == []
    assert {bench.health.view(model).state for model in models} == {"closed"}


# --- credentials ----------------------------------------------------------------------------


def test_a_refused_credential_rests_its_provider_and_is_told_once(bench: Bench) -> None:
    under_way = [bench.admit(ONE), bench.admit(TWO)]
    bench.call(AUTH, ONE)
    assert bench.blocked(ONE) == ("credential refused", 600)
    assert bench.blocked(TWO) == ("credential refused", 600)
    assert bench.blocked(make_model("alpha", "unseen")) == ("credential refused", 600)
    assert bench.blocked(THREE) is None
    bench.end(under_way[0], AUTH)
    bench.end(under_way[1], GOOD)  # was let in before the refusal
    assert bench.blocked(ONE) == ("credential refused", 600)
    assert bench.health.view(ONE).state == "closed"
    bench.clock.advance(600)
    bench.call(AUTH, ONE)
    assert bench.blocked(TWO) == ("credential refused", 600)
    assert bench.credentials == [("alpha", False)]


def test_one_call_at_a_time_tries_a_refused_credential_again(bench: Bench) -> None:
    bench.call(AUTH)
    bench.clock.advance(600)
    for outcome in (Outcome.CANCELLED, THROTTLED, BAD, Outcome.SLOW):  # these prove nothing
        probe = bench.admit(TWO)
        reason = bench.blocked(ONE)
        assert reason == ("credential refused", 1)
        bench.end(probe, outcome, retry_after_s=0)
    bench.call(GOOD, TWO)
    assert bench.blocked(ONE) is None
    assert bench.credentials == [("alpha", False), ("alpha", True)]


def test_a_new_secret_is_tried_at_once(bench: Bench) -> None:
    with_old_secret = bench.admit()
    bench.call(AUTH)
    bench.health.renew_credential("alpha")
    assert bench.blocked() is None
    bench.end(with_old_secret, AUTH)
    assert bench.blocked() is None
    assert bench.health.snapshot()[0].credential_accepted


# --- concurrency ----------------------------------------------------------------------------


def test_a_full_endpoint_is_busy_until_a_call_ends(bench: Bench) -> None:
    permits = [bench.admit() for _ in range(8)]
    view = bench.health.view(ONE)
    assert (view.in_flight, view.limit) == (8, 8)
    assert bench.blocked() == ("busy", None)
    bench.end(permits[0], Outcome.CANCELLED)
    assert bench.blocked() is None


@pytest.mark.parametrize(("ceiling", "limits"), [(10, [8, 9, 10, 10]), (3, [3, 3]), (1, [1, 1])])
def test_the_limit_grows_by_one_for_each_full_round_of_successes(
    ceiling: int, limits: list[int]
) -> None:
    bench = Bench(ceilings={"alpha": ceiling})
    seen = [bench.health.view(ONE).limit]
    for _ in limits[1:]:
        permits = [bench.admit() for _ in range(seen[-1])]
        for permit in permits:
            bench.end(permit, GOOD)
        seen.append(bench.health.view(ONE).limit)
    assert seen == limits


def test_successes_that_do_not_fill_the_limit_do_not_raise_it(bench: Bench) -> None:
    for _ in range(100):
        bench.call(GOOD)
    assert bench.health.view(ONE).limit == 8


def test_time_outs_and_throttling_cut_the_limit_down_to_one_at_least(bench: Bench) -> None:
    limits = []
    for turn in range(8):
        bench.clock.advance(20)  # never many failures at once
        permit = bench.admit()
        if turn % 2:
            bench.end(permit, THROTTLED, retry_after_s=0)
        else:
            bench.end(permit, BAD, timed_out=True)
        limits.append(bench.health.view(ONE).limit)
    assert limits == [5, 3, 2, 1, 1, 1, 1, 1]


# --- retries --------------------------------------------------------------------------------


def test_retries_are_a_tenth_of_the_requests_and_one_a_second() -> None:
    bench = Bench(ceilings=MANY)
    for _ in range(200):
        bench.call(GOOD)
    assert sum(bench.health.may_retry(TWO) for _ in range(100)) == 30  # one origin, one budget
    assert sum(bench.health.may_retry(THREE) for _ in range(100)) == 10
    bench.clock.advance(10)
    assert sum(bench.health.may_retry(ONE) for _ in range(100)) == 10


def test_there_are_no_retries_while_most_calls_fail(bench: Bench) -> None:
    for _ in range(4):
        bench.call(BAD)
    assert bench.health.may_retry(ONE)
    bench.call(BAD, TWO)
    assert not bench.health.may_retry(ONE)
    bench.call(GOOD, TWO)
    assert bench.health.may_retry(ONE)


def test_a_third_of_failures_does_not_end_retries(bench: Bench) -> None:
    """AT-413."""
    for _ in range(100):
        bench.call(GOOD)
        bench.call(GOOD)
        bench.call(BAD)
        assert bench.health.may_retry(ONE)
        bench.clock.advance(1)


@pytest.mark.parametrize(
    ("earlier", "delay_s"), [(0, 0.05), (1, 0.1), (2, 0.2), (3, 0.4), (9, 1.0), (10**6, 1.0)]
)
def test_each_retry_waits_longer_but_not_long(bench: Bench, earlier: int, delay_s: float) -> None:
    assert bench.health.retry_delay_s(earlier) == pytest.approx(delay_s)


# --- what is shown --------------------------------------------------------------------------


def test_latencies_are_those_of_the_last_answers(bench: Bench) -> None:
    assert bench.health.view(ONE).p50_ms is None
    for number in range(1000, 0, -1):
        permit = bench.admit()
        bench.end(permit, GOOD, latency_s=number / 1000, ttft_s=number / 10_000)
    for _ in range(4):
        bench.end(bench.admit(), Outcome.CLIENT, latency_s=99)
    view = bench.health.view(ONE)
    assert (view.p50_ms, view.p95_ms) == pytest.approx((32, 61))  # of 64, 63, ... 1
    assert view.p50_ttft_ms == pytest.approx(3.2)


def test_an_endpoint_that_was_never_called_looks_well(bench: Bench) -> None:
    view = bench.health.view(ONE)
    assert (view.state, view.blocked, view.in_flight, view.limit) == ("closed", None, 0, 8)
    assert bench.health.snapshot() == ()


def test_the_snapshot_shows_every_endpoint_by_provider(bench: Bench) -> None:
    """CB-03."""
    late = bench.admit(TWO)
    bench.trip(TWO)
    bench.end(late, GOOD)
    bench.call(GOOD, ONE)
    bench.call(AUTH, THREE)
    alpha, beta = bench.health.snapshot()
    assert (alpha.provider, beta.provider) == ("alpha", "beta")
    assert [model for model, _ in alpha.endpoints] == [TWO, ONE]
    assert [view for _, view in alpha.endpoints] == [bench.health.view(m) for m in (TWO, ONE)]
    assert (alpha.credential_accepted, alpha.stale_results) == (True, 1)
    assert (beta.credential_accepted, beta.stale_results) == (False, 0)


def test_no_more_endpoints_are_remembered_than_agreed_and_troubled_ones_longest() -> None:
    bench = Bench(most_endpoints=3)
    bench.trip(ONE)
    held = bench.admit(THREE)
    for number in range(50):
        bench.call(GOOD, make_model("gamma", str(number), origin=f"https://{number}.test"))
    kept = [model for health in bench.health.snapshot() for model, _ in health.endpoints]
    assert kept == [ONE, THREE, make_model("gamma", "49", origin="https://49.test")]
    assert bench.blocked(ONE) == ("breaker open", 60)
    for number in range(3):  # nothing but trouble: the oldest goes
        bench.trip(make_model("delta", str(number)))
    kept = [model for health in bench.health.snapshot() for model, _ in health.endpoints]
    assert kept == [make_model("delta", str(number)) for number in range(3)]
    bench.end(held, GOOD)


def test_an_origin_is_not_forgotten_to_make_room_for_one_of_its_own() -> None:
    bench = Bench(most_endpoints=1)
    for _ in range(5):
        bench.call(BAD, ONE, connect_failure=True)
    assert bench.blocked(TWO) == ("origin unreachable", 60)
