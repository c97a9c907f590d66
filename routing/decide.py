"""Which models could answer a call, in which order, and why: a pure function of plain data."""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pointsman.errors import NotFound
from pointsman.money import TOKENS_PER_PRICE, Nano
from pointsman.records import Analysis, Call, Candidate, Decision, Factors
from pointsman.seams import Clock, EndpointView, First, Insight
from pointsman.types import Model, Readiness
from routing.score import Weights, score

ANSWER_ROOM = 1024  # tokens of context kept for an answer whose length the caller left open
NOTHING = Insight()
LEAST_ANSWER = 16  # tokens; a price cap that affords fewer is too low to be of use


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """What a decision looks at besides the call; everything that changes is asked through it."""

    models: Sequence[Model]
    view: Callable[[Model], EndpointView]
    readiness: Callable[[Model], Readiness]
    problem: Callable[[Model], str | None]  # why it is off or failed
    weights: Weights
    clock: Clock
    new_id: Callable[[], str]

    def decide(self, call: Call, analysis: Analysis, insight: Insight = NOTHING) -> Decision:
        """The ranked plan for `call`, in the light of what is known beyond it.

        Raises:
            NotFound: the call names a model that is not in the catalogue.
        """
        started = self.clock.monotonic()
        stages = ["analysis"]
        models = self.models
        if call.model != "auto":
            models = named(self.models, call.model)
            stages.append("explicit model")
        weights = self.weights.preferring(call.prefer)
        candidates = [self._consider(model, call, analysis, insight, weights) for model in models]
        candidates.sort(key=lambda c: (not c.eligible, -c.score))
        stages += [*insight.stages, *_stages(candidates)]
        if call.model == "auto" and (first := _first(candidates, insight.firsts)):
            candidates.sort(key=lambda c: (not c.eligible, c.model.name != first.model, -c.score))
            stages.append(first.stage)
        return Decision(
            id=self.new_id(),
            analysis=analysis,
            candidates=tuple(candidates),
            stages=tuple(stages),
            elapsed_ms=(self.clock.monotonic() - started) * 1000,
            at=self.clock.wall(),
        )

    def _consider(
        self, model: Model, call: Call, analysis: Analysis, insight: Insight, weights: Weights
    ) -> Candidate:
        view = self.view(model)
        readiness = self.readiness(model)
        refusal, max_tokens, worst = _filter(model, call, analysis)
        if readiness in ("off", "failed"):
            refusal = refusal or self.problem(model) or f"it is {readiness}"
        waits = refusal is None and view.blocked is not None
        standing = insight.standing(model)
        factors = score(model, call, analysis, view, readiness, standing, weights)
        return Candidate(
            model=model,
            eligible=refusal is None and not waits,
            reason=refusal or view.blocked or _strongest(factors),
            score=round(factors.total, 6),
            factors=factors,
            breaker=view.state,
            worst_cost=worst,
            max_tokens=max_tokens,
            retry_in_s=(view.retry_in_s or 0.0) if waits else None,
        )


def named(models: Sequence[Model], reference: str) -> list[Model]:
    """The models that `reference` (an id, or `provider/id`) means.

    Raises:
        NotFound: there is none; the hint names the nearest.
    """
    found = [m for m in models if reference in (m.id, m.name)]
    if not found:
        names = [n for m in models for n in (m.id, m.name)]
        near = difflib.get_close_matches(reference, names, n=3, cutoff=0.4)
        shown = near or sorted({m.id for m in models})[:8]
        raise NotFound(
            f"There is no model {reference[:80]!r} here.",
            hint=f"Use 'auto' or one of: {', '.join(shown)}." if shown else "No model is set up.",
        )
    return found


def _filter(
    model: Model, call: Call, analysis: Analysis
) -> tuple[str | None, int | None, Nano | None]:
    """Why `model` cannot take `call` (None if it can), the output limit, and the worst price."""
    request = call.request
    missing = {"tools"} if request.tools else set[str]()
    missing |= {"json"} if request.json_schema is not None else set()
    missing -= model.capabilities
    if missing:
        return f"it lacks {' and '.join(sorted(missing))}", request.max_tokens, None
    room = model.context - analysis.input_tokens
    if room < (request.max_tokens or min(ANSWER_ROOM, model.context // 4)):
        return (
            f"the prompt (about {analysis.input_tokens} tokens) and its answer do not fit its "
            f"context of {model.context}",
            request.max_tokens,
            None,
        )
    if request.max_tokens and model.max_output and request.max_tokens > model.max_output:
        reason = f"its answers have at most {model.max_output} tokens"
        return reason, request.max_tokens, None
    return _price_filter(model, call, analysis, min(room, model.max_output or room))


def _price_filter(
    model: Model, call: Call, analysis: Analysis, longest: int
) -> tuple[str | None, int | None, Nano | None]:
    asked = call.request.max_tokens
    if model.price is None:
        refusal = "its price is not known, so the price cap cannot be kept"
        return (None if call.max_cost is None else refusal), asked, None
    worst = model.price.worst(analysis.input_tokens, asked or longest)
    if call.max_cost is None or worst <= call.max_cost:
        return None, asked, worst
    affordable = _affordable_output(model, analysis.input_tokens, call.max_cost)
    if asked is None and affordable >= LEAST_ANSWER:
        limit = min(affordable, longest)
        return None, limit, model.price.worst(analysis.input_tokens, limit)
    return "it could cost more than the price cap", asked, worst


def within(candidate: Candidate, call: Call, analysis: Analysis, left: Nano) -> Candidate | None:
    """`candidate` as it can be afforded with what is left of the price cap, if it can."""
    model = candidate.model
    if candidate.worst_cost is None or model.price is None:
        return None
    if candidate.worst_cost <= left:
        return candidate
    limit = _affordable_output(model, analysis.input_tokens, left)
    if call.request.max_tokens is not None or limit < LEAST_ANSWER:
        return None
    worst = model.price.worst(analysis.input_tokens, limit)
    return replace(candidate, max_tokens=limit, worst_cost=worst)


def _affordable_output(model: Model, input_tokens: int, cap: Nano) -> int:
    """How many tokens of output `cap` pays for after the input, at the dearest rate."""
    if model.price is None:
        return 0
    left = cap - model.price.worst(input_tokens, 0)
    per_million = model.price.worst(0, TOKENS_PER_PRICE)
    return max(left, 0) * TOKENS_PER_PRICE // per_million if per_million else 0


def _first(candidates: Sequence[Candidate], firsts: Sequence[First]) -> First | None:
    """The strongest claim to be tried first whose model can take the call now."""
    eligible = {c.model.name for c in candidates if c.eligible}
    return next((first for first in firsts if first.model in eligible), None)


def _strongest(factors: Factors) -> str:
    """The factor that moved the score most, in words."""
    parts = {
        name: getattr(factors, name)
        for name in ("quality", "cost", "latency", "load", "preference", "learned", "continuity")
    }
    name = max(parts, key=lambda n: abs(parts[n]))
    return f"{name} {parts[name]:+.3f} weighs most"


def _stages(candidates: Sequence[Candidate]) -> list[str]:
    refused = sum(not c.eligible for c in candidates)
    stages = [f"filters refused {refused} of {len(candidates)}"] if refused else []
    return [*stages, "score"] if refused < len(candidates) else stages
