"""Stand-ins for what costs money or time: backends that answer from a script, and a clock."""

import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import anyio.lowlevel

from pointsman.errors import ProviderError
from pointsman.money import Price, Rates, Usage, nano_from_usd
from pointsman.records import CallRecord, Decision, Found, Hold, Remembered
from pointsman.seams import Clock
from pointsman.types import (
    Capability,
    ChatRequest,
    Completion,
    Model,
    Outcome,
    Piece,
    Provider,
    Readiness,
    Tier,
)

Script = Callable[[ChatRequest], Awaitable[str]]


@dataclass
class SteadyClock:
    """Time that moves only when told to."""

    now: float = 1_000.0

    def clock(self) -> Clock:
        return Clock(
            monotonic=lambda: self.now,
            wall=lambda: 1_700_000_000.0 + self.now,
            sleep=self.sleep,
        )

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await anyio.lowlevel.checkpoint()

    def advance(self, seconds: float) -> None:
        self.now += seconds


def price(input_usd: float, output_usd: float) -> Price:
    """A price in USD per million tokens."""
    rates = Rates(input=nano_from_usd(input_usd), output=nano_from_usd(output_usd))
    return Price(tiers=(rates,), source="test")


def make_model(
    provider: str,
    model_id: str = "m",
    *,
    tier: Tier = "cheap",
    cost: Price | None = None,
    context: int = 8_000,
    capabilities: Sequence[Capability] = ("tools", "json"),
    origin: str | None = None,
) -> Model:
    return Model(
        provider=provider,
        id=model_id,
        tier=tier,
        context=context,
        price=cost or price(1, 2),
        origin=origin or f"https://{provider}.test",
        capabilities=frozenset(capabilities),
    )


def refusing(outcome: Outcome, **facts: object) -> Script:
    """A script that always ends in `outcome`."""

    async def script(_: ChatRequest) -> str:
        raise ProviderError("fake", outcome.value, outcome=outcome, **facts)  # type: ignore[arg-type]

    return script


def saying(text: str) -> Script:
    async def script(_: ChatRequest) -> str:
        return text

    return script


async def hanging(_: ChatRequest) -> str:
    await anyio.sleep_forever()
    raise AssertionError("nobody wakes it")


class FakeProvider:
    """Answers with `script(request)`, a word at a time; keeps every request it was given."""

    def __init__(self, name: str, script: Script, models: Sequence[Model] = ()) -> None:
        self.name = name
        self.script = script
        self.models = tuple(models) or (make_model(name),)
        self.seen: list[ChatRequest] = []
        self.open = 0  # answers being given now
        self.ready: Readiness = "ready"

    @asynccontextmanager
    async def answer(
        self, model: str, request: ChatRequest, *, stream: bool
    ) -> AsyncGenerator[AsyncIterator[Piece], None]:
        self.seen.append(request)
        self.open += 1
        try:
            yield self._pieces(model, request, stream)
        finally:
            self.open -= 1

    def readiness(self, model: str) -> Readiness:
        return self.ready

    def problem(self, model: str) -> str | None:
        return None

    async def _pieces(self, model: str, request: ChatRequest, stream: bool) -> AsyncIterator[Piece]:
        text = await self.script(request)
        words = sum(len(m.content.split()) for m in request.messages)
        if stream:
            for word in text.split(" "):
                yield word + " "
        yield Completion(
            text=text,
            finish_reason="stop",
            usage=Usage(input_tokens=words, output_tokens=len(text.split())),
            model=model,
        )


@dataclass
class FakeCatalogue:
    """The models of some providers."""

    providers: Sequence[Provider]
    fingerprint: str = "f"

    @property
    def models(self) -> Sequence[Model]:
        return [model for provider in self.providers for model in provider.models]

    def provider(self, name: str) -> Provider:
        return next(p for p in self.providers if p.name == name)


@dataclass
class FakeLedger:
    """A book in memory."""

    holds: list[Hold] = field(default_factory=list[Hold])
    settled: list[CallRecord] = field(default_factory=list[CallRecord])
    noted: list[CallRecord] = field(default_factory=list[CallRecord])
    decisions: list[Decision] = field(default_factory=list[Decision])

    async def hold(self, hold: Hold) -> None:
        self.holds.append(hold)

    async def settle(self, record: CallRecord) -> None:
        self.settled.append(record)

    def note(self, record: CallRecord) -> None:
        self.noted.append(record)

    def note_decision(self, decision: Decision) -> None:
        self.decisions.append(decision)


class FakeCache:
    """A layer in memory that forgets nothing."""

    def __init__(self) -> None:
        self.entries: dict[str, Remembered] = {}
        self.names: dict[str, str] = {}
        self.stale = False  # whether everything in it is too old by now

    async def get(self, key: str) -> Found | None:
        key = self.names.get(key, key)
        remembered = self.entries.get(key)
        if remembered is None:
            return None
        return Found(remembered=remembered, layer="memory", age_s=0.0, key=key, stale=self.stale)

    async def put(self, key: str, remembered: Remembered, also: Sequence[str] = ()) -> None:
        self.entries[key] = remembered
        self.names |= dict.fromkeys(also, key)


def counting() -> Callable[[], str]:
    """Ids in order: 1, 2, 3..."""
    numbers = itertools.count(1)
    return lambda: str(next(numbers))
