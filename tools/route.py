"""The `route` tool: where a prompt would go and why, without calling anything."""

from dataclasses import asdict
from typing import Any

from pointsman.records import (
    Analysis,
    Band3,
    Band4,
    BreakerState,
    Candidate,
    Category,
    Decision,
)
from routing.dispatch import Dispatcher
from tools.asking import Asking
from tools.tool import Caller, Result, Tool


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
    candidates: list[CandidateOut]
    stages: list[str]
    elapsed_ms: float


def route_tool(dispatcher: Dispatcher) -> Tool:
    async def run(asking: Asking, caller: Caller) -> RouteResult:
        return result(await dispatcher.route(asking.call("route", caller.principal)))

    return Tool(
        name="route",
        title="Explain a route",
        description="Show which model a prompt would go to and why: category, complexity, every "
        "candidate's score and its factors. Nothing is called. Takes what `complete` takes.",
        arguments=Asking,
        result=RouteResult,
        run=run,
        read=_read,
        read_only=True,
        open_world=False,
    )


def result(decision: Decision) -> RouteResult:
    first = decision.plan[0].model if decision.plan else None
    return RouteResult(
        decision_id=decision.id,
        model=first.id if first else None,
        provider=first.provider if first else None,
        local=first.local if first else None,
        candidates=[_candidate(c) for c in decision.candidates],
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
    return CandidateOut(
        model=candidate.model.id,
        provider=candidate.model.provider,
        eligible=candidate.eligible,
        reason=candidate.reason,
        score=candidate.score,
        factors=asdict(candidate.factors),
        breaker=candidate.breaker,
    )


def _read(route: RouteResult) -> str:
    head = (
        f"{route.category} ({route.category_confidence:.2f}), {route.complexity.band4} "
        f"({route.complexity.score:.2f}) -> "
        + (f"{route.provider}/{route.model}" if route.model else "no model can take it now")
    )
    rows = [f"  {c.provider}/{c.model}: {_why(c)}" for c in route.candidates]
    return "\n".join([head, *rows])


def _why(candidate: CandidateOut) -> str:
    if not candidate.eligible:
        return f"refused: {candidate.reason}"
    factors = ", ".join(
        f"{name} {share:+.3f}" for name, share in candidate.factors.items() if share
    )
    return f"{candidate.score:+.3f} = {factors}"
