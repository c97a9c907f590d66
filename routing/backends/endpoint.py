"""One model at one backend and the gates before it; a call must pass them all."""

from dataclasses import dataclass, field

from pointsman.records import BreakerState
from pointsman.seams import EndpointView
from pointsman.types import Model
from routing.backends import breaker
from routing.backends.breaker import Breaker, Refused
from routing.backends.concurrency import Concurrency
from routing.backends.credential import Credential
from routing.backends.latency import Sample
from routing.backends.retries import RetryBudget
from routing.backends.throttle import Throttle

GATES = ("breaker open", "origin unreachable", "credential refused", "throttled", "busy")
_SEVERITY: tuple[BreakerState, ...] = ("closed", "half_open", "open")


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why a call is not admitted."""

    reason: str
    retry_in_s: float | None  # None: nobody can tell


@dataclass(slots=True, eq=False)
class Origin:
    """What the endpoints of one origin share."""

    breaker: Breaker  # fed by what happens before a request is sent: DNS, TLS, connect
    retries: RetryBudget = field(default_factory=RetryBudget)


@dataclass(slots=True, eq=False)
class Permit:
    """Leave to make one call of one model, through every gate; given back by `Health.report`."""

    endpoint: "Endpoint"
    started: float
    through_breaker: breaker.Permit
    through_origin: breaker.Permit
    through_credential: breaker.Permit
    round: int  # of the concurrency limit
    reported: bool = False


@dataclass(slots=True, eq=False)
class Endpoint:
    model: Model
    breaker: Breaker
    origin: Origin
    credential: Credential
    throttle: Throttle
    concurrency: Concurrency
    latency_ms: Sample = field(default_factory=Sample)
    ttft_ms: Sample = field(default_factory=Sample)
    _facts: tuple[object, ...] = ()
    _seen: EndpointView | None = None  # the last view, of these facts

    def forgettable(self, now: float) -> bool:
        """Whether nothing would be lost with it but statistics."""
        return (
            not self.concurrency.in_flight
            and self.breaker.state == "closed"
            and self.breaker.mode == "normal"
            and not self.throttle.refusal(now)
        )

    def blocked(self, now: float) -> Blocked | None:
        """Why a call would be refused; the wait is the longest that a gate asks for."""
        return first_refusal(self._refusals(now))

    def forced_wait_s(self, now: float) -> float | None:
        """Seconds that only open breakers still ask for; None if anything else is in the way."""
        at_endpoint, at_origin, *others = self._refusals(now)
        if any(others):
            return None
        waits = [
            refusal.retry_in_s if gate.state == "open" else None
            for gate, refusal in ((self.breaker, at_endpoint), (self.origin.breaker, at_origin))
            if refusal
        ]
        known = [wait for wait in waits if wait is not None]
        return max(known) if known and len(known) == len(waits) else None

    def enter(self, now: float) -> Permit:
        """A permit without asking; `blocked` is asked first."""
        self.origin.retries.sent(now)
        return Permit(
            self,
            now,
            self.breaker.take(),
            self.origin.breaker.take(),
            self.credential.take(),
            self.concurrency.enter(),
        )

    def view(self, now: float) -> EndpointView:
        state = worse(self.breaker.state, self.origin.breaker.state)
        blocked = self.blocked(now)
        rates, load = self.breaker.rates(), (self.concurrency.in_flight, self.concurrency.limit)
        times = (
            self.latency_ms.percentile(50),
            self.latency_ms.percentile(95),
            self.ttft_ms.percentile(50),
        )
        facts = (state, blocked, rates, times, load)
        if self._seen is None or facts != self._facts:  # to make a view costs half of the look
            self._facts = facts
            self._seen = EndpointView(
                state=state,
                blocked=blocked.reason if blocked else None,
                retry_in_s=blocked.retry_in_s if blocked else None,
                failure_rate=rates[0],
                slow_rate=rates[1],
                p50_ms=times[0],
                p95_ms=times[1],
                p50_ttft_ms=times[2],
                in_flight=load[0],
                limit=load[1],
            )
        return self._seen

    def _refusals(self, now: float) -> tuple[Refused | None, ...]:
        return (
            self.breaker.refusal(),
            self.origin.breaker.refusal(),
            self.credential.refusal(),
            self.throttle.refusal(now),
            self.concurrency.refusal(),
        )


def first_refusal(refusals: tuple[Refused | None, ...]) -> Blocked | None:
    """The first gate that refuses, with the longest wait; `refusals` are in the gates' order."""
    if not any(refusals):
        return None
    refused = [(reason, r.retry_in_s) for reason, r in zip(GATES, refusals, strict=True) if r]
    reason, wait = refused[0]
    return Blocked(reason, wait and max(wait, *(w for _, w in refused if w is not None)))


def worse(one: BreakerState, other: BreakerState) -> BreakerState:
    return one if _SEVERITY.index(one) >= _SEVERITY.index(other) else other
