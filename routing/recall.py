"""Answers given before: what of them serves a call, and what is kept of a new one."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pointsman.records import MISS, Analysis, CacheInfo, Call, Decision, Found, Remembered
from pointsman.seams import Cache, Embedding, Similar
from pointsman.settings import RoutingSettings
from pointsman.types import Model
from routing.choice.decide import profile_of, who_of
from routing.prompt.analyst import Understood


class NothingSimilar:
    """Finds no answer but a call's own."""

    async def find(
        self,
        call: Call,  # noqa: ARG002 - the protocol's signature
        stamp: str,  # noqa: ARG002
        analysis: Analysis,  # noqa: ARG002
        embedding: Embedding | None,  # noqa: ARG002
    ) -> Found | None:
        return None

    near = find

    async def keep(
        self, call: Call, stamp: str, key: str, analysis: Analysis, embedding: Embedding | None
    ) -> None:
        """Keep nothing."""


ADAPTING = 0.5


@dataclass(frozen=True, slots=True)
class Place:
    """Where the answer to a call is in the cache."""

    key: str
    stamp: str  # what an answer depends on beside the call


@dataclass(frozen=True, slots=True)
class Errand:
    """A call that somebody must answer, and what is known of it."""

    call: Call
    place: Place
    understood: Understood
    decision: Decision
    started: float  # monotonic
    cache: CacheInfo = MISS  # of the answer that is to be adapted

    @property
    def share(self) -> float:
        """Of the time for the call: adapting leaves some for a new answer."""
        return ADAPTING if self.cache.hit else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """The cache as the dispatcher uses it.

    An answer is found by the call that it was given to, by the same call to the very model that
    gave it (X-03), or by a call that means the same.
    """

    cache: Cache
    key_of: Callable[[Call, str], str]  # of a call, and whatever else its answer depends on
    similar: Similar = field(default_factory=NothingSimilar)

    def place(self, call: Call, fingerprint: str, routing: RoutingSettings) -> Place:
        """Depends on the catalogue, and on who likes which models."""
        stamp = f"{fingerprint}|{profile_of(call, routing.profile, routing.preferences)}"
        if (who := who_of(call)) in routing.preferences:
            stamp += f"|{who}"
        return Place(self.key_of(call, stamp), stamp)

    async def asked(self, call: Call, key: str) -> Found | None:
        """The answer kept under the key of `call`; it may be stale."""
        return await self.cache.get(key) if call.cache == "use" else None

    async def alike(self, call: Call, place: Place, understood: Understood) -> Found | None:
        """The answer to another call, if it serves this one as well."""
        if call.cache != "use":
            return None
        analysis, embedding = understood.analysis, understood.embedding
        found = await self.similar.find(call, place.stamp, analysis, embedding)
        return found if found is not None and not found.stale else None

    async def of_first(self, call: Call, decision: Decision) -> Found | None:
        """What the model that would be asked answered before, whoever chose it then."""
        if call.cache != "use" or not decision.plan:
            return None
        found = await self.cache.get(self._key_of_model(call, decision.plan[0].model))
        return found if found is not None and not found.stale else None

    async def near(self, call: Call, place: Place, understood: Understood) -> Found | None:
        """The answer to another call that could be made into one to this."""
        if call.cache != "use":
            return None
        return await self.similar.near(call, place.stamp, understood.analysis, understood.embedding)

    async def keep(
        self,
        call: Call,
        place: Place,
        model: Model,
        remembered: Remembered,
        understood: Understood,
    ) -> None:
        await self.cache.put(place.key, remembered, (self._key_of_model(call, model),))
        analysis, embedding = understood.analysis, understood.embedding
        await self.similar.keep(call, place.stamp, place.key, analysis, embedding)

    def _key_of_model(self, call: Call, model: Model) -> str:
        plain = replace(call, model=model.name, prefer=None, category=None, max_cost=None)
        return self.key_of(plain, f"{model.origin}|{model.tier}|{model.context}")
