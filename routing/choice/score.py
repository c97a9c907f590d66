"""How good a candidate is for a call: factors that sum to its score, all in the same currency.

A score is an expected utility: 1 is a good answer for certain, free and at once. Money counts by
log(1 + cost / COST_UNIT): up to a fifth of a cent by its amount, beyond that by its ratio, so that
a model twenty times as dear is as hard to justify for a long prompt as for a longer one.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from math import log1p
from operator import attrgetter

from pointsman.evidence import Expected, Observed, Profile, Terms
from pointsman.money import FREE, NANO_PER_USD, Nano, Price, Rates, Usage
from pointsman.records import Analysis, Factors
from pointsman.settings import WeightName
from pointsman.types import Model, Tier
from routing.choice.quality import expected_quality

LATENCY_MS: Mapping[Tier, float] = {"strong": 4_000, "cheap": 2_000, "local": 6_000}
LOAD_TIME_MS = 3_000  # to bring a local model into memory (2.0 s measured for the default)
COST_UNIT = NANO_PER_USD // 500
HALF_LATENCY_MS = 8_000
FACTOR_NAMES = tuple(asdict(Factors()))
LIKING = 0.3  # what a user's greatest liking is worth, in good answers
DEAR = Price(  # what a model is taken to cost whose price nobody knows
    tiers=(Rates(input=10 * NANO_PER_USD, output=30 * NANO_PER_USD),), source="unknown"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What each signal is worth in good answers; tuned on recorded outcomes (docs/routing.md)."""

    quality: float = 1.0
    cost: float = 0.145
    latency: float = 0.04
    load: float = 0.15
    continuity: float = 0.145
    local: float = 0.0  # for being local
    banded: float = 0.0  # for being local where the prompt is not hard, or cloud where it is

    def with_changes(self, changes: Mapping[WeightName, float]) -> "Weights":
        """These weights, but for those in `changes`."""
        return replace(self, **{str(name): weight for name, weight in changes.items()})

    @property
    def changes(self) -> dict[str, float]:
        """What differs from the weights that were tuned."""
        if self == BASE:
            return {}
        usual = asdict(BASE)
        return {name: weight for name, weight in asdict(self).items() if weight != usual[name]}


BASE = Weights()
SCALES: Mapping[Profile, Mapping[str, float]] = {  # of the weights, by what the caller cares for
    "balanced": {},
    "quality": {"cost": 0.7, "continuity": 0.7, "latency": 0.5},
    "cheap": {"cost": 4.0, "continuity": 4.0},
    "fast": {"latency": 25.0},
    "local": {},
    "orchestrator": {},
}


def weights_for(profile: Profile, changes: Mapping[str, float]) -> Weights:
    """The weights of `profile` on top of what the settings change."""
    return _weights(profile, tuple(changes.items()))


@lru_cache(maxsize=64)
def _weights(profile: Profile, changes: tuple[tuple[str, float], ...]) -> Weights:
    base = replace(BASE, **dict(changes))
    scaled = {name: getattr(base, name) * by for name, by in SCALES[profile].items()}
    return replace(
        base, **scaled, local=float(profile == "local"), banded=float(profile == "orchestrator")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What a candidate has to say for itself, before anyone's weights."""

    quality: float  # 0..1
    cost: float  # log(1 + cost / COST_UNIT)
    latency: float  # 0..1
    late: float  # chance of missing the deadline
    load: float  # 0..1
    liking: float  # -1..1
    learned: float  # -1..1
    lost: float  # as `cost`: the prompt cache that would be lost
    local: bool
    low: bool  # the prompt is not hard

    def shares(self, weights: Weights) -> tuple[float, ...]:
        """Each signal's share of the score, in the order of `Factors`."""
        preference = LIKING * self.liking + weights.local * self.local
        return (
            weights.quality * self.quality,
            -weights.cost * self.cost,
            -weights.latency * self.latency - weights.quality * self.quality * self.late,
            -weights.load * self.load,
            preference + weights.banded * (self.local == self.low),
            weights.quality * self.learned,
            -weights.continuity * self.lost,
        )

    def factors(self, weights: Weights) -> Factors:
        """The shares, rounded as they are told and compared."""
        shares = [round(share, 6) + 0.0 for share in self.shares(weights)]  # -0.0 becomes 0.0
        return Factors(**dict(zip(FACTOR_NAMES, shares, strict=True)))

    def total(self, weights: Weights) -> float:
        return sum(self.shares(weights))


def score_of(factors: Factors) -> float:
    """The sum of the factors, to the digits that they have themselves."""
    return round(factors.total, 6)


def read_signals(
    model: Model, observed: Observed, terms: Terms, analysis: Analysis, best_gain: float = 0.0
) -> tuple[Signals, Expected]:
    """The signals of a candidate, and what they were made of.

    `best_gain` is what the best prompt cache among the candidates is worth: going elsewhere
    loses it.
    """
    cost = expected_cost(model, terms, analysis)
    latency = LATENCY_MS[model.tier] if observed.latency_ms is None else observed.latency_ms
    latency += LOAD_TIME_MS * observed.loading
    quality = expected_quality(model, analysis, observed.quality)
    priced = _cost(DEAR, terms, analysis) if cost is None else cost
    signals = Signals(
        quality=quality,
        cost=log1p(priced / COST_UNIT),
        latency=latency / (latency + HALF_LATENCY_MS),
        late=_late(latency, terms.deadline_s),
        load=min(observed.in_flight / observed.limit, 1.0) ** 2,
        liking=observed.liking,
        learned=observed.learned,
        lost=max(best_gain - cache_gain(model, observed, terms, analysis), 0.0),
        local=model.local,
        low=analysis.band3 != "high",
    )
    expected = Expected(quality=round(quality, 4), cost=cost, latency_ms=round(latency, 1))
    return signals, expected


def expected_cost(model: Model, terms: Terms, analysis: Analysis) -> Nano | None:
    """What the call will likely cost there; None where the price is not known."""
    return None if model.price is None else _cost(model.price, terms, analysis)


def cache_gain(model: Model, observed: Observed, terms: Terms, analysis: Analysis) -> float:
    """What the provider's prompt cache of this conversation is worth there, as `Signals.cost`."""
    if not observed.cached_tokens or model.price is None:
        return 0.0
    tokens = min(observed.cached_tokens, analysis.input_tokens)
    whole = model.price.cost(Usage(input_tokens=tokens))
    read = model.price.cost(Usage(input_tokens=tokens, cached_input_tokens=tokens))
    cost = _cost(model.price, terms, analysis)
    return log1p(cost / COST_UNIT) - log1p(max(cost - max(whole - read, 0), 0) / COST_UNIT)


def _cost(price: Price, terms: Terms, analysis: Analysis) -> Nano:
    if price is FREE:
        return 0
    return price.cost(Usage(input_tokens=analysis.input_tokens, output_tokens=terms.output_tokens))


def _late(latency_ms: float, deadline_s: float | None) -> float:
    """The chance of coming late: even where the usual time is just the deadline."""
    if deadline_s is None:
        return 0.0
    return 1 / (1 + (deadline_s * 1000 / max(latency_ms, 1.0)) ** 4)


def differences(one: Factors, other: Factors) -> list[tuple[str, float]]:
    """What each factor gives to `one` over `other`, the largest first, none that is nil."""
    pairs = zip(FACTOR_NAMES, _values(one), _values(other), strict=True)
    parts = [(name, mine - yours) for name, mine, yours in pairs if mine != yours]
    parts.sort(key=lambda part: -abs(part[1]))
    return parts


_values = attrgetter(*FACTOR_NAMES)
