"""What moves a score, and which way: every claim that the documentation makes of it."""

from dataclasses import replace
from math import log1p

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.evidence import Observed, Profile, Terms
from pointsman.records import Analysis, Call
from pointsman.seams import EndpointView, Insight, Standing
from pointsman.settings import PreferenceSettings
from routing.choice.decide import Router
from routing.choice.quality import expected_quality
from routing.choice.score import BASE, expected_cost, read_signals, score_of, weights_for
from tests.fakes import make_model, price
from tests.routing.deciding import (
    LARGE,
    MODELS,
    SMALL,
    TINY,
    analyses,
    analysis,
    ask,
    calls,
    experience,
    held,
    make_router,
    routers,
    winner,
)

EVERY: tuple[Profile, ...] = ("balanced", "quality", "cheap", "fast", "local", "orchestrator")


@given(routers(held), calls, analyses)
def test_the_factors_sum_to_the_score_and_the_order_is_that_of_the_scores(
    made: tuple[Router, Insight], call: Call, seen: Analysis
) -> None:
    """RT-06: every factor is shown, and nothing else decides."""
    router, insight = made
    decision = router.decide(call, seen, insight)
    for candidate in decision.candidates:
        assert score_of(candidate.factors) == candidate.score
    plan = [c.score for c in decision.plan]
    assert plan == sorted(plan, reverse=True)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.sampled_from([SMALL, TINY]))
def test_a_higher_p_strong_never_favours_a_weaker_model_against_a_strong_one(
    one: float, other: float, measured: float, weaker: object
) -> None:
    low, high = sorted((one, other))
    gaps = [
        expected_quality(LARGE, analysis(p), measured)
        - expected_quality(weaker, analysis(p), measured)  # type: ignore[arg-type]
        for p in (low, high)
    ]
    assert gaps[0] <= gaps[1] + 1e-12


@given(st.floats(0, 1))
def test_of_two_unmeasured_models_the_one_of_the_higher_tier_is_expected_to_be_no_worse(
    p_strong: float,
) -> None:
    qualities = [expected_quality(m, analysis(p_strong), None) for m in MODELS]
    assert qualities == sorted(qualities, reverse=True)
    assert all(0 <= quality <= 1 for quality in qualities)


@given(st.floats(0, 1), st.floats(0, 1), analyses)
def test_a_better_benchmark_score_never_lowers_the_expected_quality(
    one: float, other: float, seen: Analysis
) -> None:
    low, high = sorted((one, other))
    assert expected_quality(SMALL, seen, low) <= expected_quality(SMALL, seen, high)


def test_category_probabilities_count_more_than_the_label() -> None:
    sure = analysis(category="coding")
    torn = replace(sure, probabilities={"coding": 0.5, "language": 0.5})
    assert expected_quality(LARGE, torn, None) == pytest.approx(0.85)
    assert expected_quality(LARGE, sure, None) == pytest.approx(0.80)


@given(routers(least=2), calls, analyses, st.floats(0, 1))
def test_a_lower_price_never_lowers_a_score_nor_its_place(
    made: tuple[Router, Insight], call: Call, seen: Analysis, share: float
) -> None:
    router, insight = made
    name = router.models[0].name
    dear = replace(router.models[0], tier="cheap", price=price(5, 20))
    cheap = replace(dear, price=price(5 * share, 20 * share))
    before, after = (
        replace(router, models=(model, *router.models[1:])).decide(call, seen, insight).candidates
        for model in (dear, cheap)
    )
    places = [[c.model.name for c in them].index(name) for them in (before, after)]
    assert places[1] <= places[0]
    assert after[places[1]].score >= before[places[0]].score


@given(st.integers(0, 8), st.integers(0, 8))
def test_more_calls_in_flight_never_raise_a_score(one: int, other: int) -> None:
    few, many = sorted((one, other))
    signals = [
        read_signals(SMALL, Observed(in_flight=n, limit=8), Terms(), analysis())[0].load
        for n in (few, many)
    ]
    assert signals[0] <= signals[1]


@given(st.floats(1, 1e6), st.floats(1, 1e6), st.floats(0.01, 600))
def test_a_slower_model_is_never_scored_higher_and_a_deadline_makes_it_worse(
    one: float, other: float, deadline_s: float
) -> None:
    quick, slow = sorted((one, other))

    def total(latency_ms: float, deadline: float | None) -> float:
        observed, terms = Observed(latency_ms=latency_ms), Terms(deadline_s=deadline)
        signals, _ = read_signals(SMALL, observed, terms, analysis())
        return signals.total(weights_for("balanced", {}))

    assert total(quick, deadline_s) >= total(slow, deadline_s)
    assert total(slow, None) >= total(slow, deadline_s)


def test_a_model_that_usually_misses_the_deadline_is_passed_by() -> None:
    """RT-13: response-time requirements."""
    views = {LARGE.name: EndpointView(p50_ms=9_000), SMALL.name: EndpointView(p50_ms=800)}
    router, hard = make_router((LARGE, SMALL), views), analysis(0.6)
    assert winner(router, ask(), hard) == LARGE.name
    decision = router.decide(ask(deadline_s=2.0), hard)
    assert decision.plan[0].model is SMALL
    assert "latency" in decision.plan[1].reason
    assert decision.plan[1].factors.latency < -0.5


def test_a_prompt_cache_that_would_be_lost_counts_at_what_it_is_worth() -> None:
    """A conversation stays where its tokens are cheaper, and the factor says what leaving costs."""
    rates = price(3, 6).tiers[0]
    cached = replace(price(3, 6), tiers=(replace(rates, cached_input=rates.input // 10),))
    here, there = (
        make_model("here", "a", cost=cached),
        make_model("there", "b", cost=price(2.9, 6)),
    )
    router = make_router((here, there))
    assert winner(router, ask(), analysis()) == there.name
    insight = experience(a=Standing(cached_tokens=4_000))
    decision = router.decide(ask(), analysis(input_tokens=4_100), insight)
    assert decision.plan[0].model is here
    saved = log1p(0.0132 / 0.002) - log1p((0.0132 - 0.0108) / 0.002)
    assert [c.factors.continuity for c in decision.plan] == [
        0.0,
        pytest.approx(-BASE.continuity * saved, abs=0.001),
    ]


def test_what_was_learned_of_a_model_is_a_factor_of_its_own() -> None:
    twins = make_model("p", "a"), make_model("p", "b")
    decision = make_router(twins).decide(
        ask(), analysis(), experience(b=Standing(learned=0.05, notes=("9 ratings",)))
    )
    assert [c.model.id for c in decision.plan] == ["b", "a"]
    assert [c.factors.learned for c in decision.plan] == [0.05, 0.0]
    assert decision.plan[0].reason.startswith("0.050 ahead of p/a: learned")


@given(analyses)
def test_the_strong_share_grows_from_cheap_over_balanced_to_quality(seen: Analysis) -> None:
    """What is worth the strong model to a profile is worth it to every one that cares more."""
    router = make_router((LARGE, SMALL))
    strong = [
        winner(router, ask(prefer=prefer), seen) == LARGE.name
        for prefer in ("cheap", "balanced", "quality")
    ]
    assert strong == sorted(strong)


@pytest.mark.parametrize(
    ("prefer", "expected"),
    [
        ("balanced", SMALL.name),
        ("quality", LARGE.name),
        ("cheap", SMALL.name),
        ("local", TINY.name),
    ],
)
def test_each_preference_leads_to_its_model(prefer: str, expected: str) -> None:
    assert winner(make_router(), ask(prefer=prefer), analysis(0.08)) == expected


def test_fast_takes_the_model_that_answers_first() -> None:
    views = {SMALL.name: EndpointView(p50_ms=5_000), LARGE.name: EndpointView(p50_ms=500)}
    router = make_router((LARGE, SMALL), views)
    assert winner(router, ask(), analysis(0.05)) == SMALL.name
    assert winner(router, ask(prefer="fast"), analysis(0.05)) == LARGE.name


def test_the_call_is_heard_before_the_user_and_the_user_before_the_settings() -> None:
    """RT-04: preferences of a user."""
    preferences = {"ada": PreferenceSettings(prefer="quality"), "bob": PreferenceSettings()}
    router = make_router(profile="local", preferences=preferences)
    told = {
        (user, prefer): router.decide(ask(user=user, prefer=prefer), analysis()).terms.profile
        for user in ("ada", "bob", None)
        for prefer in (None, "cheap")
    }
    assert told == {
        ("ada", None): "quality",
        ("bob", None): "local",
        (None, None): "local",
        ("ada", "cheap"): "cheap",
        ("bob", "cheap"): "cheap",
        (None, "cheap"): "cheap",
    }


def test_a_liking_moves_the_choice_and_is_told() -> None:
    """RT-04: a model that a user likes, or does not."""
    twins = make_model("p", "a"), make_model("p", "b")
    preferences = {"ada": PreferenceSettings(models={"p/b": 0.5, "a": -1.0})}
    decision = make_router(twins, preferences=preferences).decide(ask(user="ada"), analysis())
    assert [(c.model.id, c.factors.preference) for c in decision.plan] == [("b", 0.15), ("a", -0.3)]


def test_a_price_that_nobody_knows_is_taken_for_a_high_one() -> None:
    unknown = replace(make_model("p", "a"), price=None)
    decision = make_router((unknown, SMALL)).decide(ask(), analysis())
    assert decision.plan[0].model is SMALL
    assert decision.plan[1].factors.cost < decision.plan[0].factors.cost


@settings(max_examples=25)
@given(st.sampled_from(EVERY), st.floats(0.1, 3))
def test_a_weight_that_is_changed_scales_its_factor(profile: Profile, by: float) -> None:
    usual, changed = (weights_for(profile, changes) for changes in ({}, {"cost": BASE.cost * by}))
    signals, _ = read_signals(LARGE, Observed(), Terms(), analysis())
    assert signals.factors(changed).cost == pytest.approx(
        signals.factors(usual).cost * by, abs=1e-5
    )
    assert replace(signals.factors(changed), cost=0) == replace(signals.factors(usual), cost=0)


def test_the_cost_expected_is_that_of_the_prompt_and_a_likely_answer() -> None:
    terms = Terms(output_tokens=200)
    assert expected_cost(LARGE, terms, analysis(input_tokens=1_000)) == 2_500_000 + 2_000_000


def test_a_trivial_prompt_unlike_all_that_was_labelled_hardly_needs_the_strong_tier() -> None:
    """A greeting goes to the cheap model, though p_strong there is little more than the prior."""

    def quality(support: float, complexity: float) -> float:
        seen = analysis(0.1, support=support, complexity=complexity)
        return expected_quality(SMALL, seen, None)

    assert quality(0.0, 0.01) > quality(0.0, 0.05) > quality(0.0, 0.2)
    assert quality(1.0, 0.01) == quality(1.0, 0.2) == quality(0.0, 0.2)
