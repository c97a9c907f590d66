"""Decisions: what is refused and why, what comes first, and the profiles that are rules."""

from dataclasses import replace

import pytest
from hypothesis import given

from pointsman.errors import NotFound
from pointsman.evidence import First
from pointsman.money import nano_from_usd
from pointsman.records import Analysis, Band3, Call
from pointsman.seams import EndpointView, Insight
from pointsman.types import ToolSpec
from routing.choice.decide import Router
from routing.choice.rank import again, claim_of
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
    held,
    make_router,
    routers,
    winner,
)


@given(routers(held), calls, analyses)
def test_a_decision_holds_all_that_is_needed_to_make_it_again(
    made: tuple[Router, Insight], call: Call, seen: Analysis
) -> None:
    router, insight = made
    decision = router.decide(call, seen, insight)
    assert again(decision) == decision


def test_of_two_equal_models_the_saturated_one_is_passed_by_and_load_is_the_reason() -> None:
    """AT-002, RT-05: in-flight = limit at A sends the next call to B, and `route` says why."""
    twins = make_model("a"), make_model("b")
    full = EndpointView(in_flight=4, limit=4)
    for view in (full, replace(full, blocked="busy", retry_in_s=None)):
        decision = make_router(twins, {"a/m": view}).decide(ask(), analysis())
        first, second = decision.candidates
        assert (first.model.name, second.model.name) == ("b/m", "a/m")
        assert second.factors.load == -0.15
        assert "load -0.150" in second.reason


def test_a_half_full_model_is_preferred_to_a_full_one_of_the_same_price() -> None:
    twins = make_model("a"), make_model("b")
    views = {
        "a/m": EndpointView(in_flight=4, limit=4),
        "b/m": EndpointView(in_flight=2, limit=4),
    }
    assert winner(make_router(twins, views), ask(), analysis()) == "b/m"


@pytest.mark.parametrize(
    ("band3", "expected", "search"),
    [("low", TINY.name, False), ("medium", TINY.name, True), ("high", LARGE.name, True)],
)
def test_the_orchestrator_answers_at_home_what_is_not_hard(
    band3: Band3, expected: str, *, search: bool
) -> None:
    """AT-105, X-13, RT-09: low and medium stay local, high goes to the cloud; search is a stage."""
    decision = make_router(profile="orchestrator").decide(ask(), analysis(0.5, band3))
    assert decision.plan[0].model.name == expected
    assert ("search" in decision.stages) is search


def test_the_orchestrator_goes_elsewhere_when_the_local_model_is_down() -> None:
    """X-13: its rule is part of the score, not a switch."""
    router = make_router(profile="orchestrator", readiness={TINY.name: "failed"})
    assert winner(router, ask(), analysis(0.1, "medium")) == SMALL.name
    cloudless = make_router((TINY,), profile="orchestrator")
    assert winner(cloudless, ask(), analysis(0.9, "high")) == TINY.name


def test_the_stages_are_told_in_the_order_of_precedence() -> None:
    """RT-14, X-15: filters, gates, what was found out, a claim, then the score."""
    no_json = make_model("x", "nojson", capabilities=())
    call = ask()
    call = replace(call, request=replace(call.request, json_schema={"type": "object"}))
    insight = Insight(
        firsts=(
            First(model="nobody/knows", stage="experiment: arm b"),
            First(model=TINY.name, stage="same-topic session"),
        ),
        stages=("topic unchanged",),
    )
    router = make_router((*MODELS, no_json), {LARGE.name: OPEN}, profile="quality")
    decision = router.decide(call, analysis(), insight)
    assert decision.stages == (
        "analysis",
        "filters refused 1 of 4",
        "gates hold 1 of 4",
        "topic unchanged",
        "same-topic session",
        "score for quality",
    )
    assert decision.plan[0].model is TINY
    assert decision.plan[1].score > decision.plan[0].score


def test_a_claim_for_a_model_that_cannot_take_the_call_is_not_heard() -> None:
    """X-15: the breaker comes before the session."""
    insight = Insight(firsts=(First(model=LARGE.name, stage="same-topic session"),))
    router = make_router(views={LARGE.name: OPEN})
    decision = router.decide(ask(), analysis(0.6), insight)
    assert decision.plan[0].model is not LARGE
    assert "same-topic session" not in decision.stages
    assert claim_of(decision) is None


def test_no_claim_passes_the_price_cap() -> None:
    """X-15: the caller's money comes before an experiment and a session."""
    claims = (
        First(model=LARGE.name, stage="experiment summaries: arm variant"),
        First(model=LARGE.name, stage="same-topic session", margin=0.25),
    )
    call = ask(max_cost=nano_from_usd(0.001))
    call = replace(call, request=replace(call.request, max_tokens=1_000))
    decision = make_router().decide(call, analysis(0.9), Insight(firsts=claims))
    assert {c.model.name for c in decision.plan} == {SMALL.name, TINY.name}
    assert claim_of(decision) is None


@pytest.mark.parametrize(("margin", "heard"), [(0.02, False), (5.0, True)])
def test_a_claim_yields_to_a_model_that_is_better_by_more_than_its_margin(
    margin: float, heard: bool
) -> None:
    """X-15: a session does not hold a hard prompt, or a new `prefer`, at a small model."""
    claims = (First(model=TINY.name, stage="same-topic session", margin=margin),)
    decision = make_router().decide(ask(prefer="quality"), analysis(0.8), Insight(firsts=claims))
    assert (decision.plan[0].model is TINY) is heard
    assert ("same-topic session" in decision.stages) is heard


def test_a_weaker_claim_is_heard_where_the_stronger_yields() -> None:
    claims = (
        First(model=TINY.name, stage="session", margin=0.02),
        First(model=SMALL.name, stage="other"),
    )
    decision = make_router().decide(ask(), analysis(0.8), Insight(firsts=claims))
    assert decision.plan[0].model is SMALL


def test_an_explicit_model_is_all_that_is_considered() -> None:
    """X-15: a named model comes before every claim."""
    insight = Insight(firsts=(First(model=LARGE.name, stage="same-topic session"),))
    decision = make_router().decide(ask(model="tiny"), analysis(0.9), insight)
    assert [c.model for c in decision.candidates] == [TINY]
    assert decision.stages == ("analysis", "explicit model", "score")


def test_an_unknown_model_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(NotFound) as caught:
        make_router().decide(ask(model="alpha/smal"), analysis())
    assert "alpha/small" in (caught.value.hint or "")


TOOL = ToolSpec(name="f", description="", parameters={})
DEAR = make_model("dear", "m", cost=price(1000, 1000))


@pytest.mark.parametrize(
    ("call", "model", "word"),
    [
        (
            replace(ask(), request=replace(ask().request, tools=(TOOL,))),
            make_model("x", capabilities=()),
            "tools",
        ),
        (ask(), make_model("x", context=512), "context"),
        (replace(ask(), request=replace(ask().request, max_tokens=9_000)), SMALL, "context"),
        (ask(max_cost=1_000_000), DEAR, "price cap"),
        (ask(max_cost=1_000_000), replace(SMALL, price=None), "price is not known"),
    ],
)
def test_a_model_that_cannot_take_the_call_is_refused_with_the_reason(
    call: Call, model: object, word: str
) -> None:
    """RT-13: hard filters come before any score."""
    (refused,) = make_router((model,)).decide(call, analysis(input_tokens=400)).candidates  # type: ignore[arg-type]
    assert not refused.eligible
    assert word in refused.reason
    assert not refused.could_answer


def test_a_price_cap_limits_the_answer_where_the_caller_left_its_length_open() -> None:
    (candidate,) = (
        make_router((LARGE,)).decide(ask(max_cost=1_000_000), analysis(input_tokens=200)).candidates
    )
    assert candidate.eligible
    assert candidate.max_tokens == 50
    assert candidate.worst_cost == 1_000_000


def test_a_gate_that_is_closed_for_now_is_no_refusal_for_good() -> None:
    decision = make_router((SMALL,), {SMALL.name: OPEN}).decide(ask(), analysis())
    (waiting,) = decision.candidates
    assert (waiting.eligible, waiting.could_answer, waiting.retry_in_s) == (False, True, 30.0)
    assert waiting.reason == "breaker open"
