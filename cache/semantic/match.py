"""Which of the prompts that answers are kept for means the same as one that is asked."""

from dataclasses import dataclass
from typing import Protocol

from cache.semantic.asked import Asked
from cache.semantic.index import Entry, Near, Partition, Vector
from cache.semantic.verifier import Judgement, Prompt
from pointsman.records import Category

MOST_JUDGED = 3  # candidates, at about 0.5 ms each; 8 found no more on 1,100 prompts
TIGHTENING = 4  # each report nearby leaves a quarter of the doubt that was allowed
NOTHING = "nothing is kept"
SAME_WORDS = "same words"


class Judge(Protocol):
    """Says how likely the answer to one prompt serves another, and how likely is enough."""

    def probability(self, asked: Prompt, kept: Prompt) -> Judgement: ...

    def threshold(self, false_hits: float, category: Category | None) -> float: ...


@dataclass(frozen=True, slots=True)
class Match:
    """A kept prompt, held against the one that is asked."""

    entry: Entry
    similarity: float
    probability: float  # that its answer serves
    reason: str
    serves: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What may be served, best first, or why there is nothing."""

    matches: tuple[Match, ...] = ()
    reason: str = NOTHING
    similarity: float | None = None  # of the nearest, or the one judged best


@dataclass(frozen=True, slots=True)
class Matcher:
    """Looks for the same words, then among the nearest for the same meaning."""

    judge: Judge
    floor: float  # cosine below which nothing is judged
    false_hits: float

    def same_words(self, asked: Asked, partition: Partition) -> Match | None:
        entry = partition.of_words(asked.words)
        if entry is None or partition.is_wrong(asked.words):
            return None
        return Match(entry, 1.0, 1.0, SAME_WORDS)

    def same_meaning(self, asked: Asked, vector: Vector, partition: Partition) -> Outcome:
        """The kept prompts that surely enough mean the same."""
        near = partition.nearest(vector, MOST_JUDGED)
        if not near:
            return Outcome()
        judged = [
            self._judged(asked, vector, partition, one)
            for one in near
            if one.cosine >= self.floor and one.entry.words != asked.words
        ]
        if not judged:
            return Outcome(reason=f"below {self.floor:.2f}", similarity=near[0].cosine)
        judged.sort(key=lambda match: match.probability, reverse=True)
        best = judged[0]
        return Outcome(tuple(m for m in judged if m.serves), best.reason, best.similarity)

    def to_adapt(
        self, asked: Asked, vector: Vector, partition: Partition, floor: float
    ) -> list[Match]:
        """The kept prompts that lie near, the nearest first; none whose answer was reported."""
        return [
            self._judged(asked, vector, partition, one)
            for one in partition.nearest(vector, MOST_JUDGED)
            if one.cosine >= floor and not partition.reports_near(vector, one.vector)
        ]

    def _judged(self, asked: Asked, vector: Vector, partition: Partition, near: Near) -> Match:
        told = self.judge.probability(
            Prompt(asked.text, vector), Prompt(near.entry.text, near.vector)
        )
        p, reports = told.probability, partition.reports_near(vector, near.vector)
        threshold = self.judge.threshold(self.false_hits, asked.category)
        serves = p >= 1 - (1 - threshold) / TIGHTENING**reports
        if serves:
            reason = f"same meaning (p {p:.2f})"
        else:
            reason = told.reason if p == 0 else f"{told.reason} (p {p:.2f})"
        return Match(near.entry, near.cosine, p, reason, serves)
