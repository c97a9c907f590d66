"""The order of candidates: a pure function of what was observed, so that it can be asked again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from pointsman.evidence import Expected, First, Observed, Terms
from pointsman.records import Analysis, BreakerState, Candidate, Decision, Factors
from pointsman.types import Model
from routing.choice.filters import Fit, fit
from routing.choice.score import (
    cache_gain,
    differences,
    read_signals,
    score_of,
    weights_for,
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A model, and what was known of it when it was considered."""

    model: Model
    breaker: BreakerState
    observed: Observed


def seen(decision: Decision) -> list[Seen]:
    """What a decision looked at."""
    return [Seen(c.model, c.breaker, c.observed) for c in decision.candidates]


@dataclass(slots=True)
class _Considered:
    seen: Seen
    fit: Fit
    factors: Factors
    expected: Expected
    score: float
    refusal: str | None
    eligible: bool


def rank(considered: Iterable[Seen], terms: Terms, analysis: Analysis) -> list[Candidate]:
    """The candidates, those that can take the call first, best first; one with a claim before."""
    them = [*considered]
    weights = weights_for(terms.profile, terms.weights)
    gains = (cache_gain(s.model, s.observed, terms, analysis) for s in them)
    best_gain = max(gains, default=0.0)
    looked: list[_Considered] = []
    for one in them:
        signals, expected = read_signals(one.model, one.observed, terms, analysis, best_gain)
        factors = signals.factors(weights)
        fits = fit(one.model, terms, analysis.input_tokens)
        refusal = one.observed.unable or fits.refusal
        eligible = refusal is None and one.observed.blocked is None
        score = score_of(factors)
        looked.append(_Considered(one, fits, factors, expected, score, refusal, eligible))
    looked.sort(key=lambda c: (not c.eligible, -c.score))
    able = {c.seen.model.name: c.score for c in looked if c.eligible}
    best = looked[: min(len(able), 2)]
    if claim := held(terms.firsts, able):
        looked.sort(key=lambda c: c.seen.model.name != claim.model)
    return [_candidate(c, best) for c in looked]


def held(firsts: Sequence[First], scores: Mapping[str, float]) -> First | None:
    """The strongest claim whose model can take the call and is no worse than it may be.

    `scores` are those of the models that can take it.
    """
    best = max(scores.values(), default=0.0)
    for first in firsts:
        behind = best - scores.get(first.model, -inf)
        if behind <= (inf if first.margin is None else first.margin) and behind < inf:
            return first
    return None


def claim_of(decision: Decision) -> First | None:
    """The claim that put its model first in `decision`, if one did."""
    return held(decision.terms.firsts, {c.model.name: c.score for c in decision.plan})


def again(
    decision: Decision,
    *,
    terms: Terms | None = None,
    analysis: Analysis | None = None,
    considered: Sequence[Seen] | None = None,
) -> Decision:
    """`decision` made again from what it recorded, but for what is given."""
    terms = terms or decision.terms
    analysis = analysis or decision.analysis
    ranked = rank(considered if considered is not None else seen(decision), terms, analysis)
    return replace(decision, terms=terms, analysis=analysis, candidates=tuple(ranked))


def _candidate(one: _Considered, best: Sequence[_Considered]) -> Candidate:
    observed = one.seen.observed
    waits = one.refusal is None and observed.blocked is not None
    return Candidate(
        model=one.seen.model,
        eligible=one.eligible,
        reason=one.refusal or _blocked(one) or _standing(one, best),
        score=one.score,
        factors=one.factors,
        breaker=one.seen.breaker,
        worst_cost=one.fit.worst_cost,
        max_tokens=one.fit.max_tokens,
        retry_in_s=(observed.retry_in_s or 0.0) if waits else None,
        observed=observed,
        expected=one.expected,
    )


def _blocked(one: _Considered) -> str | None:
    observed = one.seen.observed
    if observed.blocked is None or observed.in_flight < observed.limit:
        return observed.blocked
    return (
        f"{observed.blocked}: {observed.in_flight} of {observed.limit} calls in flight, "
        f"load {one.factors.load:+.3f}"
    )


def _standing(one: _Considered, best: Sequence[_Considered]) -> str:
    """Where it stands against the best of the others, and what weighs most in that."""
    rival = next((c for c in best if c is not one), None)
    if rival is None:
        return "nothing else can take it"
    lead = round(one.score - rival.score, 6)
    between = differences(one.factors, rival.factors)
    agreeing = [part for part in between if (part[1] > 0) == (lead > 0)]
    if not lead or not agreeing:
        return f"level with {rival.seen.model.name}"
    name, share = agreeing[0]
    where = "ahead of" if lead > 0 else "behind"
    return f"{abs(lead):.3f} {where} {rival.seen.model.name}: {name} {share:+.3f} weighs most"
