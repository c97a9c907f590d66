"""What one person's ratings and outcomes add to the quality expected of a model.

A belief is a Beta posterior: the prior is the quality that the score expects anyway, worth `PRIOR`
ratings; decayed ratings are the evidence. What was learned is how far the posterior's mean lies
from the prior's, so that expected quality and learned term together are the quality believed in.
Evidence from the category's other bands and from other categories counts too, at a discount and up
to a limit. Outcomes that nobody rated move the belief by the share of answers that were of no use,
within narrower bounds. All is kept by principal: nobody's evidence moves another's routing.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from random import Random
from typing import NamedTuple, get_args

from pointsman.records import Analysis, Band3, Category
from pointsman.types import Model
from routing.choice.quality import expected_quality
from routing.experience.outcomes import Counts
from routing.experience.ratings import MOST, Change, Rating, Tally, faded, tally

PRIOR = 10.0  # ratings that weigh as much as what is expected without any
BOUND = 0.5  # of the learned term, either way
NEAR = (0.5, 6.0)  # the discount on the category's other bands, and the most they weigh
FAR = (0.1, 2.0)  # ... and on other categories, where several speak
NORMAL = 0.98  # of answers are of use
NORMAL_ANSWERS = 20.0  # answers that weigh as much as that assumption
OUTCOMES_BOUND = 0.15
BANDS: tuple[Band3, ...] = get_args(Band3)
MODELS = 256  # of one principal; the one without news for longest is forgotten first
CERTAIN = 0.02  # how near 0 or 1 a believed quality may come when it is drawn from


@dataclass(slots=True)
class Shelf:
    """All evidence on one model in one category, of one principal."""

    ratings: dict[str, Rating] = field(default_factory=dict[str, Rating])  # by decision
    outcomes: dict[Band3, Counts] = field(default_factory=dict[Band3, Counts])
    _tally: Tally | None = None

    def tally(self, half_life_s: float) -> Tally | None:
        """What the ratings come to; None if there are none."""
        if self._tally is None and self.ratings:
            self._tally = tally(self.ratings.values(), half_life_s)
        return self._tally

    def put(self, decision_id: str, rating: Rating) -> None:
        """Take in a rating; an earlier one on the same decision no longer counts."""
        self.ratings[decision_id] = rating
        if len(self.ratings) > MOST:
            del self.ratings[min(self.ratings, key=lambda d: self.ratings[d].at)]
        self._tally = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """How one model's answers are believed to differ from what is expected."""

    weight: float = 0.0  # of the ratings behind it, as many as they count for
    surprise: float = 0.0  # the sum of how far they lie from what was expected
    ratings: int = 0  # of the category
    change: Change | None = None  # found in them: those before it do not count
    clean: float = 0.0  # answers, decayed
    trouble: float = 0.0

    @property
    def by_ratings(self) -> float:
        return self.surprise / (PRIOR + self.weight)

    @property
    def by_outcomes(self) -> float:
        surprise = self.clean * (1 - NORMAL) - self.trouble * NORMAL
        return _within(surprise / (NORMAL_ANSWERS + self.clean + self.trouble), OUTCOMES_BOUND)

    @property
    def learned(self) -> float:
        """What is added to the expected quality, in [-BOUND, BOUND]."""
        return _within(self.by_ratings + self.by_outcomes, BOUND)

    def drawn(self, random: Random, expected: float) -> float:
        """The same for a quality drawn from the belief, where `expected` is hoped for.

        The less is known of a model, the more it varies (Thompson sampling).
        """
        strength = PRIOR + self.weight
        mean = min(max(expected + self.by_ratings, CERTAIN), 1 - CERTAIN)
        quality = random.betavariate(mean * strength, (1 - mean) * strength)
        return _within(quality - expected + self.by_outcomes, BOUND)

    def notes(self) -> tuple[str, ...]:
        """Why, for a person."""
        said: list[str] = []
        if self.weight:
            ratings = "1 rating" if self.ratings == 1 else f"{self.ratings} ratings"
            count = ratings if self.ratings else "other categories"
            since = f" since it got {self.change}" if self.change else ""
            said.append(f"feedback {self.by_ratings:+.3f} from {count}{since}")
        if self.clean + self.trouble >= 0.5:
            n = f"{self.clean + self.trouble:.0f}"
            answers = "1 answer" if n == "1" else f"about {n} answers"
            said.append(
                f"outcomes {self.by_outcomes:+.3f} from {answers}, {self.trouble:.1f} of no use"
            )
        return tuple(said)


NONE = Belief()


class _Pool(NamedTuple):
    """Evidence from some bands together."""

    weight: float = 0.0
    surprise: float = 0.0
    clean: float = 0.0
    trouble: float = 0.0

    def plus(self, other: "_Pool", discount: float = 1.0, most: float = float("inf")) -> "_Pool":
        """With `other` at a discount, weighing at most `most` ratings and thrice the answers."""
        by_weight = min(discount, most / other.weight) if other.weight else 0.0
        answers = other.clean + other.trouble
        by_answers = min(discount, 3 * most / answers) if answers else 0.0
        return _Pool(
            self.weight + by_weight * other.weight,
            self.surprise + by_weight * other.surprise,
            self.clean + by_answers * other.clean,
            self.trouble + by_answers * other.trouble,
        )


NO_EVIDENCE = _Pool()
EMPTY = Shelf()


class Beliefs:
    """What every principal's evidence says, in memory; `wall` is the clock's wall time."""

    def __init__(self, half_life_s: float, wall: Callable[[], float]) -> None:
        self._half_life_s = half_life_s
        self._wall = wall
        self._of: dict[str, OrderedDict[str, dict[Category, Shelf]]] = {}

    def rate(
        self, principal: str, model: str, category: Category, decision_id: str, rating: Rating
    ) -> None:
        """Take in a rating; an earlier one on the same decision no longer counts."""
        self._shelf(principal, model, category).put(decision_id, rating)

    def observe(
        self, principal: str, model: str, category: Category, band: Band3, clean: float, bad: float
    ) -> Counts:
        """Take in how an answer ended; the counts as they now stand."""
        now = self._wall()
        outcomes = self._shelf(principal, model, category).outcomes
        before = outcomes.get(band, Counts(now)).now(now, self._half_life_s)
        outcomes[band] = before.plus(clean, bad)
        return outcomes[band]

    def restore(
        self, principal: str, model: str, category: Category, band: Band3, counts: Counts
    ) -> None:
        """Put back the counts of an earlier process."""
        self._shelf(principal, model, category).outcomes[band] = counts

    def believe(self, principal: str, model: str, category: Category, band: Band3) -> Belief:
        """What is believed of `model` for prompts of this category and band."""
        models = self._of.get(principal)
        shelves = models.get(model) if models else None
        if not shelves:
            return NONE
        now, shelf = self._wall(), shelves.get(category, EMPTY)
        own = self._pool(shelf, now, (band,))
        near = self._pool(shelf, now, [b for b in BANDS if b != band])
        # One category's troubles are its own: only what several share says more of the model.
        others = [self._pool(shelves[c], now, BANDS) for c in sorted(shelves) if c != category]
        others.sort(key=lambda p: p.weight + p.clean + p.trouble)
        far = reduce(_Pool.plus, others[:-1], NO_EVIDENCE)
        pool = own.plus(near, *NEAR).plus(far, *FAR)
        counted = shelf.tally(self._half_life_s)
        return Belief(
            weight=pool.weight,
            surprise=pool.surprise,
            ratings=counted.count if counted else 0,
            change=counted.change if counted else None,
            clean=pool.clean,
            trouble=pool.trouble,
        )

    def reset(
        self, principal: str, model: str | None = None, category: Category | None = None
    ) -> None:
        """Forget the evidence of `principal`, or only that on a model or a category."""
        models = self._of.get(principal, OrderedDict())
        for name in [name for name in models if model in (None, name)]:
            for its_category in [c for c in models[name] if category in (None, c)]:
                del models[name][its_category]
            if not models[name]:
                del models[name]

    def places(self, principal: str) -> Iterator[tuple[str, Category, Band3]]:
        """Every model, category and band that `principal` has evidence on."""
        for model, shelves in self._of.get(principal, {}).items():
            for category, shelf in shelves.items():
                rated = [rating.band for rating in shelf.ratings.values()]
                for band in dict.fromkeys([*rated, *shelf.outcomes]):
                    yield model, category, band

    def _pool(self, shelf: Shelf, now: float, bands: Sequence[Band3]) -> _Pool:
        """The evidence on some bands together, as it weighs now."""
        weight = surprise = clean = trouble = 0.0
        rated = shelf.tally(self._half_life_s)
        left = faded(now - rated.at, self._half_life_s) if rated else 0.0
        for band in bands:
            if rated and (of := rated.sums.get(band)):
                weight += of.weight * left
                surprise += of.surprise * left
            if counts := shelf.outcomes.get(band):
                still = faded(now - counts.at, self._half_life_s)
                clean += counts.clean * still
                trouble += counts.trouble * still
        return _Pool(weight, surprise, clean, trouble)

    def _shelf(self, principal: str, model: str, category: Category) -> Shelf:
        models = self._of.setdefault(principal, OrderedDict())
        shelves = models.setdefault(model, {})
        models.move_to_end(model)
        if len(models) > MODELS:
            models.popitem(last=False)
        return shelves.setdefault(category, Shelf())


@dataclass(frozen=True, slots=True, kw_only=True)
class Recollection:
    """What was learned, for one call."""

    beliefs: Beliefs
    principal: str
    analysis: Analysis
    random: Random | None  # drawn from, if this call explores

    @property
    def stages(self) -> tuple[str, ...]:
        return ("exploring: learned terms drawn by chance",) if self.random else ()

    def of(self, model: Model, quality: float | None = None) -> tuple[float, tuple[str, ...]]:
        """The learned term of `model` in [-0.5, 0.5], and why.

        `quality` is what was measured of the model, as the score gets it.
        """
        category, band = self.analysis.category, self.analysis.band3
        belief = self.beliefs.believe(self.principal, model.name, category, band)
        if self.random is None:
            return belief.learned, belief.notes()
        drawn = belief.drawn(self.random, expected_quality(model, self.analysis, quality))
        return drawn, (*belief.notes(), f"exploring: {drawn:+.3f} instead of {belief.learned:+.3f}")


def _within(value: float, bound: float) -> float:
    return min(max(value, -bound), bound)
