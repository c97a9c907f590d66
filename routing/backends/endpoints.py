"""The endpoints that are remembered, and the origins and credentials they share; bounded."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from pointsman.records import BreakerState
from pointsman.settings import BreakerSettings
from pointsman.types import Model
from routing.backends.breaker import Breaker
from routing.backends.concurrency import START, Concurrency
from routing.backends.credential import Credential
from routing.backends.endpoint import Endpoint, Origin
from routing.backends.throttle import Throttle

MOST_CONCURRENT = 256  # calls of a model whose provider has no setting of its own
Action = Literal["opened", "half_open", "closed"]
_ACTIONS: dict[BreakerState, Action] = {
    "open": "opened",
    "half_open": "half_open",
    "closed": "closed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A breaker went over to `state` (CB-07)."""

    provider: str
    model: str | None  # its id; None: the breaker of the provider's whole origin
    state: BreakerState
    failure_count: int  # that led to it; 0 once it is closed
    action: Action


class Endpoints:
    """Makes and keeps the endpoints, by model; of more than `most`, the oldest idle one goes."""

    def __init__(
        self,
        settings: BreakerSettings,
        now: Callable[[], float],
        random: Callable[[], float],
        on_change: Callable[[Change], None],
        on_credential: Callable[[str, bool], None],
        ceilings: Mapping[str, int],
        most: int,
    ) -> None:
        self._settings = settings
        self._now = now
        self._random = random
        self._on_change = on_change
        self._on_credential = on_credential
        self._ceilings = ceilings
        self._most = most
        self._kept: OrderedDict[tuple[str, str, str], Endpoint] = OrderedDict()
        self.origins: dict[str, Origin] = {}
        self.credentials: dict[str, Credential] = {}  # by provider

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self._kept.values())

    def find(self, model: Model) -> Endpoint | None:
        """The endpoint if it is remembered; looking is not using."""
        return self._kept.get((model.provider, model.origin, model.id))

    def get(self, model: Model) -> Endpoint:
        key = (model.provider, model.origin, model.id)
        endpoint = self._kept.get(key)
        if endpoint is None:
            endpoint = self._kept[key] = self._make(model)
            if len(self._kept) > self._most:  # only now: it may share what another would leave
                self._forget_one()
        else:
            self._kept.move_to_end(key)
            endpoint.model = model  # the catalogue may have learnt a new price or limit
        return endpoint

    def first_limit(self, provider: str) -> int:
        """The concurrent calls that a new endpoint of `provider` takes."""
        return min(START, self._ceilings.get(provider, MOST_CONCURRENT))

    def _make(self, model: Model) -> Endpoint:
        provider = model.provider
        if model.origin not in self.origins:
            self.origins[model.origin] = Origin(self._breaker(provider, None))
        if provider not in self.credentials:
            self.credentials[provider] = Credential(
                self._now,
                self._random,
                lambda accepted: self._on_credential(provider, accepted),
            )
        return Endpoint(
            model,
            self._breaker(provider, model.id),
            self.origins[model.origin],
            self.credentials[provider],
            Throttle(self._random),
            Concurrency(self._ceilings.get(provider, MOST_CONCURRENT)),
        )

    def _breaker(self, provider: str, model: str | None) -> Breaker:
        def changed(state: BreakerState, failures: int) -> None:
            self._on_change(
                Change(
                    provider=provider,
                    model=model,
                    state=state,
                    failure_count=failures,
                    action=_ACTIONS[state],
                )
            )

        return Breaker(self._settings, self._now, self._random, changed)

    def _forget_one(self) -> None:
        """Drop the oldest that knows nothing bad, or else the oldest, and what it alone used."""
        now, oldest = self._now(), next(iter(self._kept))
        older = islice(self._kept.items(), self._most)  # than the one just made
        gone = self._kept.pop(next((key for key, e in older if e.forgettable(now)), oldest))
        if not any(e.origin is gone.origin for e in self):
            del self.origins[gone.model.origin]
        if not any(e.credential is gone.credential for e in self):
            del self.credentials[gone.model.provider]
