"""What a row of ratings says now: decayed sums, and only since the last change for good or ill.

A rating of -1..1 is read as a quality of 0..1, and what counts is its surprise: how far it lies
from the quality that the router expected of that answer. Old ratings fade with time. A model that
changes is found by a two-sided CUSUM over the surprises in the order they came (Page, Biometrika
1954): how far each is from the mean so far, less a slack, is added up, and past a limit everything
from before the run began is forgotten.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal, NamedTuple

from pointsman.records import Band3

MOST = 50  # ratings of one model and category that are looked at, the latest
HALF_RATINGS = 20  # newer ratings, after which one weighs half: people and models change
LEAD = 8  # ratings that make a mean worth comparing with
LEAST_DEVIATION = 0.3  # taken to be usual among ratings that hardly differ
SLACK = 0.5  # deviations; smaller changes than twice this are left to the fading
LIMIT = 5.0  # deviations

Change = Literal["worse", "better"]


@dataclass(frozen=True, slots=True)
class Rating:
    """One person's last word on one answer."""

    at: float  # wall clock
    band: Band3
    rating: float  # -1..1
    expected: float  # 0..1: the quality that its decision hoped for

    @property
    def surprise(self) -> float:
        return (1 + self.rating) / 2 - self.expected


class Sum(NamedTuple):
    """Ratings by their weight, and the surprise in them."""

    weight: float = 0.0
    surprise: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The ratings of a model in a category, as they weighed at a moment."""

    at: float  # wall clock of the latest
    count: int  # of those that count
    change: Change | None  # the last one found; what was before it does not count
    sums: Mapping[Band3, Sum]


def faded(seconds: float, half_life_s: float) -> float:
    """What is left of evidence after `seconds`; a clock set back adds nothing."""
    return 1.0 if seconds <= 0 else 0.5 ** (seconds / half_life_s)


def tally(ratings: Collection[Rating], half_life_s: float) -> Tally:
    """What `ratings`, of which there is at least one, come to; their order does not matter."""
    ordered = sorted(ratings, key=lambda r: (r.at, r.band, r.rating, r.expected))[-MOST:]
    began, change = last_change([rating.surprise for rating in ordered])
    counted = ordered[began:]
    latest = counted[-1].at
    sums: dict[Band3, Sum] = {}
    for since, rating in enumerate(reversed(counted)):
        weight = faded(latest - rating.at, half_life_s) * 0.5 ** (since / HALF_RATINGS)
        total, surprise = sums.get(rating.band, Sum())
        sums[rating.band] = Sum(total + weight, surprise + weight * rating.surprise)
    return Tally(at=latest, count=len(counted), change=change, sums=sums)


class _Run:
    """The sum of steps in one direction, and where it began."""

    def __init__(self) -> None:
        self.total = 0.0
        self.began = 0

    def step(self, index: int, size: float) -> bool:
        """Whether the sum passes the limit with a step of `size` deviations."""
        if self.total <= 0:
            self.began = index
        self.total = max(0.0, self.total + size - SLACK)
        return self.total > LIMIT


def last_change(surprises: Sequence[float]) -> tuple[int, Change | None]:
    """Where what holds now began in `surprises`, and whether it got worse or better there."""
    start = 0
    change: Change | None = None
    worse, better = _Run(), _Run()
    total = squares = 0.0  # of those since `start`
    for index, value in enumerate(surprises):
        if (seen := index - start) >= LEAD:
            mean = total / seen
            deviation = sqrt(max(squares / seen - mean * mean, 0.0))
            fall = (mean - value) / max(deviation, LEAST_DEVIATION)
            down, up = worse.step(index, fall), better.step(index, -fall)
            if down or up:
                start, change = (worse.began, "worse") if down else (better.began, "better")
                worse, better = _Run(), _Run()
                total = sum(surprises[start:index])
                squares = sum(s * s for s in surprises[start:index])
        total += value
        squares += value * value
    return start, change
