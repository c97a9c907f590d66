"""Why a decision fell as it did, and what would have made it fall otherwise.

Every claim is computed by scoring again, from what the decision recorded: it is true, not a guess.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, exp, expm1, log1p
from typing import Literal, get_args

from pointsman.evidence import Expected, First, Prefer
from pointsman.money import NANO_PER_USD
from pointsman.records import Analysis, Candidate, Decision
from routing.choice.quality import expected_quality
from routing.choice.rank import claim_of
from routing.choice.score import (
    COST_UNIT,
    Signals,
    Weights,
    cache_gain,
    differences,
    read_signals,
    weights_for,
)

Kind = Literal["claim", "held", "price_cap", "deadline", "p_strong", "price", "rise", "prefer"]
SURE = 1e-5  # of a score: more than its rounding
MOST_CHANGES = 6
STEPS = 12  # of a bisection: to a four-thousandth of its range
MOST_RISE = 20.0  # times its price; beyond that nobody would call it a change of price


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that, had it been otherwise, would have brought another model to the front."""

    kind: Kind
    model: str  # that would have won: `provider/id`
    value: float | str  # what it would have had to be
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    runner_up: str | None  # `provider/id`
    margin: float | None  # of the score; negative where a claim put a lower score first
    would_change: tuple[Change, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Stand:
    """A candidate, and its score taken apart so that parts can be exchanged."""

    candidate: Candidate
    signals: Signals
    expected: Expected
    rest: float  # of the score: all that does not depend on its quality
    worth: float  # of a unit of quality

    @property
    def name(self) -> str:
        return self.candidate.model.name

    @property
    def as_recorded(self) -> bool:
        """Whether scoring again comes to the score that was recorded."""
        told = self.candidate.expected is not None
        return told and abs(self.total - self.candidate.score) < SURE

    @property
    def total(self) -> float:
        return self.rest + self.worth * self.signals.quality

    def total_at(self, p_strong: float, analysis: Analysis) -> float:
        quality = expected_quality(
            self.candidate.model, analysis, self.candidate.observed.quality, p_strong
        )
        return self.rest + self.worth * quality


def explain(decision: Decision) -> Explanation:
    """The runner-up, how far it was behind, and what would have changed the decision."""
    plan = decision.plan
    if not plan:
        return Explanation(runner_up=None, margin=None, would_change=(), notes=_notes(decision))
    second = max(plan[1:], key=lambda c: c.score, default=None)
    return Explanation(
        runner_up=second.model.name if second else None,
        margin=round(plan[0].score - second.score, 6) if second else None,
        would_change=tuple(_changes(decision))[:MOST_CHANGES],
        notes=_notes(decision),
    )


def _changes(decision: Decision) -> Iterator[Change]:
    weights = weights_for(decision.terms.profile, decision.terms.weights)
    stands = _stands(decision, weights)
    if not all(s.as_recorded for s in stands):
        return  # another version decided: what it would have done is not known
    able = [s for s in stands if s.candidate.eligible]
    winner = able[0]
    if decision.terms.firsts:
        if claim_of(decision):
            yield from _claim(able, winner, decision.terms.firsts)
        return  # a claim might hold, or yield, where anything else were otherwise
    yield from _held(stands, winner)
    rivals = [s for s in able[1:] if s.total < winner.total - SURE]
    yield from _other_p_strong(decision.analysis, able, rivals)
    if rivals:
        yield from _other_price(decision, weights, winner, rivals[0])
    yield from _other_prefer(decision, able)
    if decision.terms.deadline_s is not None:
        yield from _no_deadline(able, weights)


def _stands(decision: Decision, weights: Weights) -> list[_Stand]:
    candidates = decision.candidates
    terms, analysis = decision.terms, decision.analysis
    gains = (cache_gain(c.model, c.observed, terms, analysis) for c in candidates)
    most = max(gains, default=0.0)
    stands: list[_Stand] = []
    for one in candidates:
        signals, expected = read_signals(one.model, one.observed, terms, analysis, most)
        worth = weights.quality * (1 - signals.late)
        rest = signals.total(weights) - worth * signals.quality
        stands.append(_Stand(one, signals, expected, rest, worth))
    return stands


def _best(stands: Sequence[_Stand], total: Callable[[_Stand], float]) -> _Stand | None:
    """The one of the highest total, if it is surely so."""
    totals = sorted(((total(s), -n) for n, s in enumerate(stands)), reverse=True)
    if len(totals) > 1 and totals[0][0] - totals[1][0] < SURE:
        return None
    return stands[-totals[0][1]]


def _held(stands: Sequence[_Stand], winner: _Stand) -> Iterator[Change]:
    """What would have won if it had been let: by a gate, or by the caller's price cap."""
    better = [s for s in stands if not s.candidate.eligible and s.total > winner.total + SURE]
    better.sort(key=lambda s: -s.total)
    for one in better[:2]:
        candidate, observed = one.candidate, one.candidate.observed
        if candidate.retry_in_s is not None and observed.blocked:
            cure = {
                "breaker open": "its breaker closed",
                "origin unreachable": "its backend could be reached",
                "credential refused": "its credential were accepted",
                "throttled": "it were not throttled",
                "busy": "it had a free place",
            }.get(observed.blocked, f"it were not held back ({observed.blocked})")
            yield _change("held", one, observed.blocked, cure)
        elif candidate.worst_cost is not None and observed.unable is None:
            least = candidate.worst_cost / NANO_PER_USD
            yield _change("price_cap", one, least, f"max_cost_usd were at least {least:.6f}")


def _claim(able: Sequence[_Stand], winner: _Stand, firsts: Sequence[First]) -> Iterator[Change]:
    if {first.model for first in firsts} != {winner.name}:
        return  # the next claim might be heard instead
    best = _best(able, lambda s: s.total)
    if best is not None and best is not winner:
        yield _change("claim", best, winner.name, f"{winner.name} had not been put first")


def _other_p_strong(
    analysis: Analysis, able: Sequence[_Stand], rivals: Sequence[_Stand]
) -> Iterator[Change]:
    """For the best rival of each other tier: the nearest `p_strong` at which it wins."""
    tiers = {able[0].candidate.model.tier}
    for rival in rivals:
        if rival.candidate.model.tier in tiers:
            continue
        tiers.add(rival.candidate.model.tier)
        for end, word in ((1.0, "above"), (0.0, "below")):
            p = _crossing(analysis, able[0], rival, end)
            if p is not None and _best(able, lambda s, p=p: s.total_at(p, analysis)) is rival:  # type: ignore[misc]
                yield _change("p_strong", rival, p, f"p_strong were {word} {p:.2f}")
                break


def _crossing(analysis: Analysis, winner: _Stand, rival: _Stand, end: float) -> float | None:
    """Where between the present `p_strong` and `end` the rival overtakes; in hundredths."""

    def ahead(p: float) -> bool:
        return rival.total_at(p, analysis) > winner.total_at(p, analysis) + SURE

    if not ahead(end):
        return None
    behind, there = analysis.p_strong, end
    for _ in range(STEPS):
        middle = (behind + there) / 2
        behind, there = (behind, middle) if ahead(middle) else (middle, there)
    p = ceil(there * 100) / 100 if end else int(there * 100) / 100
    return p if ahead(p) else None


def _other_price(
    decision: Decision, weights: Weights, winner: _Stand, rival: _Stand
) -> Iterator[Change]:
    """How much cheaper the runner-up, or dearer the winner, would have had to be."""
    if not weights.cost or any(c.observed.cached_tokens for c in decision.candidates):
        return
    gap = (winner.total - rival.total + 2 * SURE) / weights.cost
    if cost := rival.expected.cost:
        affordable = COST_UNIT * expm1(log1p(cost / COST_UNIT) - gap)
        percent = ceil(100 * (1 - affordable / cost))
        if 0 < percent < 100:
            yield _change("price", rival, float(percent), f"its price were {percent} % lower")
            return
    if cost := winner.expected.cost:
        dearer = COST_UNIT * ((1 + cost / COST_UNIT) * exp(min(gap, 50.0)) - 1)
        percent = ceil(100 * (dearer / cost - 1))
        if 0 < percent <= 100 * MOST_RISE:
            text = f"{winner.name} cost {percent} % more"
            yield _change("rise", rival, float(percent), text)


def _other_prefer(decision: Decision, able: Sequence[_Stand]) -> Iterator[Change]:
    winners: dict[_Stand, list[str]] = {}
    for prefer in get_args(Prefer):
        weights = weights_for(prefer, decision.terms.weights)
        best = _best(able, lambda s, w=weights: s.signals.total(w))  # type: ignore[misc]
        if best is not None and best is not able[0] and prefer != decision.terms.profile:
            winners.setdefault(best, []).append(prefer)
    for one, prefers in winners.items():
        yield _change("prefer", one, "|".join(prefers), f"prefer were {' or '.join(prefers)}")


def _no_deadline(able: Sequence[_Stand], weights: Weights) -> Iterator[Change]:
    best = _best(able, lambda s: s.rest + weights.quality * s.signals.quality)
    if best is not None and best is not able[0]:
        yield _change("deadline", best, 0.0, "there were no deadline")


def _change(kind: Kind, stand: _Stand, value: float | str, condition: str) -> Change:
    text = f"{stand.name} would win if {condition}"
    return Change(kind=kind, model=stand.name, value=value, text=text)


def _notes(decision: Decision) -> tuple[str, ...]:
    """What a reader should know of how it came about."""
    notes = list(decision.analysis.notes)
    plan = decision.plan
    if len(plan) > 1:
        second = max(plan[1:], key=lambda c: c.score)
        parts = differences(plan[0].factors, second.factors)
        told = ", ".join(f"{name} {share:+.3f}" for name, share in parts[:4])
        notes.append(f"{plan[0].model.name} against {second.model.name}: {told or 'no difference'}")
    for one in plan:
        if one.model.price is None:
            notes.append(f"the price of {one.model.name} is not known: it is taken for a dear one")
        notes += (f"{one.model.name}: {note}" for note in one.observed.notes)
    return tuple(notes)
