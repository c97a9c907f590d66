"""The `route` tool: where a prompt would go and why, without calling anything."""

from dataclasses import asdict, replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, WithJsonSchema

from pointsman.money import Price, Rates, nano_from_usd, usd
from pointsman.records import (
    Analysis,
    Band3,
    Band4,
    BreakerState,
    Candidate,
    Category,
    Decision,
)
from pointsman.settings import PriceSettings, RoutingSettings
from routing.choice.explain import explain
from routing.choice.suppose import WhatIf, supposing
from routing.dispatch import Dispatcher
from tools.asking import Asking
from tools.routed import told
from tools.tool import Caller, Result, Tool

# Written out, since all of `RoutingSettings` would be larger than the other arguments together.
WHAT_IF = {
    "type": "object",
    "description": "suppose {prices: {MODEL: {input, output}} in USD per million tokens, breakers: "
    "{MODEL: open|closed}, routing: {profile, weights, strong, cheap}}",
}


class WhatIfIn(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    prices: dict[str, PriceSettings] | None = None
    breakers: dict[str, BreakerState] | None = None
    routing: RoutingSettings | None = None

    def what_if(self) -> WhatIf:
        prices = {name: _price(price) for name, price in (self.prices or {}).items()}
        return WhatIf(prices=prices, breakers=self.breakers or {}, routing=self.routing)


class RouteAsking(Asking):
    what_if: Annotated[WhatIfIn | None, WithJsonSchema(WHAT_IF)] = None


class ComplexityOut(Result):
    score: float
    band4: Band4
    band3: Band3


class EmotionOut(Result):
    label: str
    intensity: float


class CandidateOut(Result):
    model: str
    provider: str
    eligible: bool
    reason: str
    score: float
    factors: dict[str, float]  # they sum to the score
    breaker: BreakerState
    quality: float | None  # expected, 0..1
    cost_usd: float | None  # expected


class RouteResult(Result):
    decision_id: str
    model: str | None
    provider: str | None
    local: bool | None
    category: Category
    category_confidence: float
    complexity: ComplexityOut
    p_strong: float
    time_sensitive: bool
    emotion: EmotionOut
    tags: list[str]
    profile: str
    candidates: list[CandidateOut]
    runner_up: str | None  # `provider/model`
    would_change: list[str]
    notes: list[str]
    stages: list[str]
    elapsed_ms: float


def route_tool(dispatcher: Dispatcher) -> Tool:
    async def run(asking: RouteAsking, caller: Caller) -> RouteResult:
        decision = await dispatcher.route(asking.call("route", caller.principal))
        return supposed(decision, asking.what_if)

    return Tool(
        name="route",
        title="Explain a route",
        description="Show which model a prompt would go to and why: each candidate's score and "
        "factors, what would change the choice. Nothing is called. Takes what `complete` takes.",
        arguments=RouteAsking,
        result=RouteResult,
        run=run,
        read=lambda given: told(given.model_dump()),
        read_only=True,
        open_world=False,
    )


def supposed(decision: Decision, what_if: WhatIfIn | None) -> RouteResult:
    """`decision`, or what it would have been.

    Raises:
        NotFound: something is supposed of a model that is not a candidate.
    """
    if what_if is None:
        return result(decision)
    other = supposing(decision, what_if.what_if())
    was, now = (d.plan[0].model.name if d.plan else "nothing" for d in (decision, other))
    told = f"what if: {now} in place of {was}" if now != was else f"what if: still {was}"
    return result(replace(other, stages=(*other.stages, told)))


def result(decision: Decision) -> RouteResult:
    first = decision.plan[0].model if decision.plan else None
    why = explain(decision)
    return RouteResult(
        decision_id=decision.id,
        model=first.id if first else None,
        provider=first.provider if first else None,
        local=first.local if first else None,
        profile=decision.terms.profile,
        candidates=[_candidate(c) for c in decision.candidates],
        runner_up=why.runner_up,
        would_change=[change.text for change in why.would_change],
        notes=list(why.notes),
        stages=list(decision.stages),
        elapsed_ms=round(decision.elapsed_ms, 3),
        **_analysis(decision.analysis),
    )


def _analysis(analysis: Analysis) -> dict[str, Any]:
    return {
        "category": analysis.category,
        "category_confidence": analysis.category_confidence,
        "complexity": ComplexityOut(
            score=analysis.complexity, band4=analysis.band4, band3=analysis.band3
        ),
        "p_strong": analysis.p_strong,
        "time_sensitive": analysis.time_sensitive,
        "emotion": EmotionOut(
            label=analysis.emotion.label, intensity=round(analysis.emotion.intensity, 3)
        ),
        "tags": sorted(analysis.tags),
    }


def _candidate(candidate: Candidate) -> CandidateOut:
    expected = candidate.expected
    return CandidateOut(
        model=candidate.model.id,
        provider=candidate.model.provider,
        eligible=candidate.eligible,
        reason=candidate.reason,
        score=candidate.score,
        factors=asdict(candidate.factors),
        breaker=candidate.breaker,
        quality=expected.quality if expected else None,
        cost_usd=usd(expected.cost) if expected else None,
    )


def _price(given: PriceSettings) -> Price:
    rates = Rates(
        input=nano_from_usd(given.input),
        output=nano_from_usd(given.output),
        cached_input=None if given.cached_input is None else nano_from_usd(given.cached_input),
        cache_write=None if given.cache_write is None else nano_from_usd(given.cache_write),
    )
    return Price(tiers=(rates,), source="supposed")
