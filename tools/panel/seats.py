"""Who sits on a panel: the models that are named, or the router's best of different providers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pointsman.errors import Cause, NoBackend
from pointsman.records import Call
from pointsman.types import Model
from routing.choice.decide import named
from routing.dispatch import Dispatcher


@dataclass(frozen=True, slots=True)
class Seat:
    """One place on a panel."""

    model: Model
    role: str
    again: int = 0  # how many seats before it have the same model
    shared: bool = False  # another seat has the same model

    @property
    def name(self) -> str:
        """Tells this seat from every other: `provider/id`, with a number if it is shared."""
        return f"{self.model.name}#{self.again + 1}" if self.shared else self.model.name


async def able(dispatcher: Dispatcher, call: Call) -> list[Model]:
    """The models that can take `call` now, best first, but different providers before.

    Raises:
        NoBackend: none can.
    """
    decision = await dispatcher.route(replace(call, model="auto"))
    if not decision.plan:
        causes = [Cause(c.model.provider, "refused", c.reason) for c in decision.candidates]
        raise NoBackend("No model can take this prompt now.", causes=causes)
    return diverse([candidate.model for candidate in decision.plan])


def diverse(models: Sequence[Model]) -> list[Model]:
    """`models` so that each provider, and each model, comes once before one comes twice."""
    providers, ids = Counter[str](), Counter[str]()
    ranks: list[tuple[int, int]] = []
    for model in models:
        ranks.append((providers[model.provider], ids[model.id]))
        providers[model.provider] += 1
        ids[model.id] += 1
    order = sorted(range(len(models)), key=lambda n: (ranks[n], n))
    return [models[n] for n in order]


def resolved(dispatcher: Dispatcher, references: Sequence[str]) -> list[Model]:
    """The model that each reference means: of several, one that could be called now.

    Raises:
        NotFound: one means none.
    """
    view = dispatcher.attempts.health.view
    return [
        min(named(dispatcher.catalogue.models, r), key=lambda m: view(m).blocked is not None)
        for r in references
    ]


def seated(models: Sequence[Model], roles: Sequence[str]) -> list[Seat]:
    """A seat for each role; where there are fewer models than roles they take turns."""
    chosen = [models[n % len(models)] for n in range(len(roles))]
    times = Counter(model.name for model in chosen)
    seen = Counter[str]()
    seats: list[Seat] = []
    for model, role in zip(chosen, roles, strict=True):
        seats.append(Seat(model, role, seen[model.name], times[model.name] > 1))
        seen[model.name] += 1
    return seats


def cheapest(models: Sequence[Model]) -> Model:
    """The model to group answers with: one that keeps to a schema, for the least money."""

    def rank(model: Model) -> tuple[bool, bool, int]:
        cost = 0 if model.price is None else model.price.worst(1000, 100)
        return "json" not in model.capabilities, model.price is None, cost

    return min(models, key=rank)
