"""Recorded calls decided again under other settings: what would have changed, with intervals.

Recorded: the prompts' analyses, the candidates as they stood, what calls cost and how long they
took. Estimated, for a call that would have gone elsewhere: its cost (the other model's price at
the tokens that were used), its latency (calls that the other model did answer), its quality.
"""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pointsman.money import NANO_PER_USD, Nano, Usage
from pointsman.records import Candidate, Category, Decision
from pointsman.settings import RoutingSettings
from routing.choice.intervals import Measure, Numbers, measure
from routing.choice.suppose import WhatIf, supposing

EXAMPLES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A call that was answered."""

    decision: Decision
    answered_by: str  # `provider/id`
    cost: Nano | None  # of all its attempts; None: not known
    usage: Usage  # of the attempt that answered
    latency_ms: float
    rating: float | None = None  # -1..1


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryChange:
    category: Category
    calls: int
    changed: int
    cost_usd: float
    cost_usd_again: float
    quality: float
    quality_again: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    decision_id: str
    category: Category
    p_strong: float
    was: str
    now: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    calls: int
    changed: int
    unpriced: int  # calls left out of the cost: a price is not known
    cost_usd: Measure | None  # of all calls together; None: of no call is it known
    quality: Measure  # expected, a call
    p50_ms: Measure
    p95_ms: Measure
    categories: tuple[CategoryChange, ...]
    moves: Mapping[str, int]  # "from -> to": calls
    examples: tuple[Example, ...]
    rated: int
    rating_of_changed: float | None  # -1..1, recorded, of answers that would not have been given


@dataclass(frozen=True, slots=True)
class _Both:
    """A case as it was and as it would have been."""

    case: Case
    was: Candidate
    now: Candidate
    cost: Nano | None
    cost_again: Nano | None
    latency_ms_again: float

    @property
    def changed(self) -> bool:
        return self.was.model.name != self.now.model.name


def replay(cases: Sequence[Case], routing: RoutingSettings, seed: int = 0) -> Replay | None:
    """`cases` decided again under `routing`; None where there are none to decide."""
    dice = random.Random(seed)  # noqa: S311 - for an estimate, not for a secret
    observed = _latencies(cases)
    both = [b for case in cases if (b := _decided_again(case, routing, observed, dice))]
    if not both:
        return None
    changed = [b for b in both if b.changed]
    ratings = [b.case.rating for b in changed if b.case.rating is not None]
    priced = [b for b in both if b.cost is not None and b.cost_again is not None]
    quality, quality_again = _quality(both)
    latency = np.array([b.case.latency_ms for b in both])
    latency_again = np.array([b.latency_ms_again for b in both])
    return Replay(
        calls=len(both),
        changed=len(changed),
        unpriced=len(both) - len(priced),
        cost_usd=measure(*_cost(priced), np.sum, seed=seed, relative=True) if priced else None,
        quality=measure(quality, quality_again, np.mean, seed=seed),
        p50_ms=measure(latency, latency_again, np.median, seed=seed),
        p95_ms=measure(latency, latency_again, _p95, seed=seed),
        categories=_categories(both),
        moves=_moves(changed),
        examples=tuple(map(_example, changed[:EXAMPLES])),
        rated=sum(b.case.rating is not None for b in both),
        rating_of_changed=sum(ratings) / len(ratings) if ratings else None,
    )


def can_be_decided_again(decision: Decision) -> bool:
    """Whether it recorded what that takes; those of earlier versions did not."""
    return bool(decision.plan) and all(c.expected for c in decision.candidates)


def _decided_again(
    case: Case,
    routing: RoutingSettings,
    observed: Mapping[str, Sequence[float]],
    dice: random.Random,
) -> _Both | None:
    if not can_be_decided_again(case.decision):
        return None
    was = case.decision.plan[0]
    plan = supposing(case.decision, WhatIf(routing=routing)).plan
    if not plan or plan[0].model.name == was.model.name:
        return _Both(case, was, was, case.cost, case.cost, case.latency_ms)
    now = plan[0]
    assumed = now.expected.latency_ms if now.expected else case.latency_ms
    return _Both(
        case,
        was,
        now,
        case.cost,
        now.model.price.cost(case.usage) if now.model.price else None,
        dice.choice(observed.get(now.model.name) or [assumed]),
    )


def _latencies(cases: Sequence[Case]) -> dict[str, list[float]]:
    """How long each model took for what it answered."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    for case in cases:
        found[case.answered_by].append(case.latency_ms)
    return found


def _cost(priced: Sequence[_Both]) -> tuple[Numbers, Numbers]:
    """USD a call, as it was and as it would have been."""
    was = np.array([b.cost or 0 for b in priced], float)
    now = np.array([b.cost_again or 0 for b in priced], float)
    return was / NANO_PER_USD, now / NANO_PER_USD


def _quality(both: Sequence[_Both]) -> tuple[Numbers, Numbers]:
    was = np.array([_expected(b.was) for b in both])
    return was, np.array([_expected(b.now) for b in both])


def _p95(sample: Numbers) -> Numbers:
    return np.percentile(sample, 95)  # type: ignore[return-value]


def _expected(candidate: Candidate) -> float:
    """The chance of a good answer, with what was learned, 0..1."""
    quality = candidate.expected.quality if candidate.expected else 0.0
    return min(max(quality + candidate.observed.learned, 0.0), 1.0)


def _categories(both: Sequence[_Both]) -> tuple[CategoryChange, ...]:
    groups: defaultdict[Category, list[_Both]] = defaultdict(list)
    for one in both:
        groups[one.case.decision.analysis.category].append(one)
    ordered = sorted(groups.items(), key=lambda item: -len(item[1]))
    return tuple(_category(category, them) for category, them in ordered)


def _category(category: Category, them: Sequence[_Both]) -> CategoryChange:
    cost, cost_again = _cost([b for b in them if b.cost is not None and b.cost_again is not None])
    quality, quality_again = _quality(them)
    return CategoryChange(
        category=category,
        calls=len(them),
        changed=sum(b.changed for b in them),
        cost_usd=float(cost.sum()),
        cost_usd_again=float(cost_again.sum()),
        quality=float(quality.mean()),
        quality_again=float(quality_again.mean()),
    )


def _moves(changed: Sequence[_Both]) -> dict[str, int]:
    counts: defaultdict[str, int] = defaultdict(int)
    for one in changed:
        counts[f"{one.was.model.name} -> {one.now.model.name}"] += 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _example(one: _Both) -> Example:
    analysis = one.case.decision.analysis
    return Example(
        decision_id=one.case.decision.id,
        category=analysis.category,
        p_strong=analysis.p_strong,
        was=one.was.model.name,
        now=one.now.model.name,
        why=one.now.reason,
    )
