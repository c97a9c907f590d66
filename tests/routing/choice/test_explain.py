"""What is said of a decision is true: whatever would have changed it does change it."""

import re
from collections.abc import Callable
from dataclasses import replace
from math import ceil

import pytest
from hypothesis import assume, event, given, settings

from pointsman.evidence import First
from pointsman.money import NANO_PER_USD, Price, Rates
from pointsman.records import Analysis, BreakerState, Call, Decision
from pointsman.seams import EndpointView, Insight, Standing
from routing.choice.decide import Router
from routing.choice.explain import Change, explain
from routing.choice.rank import Seen, again, seen
from routing.choice.suppose import WhatIf, supposing
from tests.fakes import make_model, price
from tests.routing.deciding import (
    LARGE,
    MODELS,
    OPEN,
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
)


def front(decision: Decision) -> str:
    return decision.plan[0].model.name


def price_of(decision: Decision, name: str, by: float) -> WhatIf:
    """The price of that model, times `by`."""
    model = next(c.model for c in decision.candidates if c.model.name == name)
    assert model.price is not None
    (rates,) = model.price.tiers
    scaled = Rates(input=round(rates.input * by), output=round(rates.output * by))
    return WhatIf(prices={name: Price(tiers=(scaled,), source="test")})


def let_in(decision: Decision, name: str) -> Decision:
    def free(one: Seen) -> Seen:
        if one.model.name != name:
            return one
        return replace(one, observed=replace(one.observed, blocked=None, retry_in_s=None))

    return again(decision, considered=[free(one) for one in seen(decision)])


def scaled(decision: Decision, name: str, by: float) -> Decision:
    return supposing(decision, price_of(decision, name, by))


def under(decision: Decision, **terms: object) -> Decision:
    return again(decision, terms=replace(decision.terms, **terms))  # type: ignore[arg-type]


def at(decision: Decision, p_strong: object) -> Decision:
    return again(decision, analysis=replace(decision.analysis, p_strong=p_strong))  # type: ignore[arg-type]


def cap(usd: object) -> int:
    assert isinstance(usd, float)
    return ceil(usd * NANO_PER_USD)


def share(percent: object) -> float:
    assert isinstance(percent, float)
    return percent / 100


# The decision again, with what a change says having been so.
APPLIED: dict[str, Callable[[Decision, Change], list[Decision]]] = {
    "p_strong": lambda d, c: [at(d, c.value)],
    "price": lambda d, c: [scaled(d, c.model, 1 - share(c.value))],
    "rise": lambda d, c: [scaled(d, front(d), 1 + share(c.value))],
    "prefer": lambda d, c: [under(d, profile=p) for p in str(c.value).split("|")],
    "held": lambda d, c: [let_in(d, c.model)],
    "claim": lambda d, _: [under(d, firsts=())],
    "deadline": lambda d, _: [under(d, deadline_s=None)],
    "price_cap": lambda d, c: [under(d, max_cost=cap(c.value))],
}


@settings(max_examples=400, deadline=None)
@given(routers(held, least=2) | routers(held, least=2, claimed=True), calls, analyses)
def test_whatever_is_said_to_change_a_decision_does(
    made: tuple[Router, Insight], call: Call, look: Analysis
) -> None:
    """RT-06: the explanation is computed, and every claim in it holds."""
    router, insight = made
    decision = router.decide(call, look, insight)
    assume(decision.plan)
    for change in explain(decision).would_change:
        event(change.kind)
        assert change.model != front(decision)
        for other in APPLIED[change.kind](decision, change):
            assert front(other) == change.model, change.text


@given(routers(least=2), calls, analyses)
def test_the_runner_up_is_the_next_best_and_the_margin_is_what_it_lacks(
    made: tuple[Router, Insight], call: Call, look: Analysis
) -> None:
    router, insight = made
    decision = router.decide(call, look, insight)
    why = explain(decision)
    second = decision.plan[1]
    assert why.margin == pytest.approx(decision.plan[0].score - second.score, abs=1e-6)
    assert why.runner_up in {c.model.name for c in decision.plan if c.score == second.score}


def texts(decision: Decision) -> list[str]:
    return [change.text for change in explain(decision).would_change]


def test_a_close_choice_is_told_by_p_strong_price_and_preference() -> None:
    decision = make_router().decide(ask(), analysis(0.08))
    assert front(decision) == SMALL.name
    assert [re.sub(r"\d+(\.\d+)?", "N", text) for text in texts(decision)] == [
        "alpha/large would win if p_strong were above N",
        "alpha/large would win if its price were N % lower",
        "alpha/large would win if prefer were quality",
        "home/tiny would win if prefer were local",
    ]


def test_an_open_breaker_that_decided_is_named_first() -> None:
    decision = make_router(views={LARGE.name: OPEN}).decide(ask(), analysis(0.5))
    assert texts(decision)[0] == "alpha/large would win if its breaker closed"


def test_a_claim_that_decided_is_named() -> None:
    insight = Insight(firsts=(First(model=TINY.name, stage="same-topic session"),))
    decision = make_router().decide(ask(), analysis(), insight)
    why = explain(decision)
    assert [c.text for c in why.would_change] == [
        "alpha/large would win if home/tiny had not been put first"
    ]
    assert why.margin is not None
    assert why.margin < 0


def test_a_price_cap_that_decided_is_named_with_what_it_would_take() -> None:
    call = ask(max_cost=1_000_000)
    call = replace(call, request=replace(call.request, max_tokens=400))
    decision = make_router().decide(call, analysis(0.6))
    assert texts(decision)[0].startswith(
        "alpha/large would win if max_cost_usd were at least 0.004"
    )


def test_a_deadline_that_decided_is_named() -> None:
    views = {LARGE.name: EndpointView(p50_ms=9_000), SMALL.name: EndpointView(p50_ms=800)}
    decision = make_router((LARGE, SMALL), views).decide(ask(deadline_s=2.0), analysis(0.5))
    assert "alpha/large would win if there were no deadline" in texts(decision)


def test_nothing_is_said_to_change_what_nothing_changes() -> None:
    alone = make_router((SMALL,)).decide(ask(), analysis())
    why = explain(alone)
    assert (why.runner_up, why.margin, why.would_change) == (None, None, ())
    nowhere = make_router((SMALL,), {SMALL.name: OPEN}).decide(ask(), analysis())
    assert explain(nowhere).would_change == ()


def test_nothing_is_claimed_of_a_decision_that_another_version_made() -> None:
    decision = make_router().decide(ask(), analysis(0.08))
    first, *others = decision.candidates
    for other in (replace(first, expected=None), replace(first, score=first.score + 0.1)):
        why = explain(replace(decision, candidates=(other, *others)))
        assert why.would_change == ()
        assert why.runner_up == LARGE.name


def test_the_notes_tell_what_is_assumed_and_what_experience_says() -> None:
    unpriced = replace(make_model("p", "a"), price=None)
    insight = experience(small=Standing(learned=-0.1, notes=("feedback -0.10 from 9 ratings",)))
    notes = explain(make_router((unpriced, SMALL)).decide(ask(), analysis(), insight)).notes
    assert "the price of p/a is not known: it is taken for a dear one" in notes
    assert "alpha/small: feedback -0.10 from 9 ratings" in notes


@pytest.mark.parametrize(
    ("what_if", "expected"),
    [
        (WhatIf(prices={"large": price(0.1, 0.4)}), LARGE.name),
        (WhatIf(breakers={"alpha/small": "open"}), LARGE.name),
        (WhatIf(breakers={"alpha/small": "open", "large": "open"}), TINY.name),
        (WhatIf(), SMALL.name),
    ],
)
def test_a_decision_can_be_supposed_otherwise(what_if: WhatIf, expected: str) -> None:
    decision = make_router().decide(ask(), analysis(0.05))
    assert front(decision) == SMALL.name
    assert front(supposing(decision, what_if)) == expected


@pytest.mark.parametrize("state", ["closed", "half_open"])
def test_a_breaker_that_is_supposed_closed_lets_its_model_in(state: BreakerState) -> None:
    decision = make_router(MODELS, {LARGE.name: OPEN}).decide(ask(), analysis(0.6))
    assert front(supposing(decision, WhatIf(breakers={LARGE.name: state}))) == LARGE.name
    busy = EndpointView(blocked="busy", in_flight=1)
    other = make_router(MODELS, {LARGE.name: busy}).decide(ask(), analysis(0.6))
    assert front(supposing(other, WhatIf(breakers={LARGE.name: state}))) == SMALL.name
