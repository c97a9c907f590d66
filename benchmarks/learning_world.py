"""A made-up world for the simulation of learning: what models are worth, and who asks and rates."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from statistics import mean

from pointsman.money import FREE, Price, Rates, nano_from_usd
from pointsman.records import Analysis, Call, Candidate, Category, Decision, Emotion
from pointsman.seams import Clock, EndpointView, Insight, Standing
from pointsman.types import ChatRequest, Message, Model, Tier
from routing.choice.decide import Router
from routing.choice.quality import expected_quality
from routing.experience.learning import Beliefs, Recollection
from routing.experience.outcomes import ASKED_AGAIN
from routing.experience.ratings import Rating
from routing.prompt.analysis import bands

CATEGORIES: tuple[Category, ...] = ("coding", "math", "research", "language", "general")
DAY_S = 86_400.0
HALF_LIFE_S = 14 * DAY_S
GAP_S = DAY_S / 200  # between calls
RATED, WRONG, AGAIN = 0.25, 0.1, 0.2  # shares: rated, of them wrongly, of bad answers asked again
CALL = Call(request=ChatRequest(messages=(Message("user", "p"),)))


def model(
    name: str, tier: Tier, usd: tuple[float, float] | None, quality: float | None = None
) -> Model:
    """A model at `usd` per million tokens of input and output; None: free."""
    price = FREE
    if usd is not None:
        rates = Rates(input=nano_from_usd(usd[0]), output=nano_from_usd(usd[1]))
        price = Price(tiers=(rates,), source="simulated")
    return Model(
        provider=name,
        id="m",
        tier=tier,
        context=32_000,
        price=price,
        origin=f"https://{name}.test",
        quality=quality,
    )


MODELS = (
    model("strong", "strong", (2.5, 10.0)),
    model("middle", "cheap", (0.6, 2.4), quality=0.84),
    model("cheap", "cheap", (0.15, 0.6)),
    model("local", "local", None),
)


@dataclass
class World:
    """What the models are truly worth, and a person who sends them prompts."""

    random: Random
    spread: float = 0.15  # of true quality round what is expected
    fallen: dict[tuple[str, Category], float] = field(
        default_factory=dict[tuple[str, Category], float]
    )

    def __post_init__(self) -> None:
        draw = self.random.gauss
        self._offsets = {
            (m.name, category, band): own + draw(0, 0.6 * self.spread)
            for m in MODELS
            for category in CATEGORIES
            for own in [draw(0, 0.8 * self.spread)]  # what its bands have in common
            for band in ("low", "medium", "high")
        }

    def quality(self, model: Model, analysis: Analysis) -> float:
        """The chance that `model` answers such a prompt well."""
        category = analysis.category
        offset = self._offsets[model.name, category, analysis.band3]
        offset -= self.fallen.get((model.name, category), 0.0)
        return min(max(expected_quality(model, analysis, None) + offset, 0.02), 0.98)

    def prompt(self, of: Category | None = None) -> Analysis:
        """A prompt of that category, or of any."""
        category: Category = self.random.choice(CATEGORIES) if of is None else of
        complexity = self.random.betavariate(2, 3)
        band4, band3 = bands(complexity)
        return Analysis(
            category=category,
            category_confidence=0.9,
            complexity=complexity,
            band4=band4,
            band3=band3,
            p_strong=min(max(0.6 * complexity + self.random.gauss(0, 0.1), 0.02), 0.9),
            time_sensitive=False,
            emotion=Emotion(label="neutral", intensity=0.0),
            tags=frozenset(),
            input_tokens=self.random.randrange(50, 1500),
        )


class Home:
    """A router that learns, its clock, and the numbers of its decisions."""

    def __init__(self, random: Random, *, explore: float = 0.0, learn: bool = True) -> None:
        self.now = 1_750_000_000.0
        self.random, self.explore, self.learn = random, explore, learn
        self.beliefs = Beliefs(HALF_LIFE_S, lambda: self.now)
        numbers = count()
        self.router = Router(
            models=MODELS,
            view=lambda _: EndpointView(),
            readiness=lambda _: "ready",
            problem=lambda _: None,
            clock=Clock(monotonic=lambda: 0.0, wall=lambda: self.now),
            new_id=lambda: str(next(numbers)),
        )

    def decide(self, analysis: Analysis, who: str = "ann", *, explore: bool = False) -> Decision:
        recalled = Recollection(
            beliefs=self.beliefs,
            principal=who,
            analysis=analysis,
            random=self.random if explore else None,
        )

        def standing(model: Model) -> Standing:
            learned, notes = recalled.of(model)
            return Standing(learned=learned if self.learn else 0.0, notes=notes)

        return self.router.decide(CALL, analysis, Insight(standing=standing))

    def serve(self, world: World, analysis: Analysis, *, rated: float = RATED) -> Decision:
        """One call: decided, answered, and now and then rated or asked again."""
        self.now += GAP_S
        decision = self.decide(analysis, explore=self.random.random() < self.explore)
        first = decision.plan[0]
        good = self.random.random() < world.quality(first.model, analysis)
        if self.random.random() < rated:
            pleased = good != (self.random.random() < WRONG)
            self.rate(decision, first, self.random.uniform(0.5, 1) * (1 if pleased else -1))
        place = ("ann", first.model.name, analysis.category, analysis.band3)
        self.beliefs.observe(*place, 1.0, 0.0)
        if not good and self.random.random() < AGAIN:
            self.beliefs.observe(*place, 0.0, ASKED_AGAIN)
        return decision

    def rate(self, decision: Decision, of: Candidate, rating: float, who: str = "ann") -> None:
        a = decision.analysis
        told = Rating(self.now, a.band3, rating, of.expected.quality if of.expected else 0.75)
        self.beliefs.rate(who, of.model.name, a.category, decision.id, told)

    def share(self, name: str, prompts: Sequence[Analysis]) -> float:
        """The share of `prompts` that would go to the model now."""
        return mean(self.decide(p).plan[0].model.name == name for p in prompts)
