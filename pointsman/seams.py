"""The seams between the folders: what routing asks of the cache, the books and the backends."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import anyio

from pointsman.records import (
    Answer,
    BreakerState,
    CallRecord,
    Decision,
    Found,
    Hold,
    Remembered,
)
from pointsman.types import Model, Provider


class Clock(NamedTuple):
    """Time, handed in; tests hand in their own."""

    monotonic: Callable[[], float]  # seconds; for durations
    wall: Callable[[], float]  # seconds since the epoch; for what is written down
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep


class Cache(Protocol):
    """A layer of remembered answers; several in a row are one too. It never raises."""

    async def get(self, key: str) -> Found | None: ...

    async def put(self, key: str, remembered: Remembered) -> None: ...


Emit = Callable[[str], None]
Landing = AbstractAsyncContextManager[AsyncIterator[str | Answer]]


class Flights(Protocol):
    """Identical calls under way at the same time share one flight."""

    def join(self, key: str, start: Callable[[Emit], Awaitable[Answer]]) -> Landing:
        """The text of the flight for `key` from its beginning, then its answer.

        The first to join starts it; it ends early only when the last has left.
        """
        ...


class Ledger(Protocol):
    """The book of every attempt. What it has acknowledged survives a crash."""

    async def hold(self, hold: Hold) -> None: ...

    async def settle(self, record: CallRecord) -> None: ...

    def note(self, record: CallRecord) -> None:
        """Keep a record that cost nothing; written soon, not waited for."""
        ...

    def note_decision(self, decision: Decision) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointView:
    """How a model's endpoint is doing, as the router and `provider_health` see it."""

    state: BreakerState = "closed"
    blocked: str | None = None  # why a call would be refused now
    retry_in_s: float | None = None  # until it would not be
    failure_rate: float = 0.0  # 0..1 in the breaker's window
    slow_rate: float = 0.0
    p50_ms: float | None = None
    p95_ms: float | None = None
    p50_ttft_ms: float | None = None
    in_flight: int = 0
    limit: int = 1  # concurrent calls that the endpoint takes now


class Catalogue(Protocol):
    """Every model that can be asked, and the provider that answers for it."""

    @property
    def models(self) -> Sequence[Model]: ...

    @property
    def fingerprint(self) -> str:
        """Changes when the set of models, or what one of them is, changes."""
        ...

    def provider(self, name: str) -> Provider: ...
