"""How every backend is doing, and whether it may be called: kept from the outcomes of calls."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pointsman.seams import Clock, EndpointView
from pointsman.settings import BreakerSettings
from pointsman.types import Model, Outcome
from routing.backends.breaker import Mode
from routing.backends.endpoint import Blocked, Endpoint, Permit, first_refusal
from routing.backends.endpoints import Change, Endpoints
from routing.backends.retries import backoff_s

__all__ = ["Blocked", "Change", "Health", "Permit", "ProviderHealth"]

MOST_ENDPOINTS = 1024
FORCED_PROBE_EVERY_S = 1.0
_REACHED_NOTHING = (Outcome.CANCELLED, Outcome.LOCAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderHealth:
    provider: str
    endpoints: tuple[tuple[Model, EndpointView], ...]
    credential_accepted: bool
    stale_results: int  # came after a breaker had moved on, and moved nothing


def _ignore(_change: Change) -> None:
    pass


def _ignore_credential(_provider: str, _accepted: bool) -> None:
    pass


class Health:
    """The gates before every endpoint that was called lately, and what they learn from calls.

    `random` returns [0, 1). `ceilings` limits a provider's concurrent calls per model. When there
    are more than `most_endpoints`, the one that was idle for the longest is forgotten.
    `on_credential` is told a provider and whether its credential is accepted, when that changes.
    """

    def __init__(
        self,
        settings: BreakerSettings,
        clock: Clock,
        random: Callable[[], float],
        on_change: Callable[[Change], None] = _ignore,
        *,
        on_credential: Callable[[str, bool], None] = _ignore_credential,
        ceilings: Mapping[str, int] | None = None,
        most_endpoints: int = MOST_ENDPOINTS,
    ) -> None:
        self._now = clock.monotonic
        self._random = random
        self._endpoints = Endpoints(
            settings,
            clock.monotonic,
            random,
            on_change,
            on_credential,
            ceilings or {},
            most_endpoints,
        )
        self._forced_at = -math.inf

    def view(self, model: Model) -> EndpointView:
        """How `model`'s endpoint is doing; looking changes nothing."""
        endpoint = self._endpoints.find(model)
        return self._view_unseen(model) if endpoint is None else endpoint.view(self._now())

    def admit(self, model: Model) -> Permit | Blocked:
        """A permit, to be given back with `report` whatever happens, or why there is none."""
        endpoint, now = self._endpoints.get(model), self._now()
        return endpoint.blocked(now) or endpoint.enter(now)

    def admit_forced(self, model: Model) -> Permit | Blocked:
        """As `admit`, but once a second, for all models together, past an open breaker.

        Its success shortens the wait; its failure does not lengthen it. No other gate is passed.
        """
        endpoint, now = self._endpoints.get(model), self._now()
        blocked = endpoint.blocked(now)
        if blocked is None:
            return endpoint.enter(now)
        due = self._forced_at + FORCED_PROBE_EVERY_S
        if now < due or endpoint.forced_wait_s(now) is None:
            return blocked
        self._forced_at = now
        return endpoint.enter(now)

    def all_resting(self, models: Sequence[Model]) -> bool:
        """Whether an open breaker, and nothing else, keeps every one of `models` from a call."""
        now = self._now()
        found = [self._endpoints.find(model) for model in models]
        return all(e is not None and e.forced_wait_s(now) is not None for e in found)

    def report(
        self,
        permit: Permit,
        outcome: Outcome,
        *,
        latency_s: float,
        ttft_s: float | None = None,
        retry_after_s: float | None = None,
        connect_failure: bool = False,
        timed_out: bool = False,
    ) -> None:
        """Give `permit` back with what its call ended as; only the first time has an effect.

        `retry_after_s` is what a THROTTLED answer asked for; `connect_failure`: there was no
        connection to send the request on.
        """
        if permit.reported:
            return
        permit.reported = True
        endpoint = permit.endpoint
        origin, answered = endpoint.origin, outcome is Outcome.SUCCESS or ttft_s is not None
        endpoint.breaker.report(permit.through_breaker, outcome)
        origin.breaker.report(permit.through_origin, _reached(outcome, connect_failure))
        origin.retries.ended(outcome)
        endpoint.credential.report(permit.through_credential, outcome, answered=answered)
        endpoint.concurrency.leave(permit.round, outcome, timed_out=timed_out)
        if outcome is Outcome.THROTTLED:
            endpoint.throttle.throttled(self._now(), permit.started, retry_after_s)
        elif outcome in (Outcome.SUCCESS, Outcome.SLOW):
            endpoint.throttle.answered(permit.started)
            endpoint.latency_ms.add(latency_s * 1000)
            if ttft_s is not None:
                endpoint.ttft_ms.add(ttft_s * 1000)

    def may_retry(self, model: Model) -> bool:
        """Whether `model`'s origin can bear a second try now; if so, it is charged for it."""
        return self._endpoints.get(model).origin.retries.spend(self._now())

    def retry_delay_s(self, n: int) -> float:
        """How long to wait after `n` earlier retries: random, longer each time, at most 2 s."""
        return backoff_s(n, self._random)

    def snapshot(self) -> tuple[ProviderHealth, ...]:
        """Every endpoint that was called, by provider, in order of their names."""
        now = self._now()
        by_provider: dict[str, list[Endpoint]] = {}
        for endpoint in self._endpoints:
            by_provider.setdefault(endpoint.model.provider, []).append(endpoint)
        return tuple(
            ProviderHealth(
                provider=provider,
                endpoints=tuple((e.model, e.view(now)) for e in by_provider[provider]),
                credential_accepted=by_provider[provider][0].credential.accepted,
                stale_results=sum(e.breaker.stale_results for e in by_provider[provider]),
            )
            for provider in sorted(by_provider)
        )

    def renew_credential(self, provider: str) -> None:
        """`provider` has a new secret: what was said of the old one no longer counts."""
        if credential := self._endpoints.credentials.get(provider):
            credential.renew()

    def force_open(self, model: Model) -> None:
        self._set_mode(model, "forced_open")

    def disable(self, model: Model) -> None:
        """Call `model` whatever its own breaker would say; the other gates stay."""
        self._set_mode(model, "disabled")

    def only_measure(self, model: Model) -> None:
        """As `disable`, but go on counting."""
        self._set_mode(model, "metrics_only")

    def normal(self, model: Model) -> None:
        """Let `model`'s breaker decide again; it starts closed."""
        self._set_mode(model, "normal")

    def _set_mode(self, model: Model, mode: Mode) -> None:
        self._endpoints.get(model).breaker.set_mode(mode)

    def _view_unseen(self, model: Model) -> EndpointView:
        """The view of an endpoint that was never called: it shares an origin and a credential."""
        origin = self._endpoints.origins.get(model.origin)
        credential = self._endpoints.credentials.get(model.provider)
        blocked = first_refusal(
            (
                None,
                origin.breaker.refusal() if origin else None,
                credential.refusal() if credential else None,
                None,
                None,
            )
        )
        return EndpointView(
            state=origin.breaker.state if origin else "closed",
            blocked=blocked.reason if blocked else None,
            retry_in_s=blocked.retry_in_s if blocked else None,
            limit=self._endpoints.first_limit(model.provider),
        )


def _reached(outcome: Outcome, connect_failure: bool) -> Outcome:
    """What a call says of its origin: whether a connection could be made."""
    if connect_failure:
        return Outcome.FAILURE
    return Outcome.LOCAL if outcome in _REACHED_NOTHING else Outcome.SUCCESS
