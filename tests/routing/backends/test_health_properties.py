"""What holds for the gates together, whatever the order of calls, ends and time."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pointsman.settings import BreakerSettings
from pointsman.types import Outcome
from routing.backends.health import Blocked, Health, Permit
from tests.fakes import SteadyClock, make_model

MODELS = [
    make_model("alpha", "one"),
    make_model("alpha", "two"),
    make_model("beta", "three", origin="https://alpha.test"),
    make_model("gamma", "four"),
]
ENDS = st.fixed_dictionaries(
    {
        "outcome": st.sampled_from([*Outcome, Outcome.SUCCESS, Outcome.FAILURE]),
        "ttft_s": st.sampled_from([None, 0.5]),
        "retry_after_s": st.sampled_from([None, -1.0, 0.0, 3.0, 1e9]),
        "connect_failure": st.booleans(),
        "timed_out": st.booleans(),
    }
)


class Gates(RuleBasedStateMachine):
    @initialize(most=st.sampled_from([2, 100]), draw=st.floats(0, 1, exclude_max=True))
    def build(self, most: int, draw: float) -> None:
        self.time = SteadyClock()
        self.health = Health(
            BreakerSettings(),
            self.time.clock(),
            lambda: draw,
            ceilings={"gamma": 3},
            most_endpoints=most,
        )
        self.held: list[Permit] = []
        self.forced_at = float("-inf")

    @rule(place=st.integers(0, 3), number=st.integers(1, 12))
    def admit(self, place: int, number: int) -> None:
        """CB-08: no call reaches an open backend, and the view foretells every answer."""
        model = MODELS[place]
        for _ in range(number):
            view, answer = self.health.view(model), self.health.admit(model)
            if isinstance(answer, Blocked):
                assert (answer.reason, answer.retry_in_s) == (view.blocked, view.retry_in_s)
            else:
                assert view.blocked is None
                assert view.state != "open"
                assert view.in_flight < view.limit
                self.held.append(answer)

    @rule(place=st.integers(0, 3), tries=st.integers(1, 3))
    def admit_by_force(self, place: int, tries: int) -> None:
        model = MODELS[place]
        for _ in range(tries):
            view, answer = self.health.view(model), self.health.admit_forced(model)
            if isinstance(answer, Permit):
                self.held.append(answer)
                if view.blocked:
                    assert view.state == "open"
                    assert self.time.now - self.forced_at >= 1
                    self.forced_at = self.time.now

    @rule(place=st.integers(0, 40), number=st.integers(1, 8), end=ENDS)
    def report(self, place: int, number: int, end: dict[str, Any]) -> None:
        for _ in range(min(number, len(self.held))):
            permit = self.held.pop(place % len(self.held))
            for _ in range(2):  # the second time has no effect
                self.health.report(permit, latency_s=1.0, **end)

    @rule(seconds=st.sampled_from([0.1, 1.0, 3.0, 60.0, 61.0, 120.0, 300.0, 600.0]))
    def wait(self, seconds: float) -> None:
        self.time.advance(seconds)

    @invariant()
    def all_calls_are_accounted_for(self) -> None:
        kept = [(m, view) for health in self.health.snapshot() for m, view in health.endpoints]
        for model, view in kept:
            mine = sum(permit.endpoint.model is model for permit in self.held)
            assert 0 <= view.in_flight <= mine
            assert view.limit >= 1
            assert self.health.view(model) == view

    def teardown(self) -> None:
        """With every permit back nothing is in flight, and backends that are well serve again."""
        for permit in self.held:
            self.health.report(permit, Outcome.CANCELLED, latency_s=1.0)
        for health in self.health.snapshot():
            assert all(view.in_flight == 0 for _, view in health.endpoints)
        for model in MODELS:
            for _ in range(2):
                self.time.advance(1200)
                for _ in range(2):
                    answer = self.health.admit(model)
                    assert isinstance(answer, Permit)
                    self.health.report(answer, Outcome.SUCCESS, latency_s=1.0, ttft_s=0.5)
            view = self.health.view(model)
            assert (view.state, view.blocked) == ("closed", None)


TestGates = Gates.TestCase
TestGates.settings = settings(
    max_examples=100, stateful_step_count=30, deadline=None, database=None, derandomize=True
)
