"""An engine for measuring the cache: real layers, embedder and verifier; models that are fakes."""

import random
import secrets
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread

from accounting.ledger import open_ledger
from benchmarks.embed import CACHE as EMBEDDER
from pointsman.seams import Clock, Embedder
from pointsman.settings import BreakerSettings, CacheSettings, RoutingSettings
from pointsman.types import ChatRequest
from providers.embedding.local import LocalEmbedder
from routing.attempt import Attempts
from routing.backends.health import Health
from routing.dispatch import Dispatcher
from server.learned import open_analyst
from server.remembering import Databases, Remembering, open_remembering
from storage.database import open_database
from tests.fakes import FakeCatalogue, FakeProvider, make_model, price

WORDS = 150  # of an answer
END = "\x1e"  # of the prompt that it begins with


@dataclass
class Moved:
    """A clock that stands still until it is moved."""

    now: float = 0.0

    @property
    def clock(self) -> Clock:
        return Clock(
            monotonic=lambda: 1000.0 + self.now, wall=lambda: 1.8e9 + self.now, sleep=anyio.sleep
        )


REAL = Clock(monotonic=time.monotonic, wall=time.time)


@dataclass(frozen=True)
class World:
    dispatcher: Dispatcher
    remembering: Remembering


async def open_world(
    stack: AsyncExitStack,
    folder: Path,
    clock: Clock,
    settings: CacheSettings,
    embedder: Embedder | None,
) -> World:
    """A strong and a cheap model, whose answers begin with the prompt they answer."""
    new_id = partial(secrets.token_hex, 16)
    ledger_db = await stack.enter_async_context(open_database(folder / "l.db", kind="ledger"))
    cache_db = await stack.enter_async_context(open_database(folder / "c.db", kind="cache"))
    ledger = await stack.enter_async_context(open_ledger(ledger_db))
    opened = open_remembering(settings, Databases(ledger_db, cache_db), embedder, clock, new_id)
    remembering = await stack.enter_async_context(opened)
    dispatcher = Dispatcher(
        catalogue=FakeCatalogue(providers()),
        recall=remembering.recall,
        flights=remembering.flights,
        ledger=ledger,
        attempts=Attempts(
            ledger=ledger,
            health=Health(BreakerSettings(), clock, random.random),
            breaker=BreakerSettings(),
            idle_s=30,
            clock=clock,
            new_id=new_id,
            on_defect=lambda _provider, _defect: None,
        ),
        routing=RoutingSettings(),
        clock=clock,
        new_id=new_id,
        analyst=await open_analyst(embedder),
    )
    return World(dispatcher, remembering)


def providers() -> list[FakeProvider]:
    strong = make_model("strong", tier="strong", cost=price(2.5, 10.0))
    cheap = make_model("cheap", tier="cheap", cost=price(0.15, 0.6))
    return [FakeProvider(model.provider, answering, [model]) for model in (strong, cheap)]


async def answering(request: ChatRequest) -> str:
    return request.messages[-1].content + END + "word " * WORDS


async def open_model() -> LocalEmbedder:
    """The product's own embedder, loaded."""
    embedder = LocalEmbedder(EMBEDDER)
    await embedder.load()
    assert embedder.ready, embedder.problem
    return embedder
