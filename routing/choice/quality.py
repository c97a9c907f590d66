"""How good an answer to hope for: from how hard the prompt is, the model's tier and its scores."""

from collections.abc import Mapping

from pointsman.records import Analysis, Category
from pointsman.types import Model, Tier

# The share of good answers of a strong model. Between candidates only differences count, so
# these matter where a local model is weighed, and to a reader.
STRONG: Mapping[Category, float] = {
    "coding": 0.80,
    "math": 0.85,
    "research": 0.85,
    "language": 0.90,
    "empathy": 0.90,
    "general": 0.88,
}
# What a model of the tier scores on the benchmark's tasks, which are easier than most.
USUAL: Mapping[Tier, float] = {"strong": 0.90, "cheap": 0.78, "local": 0.45}
TRUST = 0.5  # in a measured score against its tier's usual one: a suite has about 14 tasks
# Of the prompts that only the strong model is thought to answer well, what it gains over the cheap
# one: now and then only the cheap one is right. Recorded: gap = 0.87 p - 0.01 over ten bins of p.
GAP = 0.85
# The odds of a small local model where a cheap cloud model's are 1: on 1,437 prompts a model of
# 2B parameters got 0.33 right and a cheap one 0.77, a ratio of 0.14.
LOCAL_ODDS = 0.14
# Where nothing like the prompt was ever labelled, one of next to no complexity ("hi", "2 + 2") is
# thought to need the strong tier this much less often than p_strong says, up to PLAIN.
TRIVIAL, PLAIN = 0.35, 0.1
LEAST, MOST = 0.01, 0.99


def expected_quality(
    model: Model, analysis: Analysis, measured: float | None, p_strong: float | None = None
) -> float:
    """The chance of a good answer by `model`, 0..1; `measured` is its score on such tasks.

    The gap between a strong and a weaker model follows `p_strong` (the analysis' own unless
    given), the chance that only the strong one answers well; it never shrinks as that grows.
    """
    usual = USUAL[model.tier]
    known = usual if model.quality is None else model.quality
    if measured is not None:
        known += TRUST * (measured - known)
    p_strong = (analysis.p_strong if p_strong is None else p_strong) * _belief(analysis)
    strong = strong_quality(analysis)
    return _with_odds(_by_tier(model.tier, strong, p_strong), _odds(known) / _odds(usual))


def _belief(analysis: Analysis) -> float:
    """The share of p_strong that is believed; all of it where labelled prompts back it."""
    plain = min(TRIVIAL + (1 - TRIVIAL) * analysis.complexity / PLAIN, 1.0)
    return 1 - (1 - analysis.support) * (1 - plain)


def strong_quality(analysis: Analysis) -> float:
    """What a strong model of no known score is expected to reach."""
    if not analysis.probabilities:
        return STRONG[analysis.category]
    return sum(STRONG[category] * share for category, share in analysis.probabilities.items())


def _by_tier(tier: Tier, strong: float, p_strong: float) -> float:
    if tier == "strong":
        return strong
    cheap = strong - GAP * min(max(p_strong, LEAST), MOST * strong)
    if tier == "cheap":
        return cheap
    # The fewer a cheap model gets right of what a strong one does, the harder the prompt; a
    # weaker model's odds fall in proportion (Rasch).
    return strong * _with_odds(cheap / strong, LOCAL_ODDS)


def _odds(share: float) -> float:
    share = min(max(share, LEAST), MOST)
    return share / (1 - share)


def _with_odds(share: float, ratio: float) -> float:
    """`share` when its odds change by `ratio`."""
    odds = _odds(share) * ratio
    return odds / (1 + odds)
