"""How good a candidate is for a call: factors that sum to its score, all in the same currency.

A score is an expected utility: 1 is a perfect answer, free and at once. Price and time are mapped
into [0, 1) by x / (x + half), so that the first cent weighs more than the hundredth.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pointsman.money import NANO_PER_USD, Nano, Usage
from pointsman.records import Analysis, Call, Factors, Prefer
from pointsman.seams import EndpointView, Standing
from pointsman.settings import WeightName
from pointsman.types import Model, Readiness, Tier

QUALITY: Mapping[Tier, float] = {"strong": 0.9, "cheap": 0.75, "local": 0.45}
LATENCY_MS: Mapping[Tier, float] = {"strong": 4_000, "cheap": 2_000, "local": 6_000}
LOAD_TIME_MS = 3_000  # to bring a local model into memory (2.0 s measured for the default)
HALF_COST = 0.005 * NANO_PER_USD  # the price that takes half of the cost weight
HALF_LATENCY_MS = 8_000
UNKNOWN_COST_SHARE = 0.6  # of the cost weight, for a model whose price nobody knows
LIKELY_OUTPUT_TOKENS = 400  # of an answer, where the caller named no limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    quality: float = 1.0
    cost: float = 0.35
    latency: float = 0.15
    load: float = 0.15
    local: float = 0.0  # what being local is worth

    def with_changes(self, changes: Mapping[WeightName, float]) -> "Weights":
        """These weights, but for those in `changes`."""
        return replace(self, **{str(name): weight for name, weight in changes.items()})

    def preferring(self, prefer: Prefer) -> "Weights":
        """These weights bent to what the caller cares for."""
        match prefer:
            case "quality":
                return replace(self, quality=2.0 * self.quality, cost=0.1 * self.cost)
            case "cheap":
                return replace(self, cost=3.0 * self.cost)
            case "fast":
                return replace(self, latency=6.0 * self.latency)
            case "local":
                return replace(self, local=1.0)
            case "balanced":
                return self


def expected_quality(model: Model, complexity: float) -> float:
    """The share of a perfect answer to hope for: lower tiers lose more as prompts get harder."""
    base = QUALITY[model.tier] if model.quality is None else model.quality
    return max(base - (1.05 - base) * complexity, 0.0)


def expected_cost(model: Model, call: Call, analysis: Analysis) -> Nano | None:
    """What the call will likely cost there; None where the price is not known."""
    if model.price is None:
        return None
    output = min(call.request.max_tokens or LIKELY_OUTPUT_TOKENS, LIKELY_OUTPUT_TOKENS)
    return model.price.cost(Usage(input_tokens=analysis.input_tokens, output_tokens=output))


def score(
    model: Model,
    call: Call,
    analysis: Analysis,
    view: EndpointView,
    readiness: Readiness,
    standing: Standing,
    weights: Weights,
) -> Factors:
    """Each signal's share of the score of `model` for `call`."""
    cost = expected_cost(model, call, analysis)
    latency = LATENCY_MS[model.tier] if view.p50_ms is None else view.p50_ms
    if readiness in ("cold", "loading"):
        latency += LOAD_TIME_MS
    cost_share = UNKNOWN_COST_SHARE if cost is None else cost / (cost + HALF_COST)
    return Factors(
        quality=_rounded(weights.quality * expected_quality(model, analysis.complexity)),
        cost=_rounded(-weights.cost * cost_share),
        latency=_rounded(-weights.latency * latency / (latency + HALF_LATENCY_MS)),
        load=_rounded(-weights.load * min(view.in_flight / view.limit, 1.0)),
        preference=weights.local if model.local else 0.0,
        learned=_rounded(weights.quality * standing.learned),
    )


def _rounded(value: float) -> float:
    return round(value, 6) + 0.0  # + 0.0 turns -0.0 into 0.0
