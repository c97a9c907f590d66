"""Recorded calls decided again: what is counted, what is estimated, and how surely."""

from dataclasses import replace

import pytest

from pointsman.money import Usage
from pointsman.records import Decision
from pointsman.seams import EndpointView
from pointsman.settings import RoutingSettings
from routing.choice.replay import Case, replay
from tests.routing.deciding import LARGE, SMALL, analysis, ask, make_router

USED = Usage(input_tokens=1_000, output_tokens=100)
CHEAP, STRONG = 210_000, 3_500_000  # what `USED` costs at the two models, in nano-dollars


def decided(p_strong: float, prefer: str | None = None) -> Decision:
    return make_router((LARGE, SMALL)).decide(ask(prefer=prefer), analysis(p_strong))


def case(decision: Decision, latency_ms: float = 100.0, rating: float | None = None) -> Case:
    model = decision.plan[0].model
    assert model.price is not None
    return Case(
        decision=decision,
        answered_by=model.name,
        cost=model.price.cost(USED),
        usage=USED,
        latency_ms=latency_ms,
        rating=rating,
    )


def test_a_replay_under_the_same_settings_changes_nothing() -> None:
    """LN-03: decisions are made again from what was recorded."""
    cases = [case(decided(p / 20)) for p in range(20)]
    made = replay(cases, RoutingSettings())
    assert made is not None
    assert (made.calls, made.changed, made.moves, made.examples) == (20, 0, {}, ())
    assert made.cost_usd is not None
    assert made.cost_usd.recorded == made.cost_usd.again
    assert made.quality.change.low == made.quality.change.high == 0


def test_what_goes_elsewhere_costs_the_other_price_at_the_tokens_that_were_used() -> None:
    cases = [case(decided(0.02), 100)] * 3 + [case(decided(0.25), 900, rating=-0.5)] * 2
    made = replay(cases, RoutingSettings(profile="cheap"))
    assert made is not None
    assert made.cost_usd is not None
    assert made.cost_usd.recorded.value == pytest.approx((3 * CHEAP + 2 * STRONG) / 1e9)
    assert made.cost_usd.again.value == pytest.approx(5 * CHEAP / 1e9)
    assert made.cost_usd.change.value == pytest.approx(5 * CHEAP / (3 * CHEAP + 2 * STRONG) - 1)
    assert made.moves == {"alpha/large -> alpha/small": 2}
    assert made.p95_ms.recorded.value > made.p95_ms.again.value == 100
    assert made.quality.change.value < 0
    assert (made.rated, made.rating_of_changed) == (2, -0.5)
    (of,) = made.categories
    assert (of.category, of.calls, of.changed) == ("general", 5, 2)


def test_the_intervals_hold_the_figure_and_a_seed_gives_them_again() -> None:
    """X-46: a figure without an interval says nothing."""
    cases = [case(decided(p / 200), 50 + p) for p in range(200)]
    first, again, other = (
        replay(cases, RoutingSettings(profile="quality"), seed=seed) for seed in (1, 1, 2)
    )
    assert first == again != other
    assert first is not None
    assert first.cost_usd is not None
    for measure in (first.cost_usd, first.quality, first.p50_ms, first.p95_ms):
        for interval in (measure.recorded, measure.again, measure.change):
            assert interval.low <= interval.value <= interval.high
    assert first.cost_usd.change.low > 0


def test_a_callers_own_preference_outlives_a_change_of_profile() -> None:
    made = replay([case(decided(0.5, "quality"))], RoutingSettings(profile="cheap"))
    assert made is not None
    assert made.changed == 0


def test_a_preference_of_a_user_and_a_tier_can_be_tried() -> None:
    cases = [case(decided(0.02))]
    preferences = {"local": {"models": {"large": 1.0}}}
    liked = replay(cases, RoutingSettings.model_validate({"preferences": preferences}))
    tiered = replay(cases, RoutingSettings(cheap=("large",)))
    assert liked is not None
    assert liked.changed == 1
    assert tiered is not None
    assert tiered.changed == 0


def test_a_model_that_was_held_back_then_is_held_back_again() -> None:
    views = {LARGE.name: EndpointView(blocked="breaker open", state="open", retry_in_s=9.0)}
    decision = make_router((LARGE, SMALL), views).decide(ask(), analysis(0.5))
    made = replay([case(decision)], RoutingSettings(profile="quality"))
    assert made is not None
    assert made.changed == 0


def test_a_decision_that_recorded_too_little_is_left_out() -> None:
    decision = decided(0.5)
    bare = tuple(replace(c, expected=None) for c in decision.candidates)
    assert replay([case(replace(decision, candidates=bare))], RoutingSettings()) is None
    assert replay([], RoutingSettings()) is None


def test_a_cost_that_nobody_knows_is_counted_out_and_told() -> None:
    known, unknown = case(decided(0.02)), replace(case(decided(0.02)), cost=None)
    made = replay([known, unknown], RoutingSettings())
    assert made is not None
    assert made.unpriced == 1
    assert made.cost_usd is not None
    assert made.cost_usd.recorded.value == pytest.approx(CHEAP / 1e9)
    alone = replay([unknown], RoutingSettings())
    assert alone is not None
    assert alone.cost_usd is None
