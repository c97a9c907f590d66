"""Engines that share a Redis: each as much of one as it takes to find, join or make an answer."""

import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

import anyio

from cache.codec import Codec
from cache.flight import open_flights
from cache.freshness import freshness_of
from cache.layers import LayeredCache
from cache.redis.flights import FleetFlights, open_fleet
from cache.redis.layer import RedisCache
from cache.redis.link import RedisLink, open_link
from pointsman.records import MISS, Answer, CacheInfo, Found
from pointsman.seams import Clock, Emit
from pointsman.settings import CacheSettings
from tests.cache.redis.conftest import AMPLE_S
from tests.contract.cache import remembered

CLOCK = Clock(monotonic=time.monotonic, wall=time.time)
Ask = Callable[["Engine", str, Emit], Awaitable[str]]


def made(text: str) -> Answer:
    kept = remembered(text)
    return Answer(
        completion=kept.completion,
        model=kept.model,
        provider=kept.provider,
        local=False,
        cost=kept.cost,
        saved=0,
        latency_ms=1.0,
        cache=MISS,
        decision_id=kept.decision_id,
        category=kept.category,
        attempts=(),
    )


def served(found: Found) -> Answer:
    info = CacheInfo(hit=True, layer=found.layer, stale=found.stale, key=found.key)
    return replace(made(found.remembered.completion.text), cache=info, cost=0)


@dataclass
class Engine:
    """Answers as the dispatcher does: what is in the cache, or what a flight brings."""

    link: RedisLink
    cache: LayeredCache
    flights: FleetFlights
    ask: Ask  # of the upstream
    clock: Clock
    keeps: bool = True
    pieces: list[str] = field(default_factory=list[str])  # heard by those who streamed

    async def answer(self, prompt: str, *, shared: bool = True) -> Answer:
        key = f"cc:v1:a:{prompt}"
        found = await self.cache.get(key)
        if found is not None and not found.stale:
            return served(found)
        return await self.fly(prompt, shared=shared)

    async def fly(self, prompt: str, *, shared: bool = True, within_s: float = 600.0) -> Answer:
        key = f"cc:v1:a:{prompt}"

        async def start(emit: Emit) -> Answer:
            text = await self.ask(self, prompt, emit)
            if self.keeps:
                stored = replace(remembered(text), stored_at=self.clock.wall())
                await self.cache.put(key, stored)
            return made(text)

        name = f"{key}|None|False"
        joined = self.flights.join(name, start, key=key if shared else None, within_s=within_s)
        async with joined as pieces:
            async for piece in pieces:
                if isinstance(piece, Answer):
                    return piece
                self.pieces.append(piece)
        raise AssertionError("a flight ends with an answer or an error")


@asynccontextmanager
async def open_engine(
    url: str, ask: Ask, *, timeout_s: float = AMPLE_S, clock: Clock = CLOCK
) -> AsyncIterator[Engine]:
    async with AsyncExitStack() as stack:
        opened = open_link(url, timeout_s=timeout_s, connect_timeout_s=timeout_s, clock=clock)
        link = await stack.enter_async_context(opened)
        shared = RedisCache(link, ttl_s=3600, namespace="default", clock=clock, codec=Codec())
        cache = LayeredCache([shared], freshness_of(CacheSettings()))
        flights = await stack.enter_async_context(open_flights())
        fleet = FleetFlights(
            flights,
            link,
            cache,
            served=served,
            namespace="default",
            clock=clock,
            codec=Codec(),
            new_token=lambda: secrets.token_hex(8),
        )
        await stack.enter_async_context(open_fleet(fleet))
        yield Engine(link, cache, fleet, ask, clock)


@dataclass
class Upstream:
    """Answers when it is told to; counts what it was asked."""

    open: anyio.Event = field(default_factory=anyio.Event)
    asked: list[Engine] = field(default_factory=list[Engine])
    ended: int = 0
    errors: list[Exception] = field(default_factory=list[Exception])  # raised first, one each
    _news: anyio.Event = field(default_factory=anyio.Event)

    async def __call__(self, engine: Engine, prompt: str, emit: Emit) -> str:
        self.asked.append(engine)
        self._news.set()
        emit("re: ")
        await self.open.wait()
        if self.errors:
            raise self.errors.pop(0)
        emit(prompt)
        self.ended += 1
        return f"re: {prompt}"

    async def until_asked(self, times: int) -> None:
        while len(self.asked) < times:
            self._news = anyio.Event()
            await self._news.wait()
