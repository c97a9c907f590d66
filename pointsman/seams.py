"""The seams between the folders: what routing asks of the cache, the books and the backends."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import anyio

from pointsman.evidence import First
from pointsman.records import (
    Analysis,
    Answer,
    BreakerState,
    Call,
    CallRecord,
    Decision,
    Found,
    Hold,
    Remembered,
)
from pointsman.types import Model, Provider

if TYPE_CHECKING:  # numpy takes 0.1 s to import, and a relay never needs it
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]


class Clock(NamedTuple):
    """Time, handed in; tests hand in their own."""

    monotonic: Callable[[], float]  # seconds; for durations
    wall: Callable[[], float]  # seconds since the epoch; for what is written down
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep


class Cache(Protocol):
    """A layer of remembered answers; several in a row are one too. It never raises."""

    async def get(self, key: str) -> Found | None: ...

    async def put(self, key: str, remembered: Remembered, also: Sequence[str] = ()) -> None:
        """Keep an answer under `key`, to be found under each of `also` as well."""
        ...


class Similar(Protocol):
    """Answers to prompts that mean the same as one that is asked. It never raises."""

    async def find(
        self, call: Call, stamp: str, analysis: Analysis, embedding: "Embedding | None"
    ) -> Found | None:
        """A kept answer that serves `call` too; only among those kept under the same `stamp`."""
        ...

    async def near(
        self, call: Call, stamp: str, analysis: Analysis, embedding: "Embedding | None"
    ) -> Found | None:
        """A kept answer that does not serve `call`, but could be adapted to it (RT-11)."""
        ...

    async def keep(
        self,
        call: Call,
        stamp: str,
        key: str,
        analysis: Analysis,
        embedding: "Embedding | None",
    ) -> None:
        """Let the answer to `call`, which is in the cache under `key`, be found from now on."""
        ...


Emit = Callable[[str], None]
Landing = AbstractAsyncContextManager[AsyncIterator[str | Answer]]


class Flights(Protocol):
    """Identical calls under way at the same time share one flight."""

    def join(
        self,
        name: str,
        start: Callable[[Emit], Awaitable[Answer]],
        *,
        key: str | None = None,
        within_s: float = 600.0,
    ) -> Landing:
        """The text of the flight called `name` from its beginning, then its answer.

        The first to join starts it; it ends early only when the last has left. `key` is where
        its answer will be in the cache, if that is where other processes may take it from; nobody
        waits for another process longer than `within_s`.
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


@dataclass(frozen=True, slots=True)
class Embedding:
    """Where a text lies among all texts, as one embedding model sees it."""

    model: str  # what was calibrated on one model holds for no other
    vector: "Vector"  # shape (d,), of length 1: a dot product is a cosine
    layers: "Vector | None" = None  # mean token states of inner layers, one after another


class Embedder(Protocol):
    """Turns a text into an embedding; off the event loop, and never raises."""

    @property
    def model(self) -> str: ...

    async def embed(self, text: str) -> Embedding | None:
        """The embedding of `text`; None while the model is loading, and where it failed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What experience says of one model for one call; the zeros say nothing."""

    quality: float | None = None  # 0..1, measured on tasks of this category; None: never
    learned: float = 0.0  # -1..1: what outcomes and feedback add to the expected quality
    cached_tokens: int = 0  # of this conversation, which its provider likely still has in cache
    notes: tuple[str, ...] = ()  # why, for a person: "feedback -0.12 from 9 ratings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Insight:
    """What is known beyond the prompt when a call is decided."""

    standing: Callable[[Model], Standing] = lambda _: Standing()
    firsts: tuple[First, ...] = ()  # the strongest claim first
    stages: tuple[str, ...] = ()  # what to tell of how it was found: "topic changed"


class Experience(Protocol):
    """What was learned from calls before this one, and learns from it."""

    async def recall(
        self, call: Call, analysis: Analysis, embedding: Embedding | None
    ) -> Insight: ...

    def settled(
        self, call: Call, decision: Decision, record: CallRecord, embedding: Embedding | None
    ) -> None:
        """Learn from a call that ended; what is to be kept is written soon, not waited for."""
        ...


@dataclass(frozen=True, slots=True)
class Value:
    """What one expression came to."""

    value: object = None  # plain data
    error: str | None = None  # it raised this, and has no value


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a program that nobody trusts."""

    values: tuple[Value, ...]  # of the expressions asked for, in order
    output: str  # what it printed, cut
    error: str | None = None  # what it ended in, if not well
    lacks: str | None = None  # what the sandbox lacks to run it: nothing is proven either way


class Sandbox(Protocol):
    """Runs a program where it can reach nothing: no files, no network, nothing of this process."""

    async def __call__(
        self, source: str, expressions: Sequence[str], timeout_s: float
    ) -> Verdict: ...
