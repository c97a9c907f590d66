"""The cache of an engine, opened: its layers, what means the same, and whose flights are shared."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import anyio.to_thread
import structlog

from accounting.cache_stats import CacheBook, Reason
from accounting.freshness import LearnedFreshness
from cache.codec import Codec, encrypting_codec
from cache.database import DatabaseCache
from cache.flight import open_flights
from cache.key import Keys
from cache.layers import LayeredCache, open_cache
from cache.memory import MemoryCache
from cache.redis.flights import FleetFlights, open_fleet
from cache.redis.layer import RedisCache
from cache.redis.link import RedisLink, open_redis
from cache.secrets import open_secret
from cache.semantic.opening import open_similar
from pointsman.records import Answer, Found, Principal
from pointsman.seams import Clock, Embedder, Flights
from pointsman.settings import CacheSettings
from routing.dispatch import Dispatcher
from routing.recall import NothingSimilar, Recall
from routing.receipts import replayed
from server.caching import Handling, cache_tools, forgetting, peek_into
from storage import cached
from storage.database import Database
from tools.cache import CacheState, Correct, Correction, RedisState
from tools.tool import Caller, Tool

if TYPE_CHECKING:  # numpy takes 0.1 s to import
    from cache.semantic.similar import SimilarAnswers

log = structlog.get_logger("pointsman.cache")


class Databases(NamedTuple):
    """The two databases of a home."""

    ledger: Database
    cache: Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembering:
    """What the dispatcher and the tools get of the cache."""

    settings: CacheSettings
    recall: Recall
    flights: Flights
    link: RedisLink | None
    layers: LayeredCache
    similar: "SimilarAnswers | None"
    databases: Databases
    codec: Codec
    learned: LearnedFreshness
    clock: Clock

    def redis(self) -> RedisState:
        return "disabled" if self.link is None else self.link.state

    async def learn(self) -> None:
        """Keep up with how long answers stay true; it ends when it is cancelled."""
        await self.learned.keep_current()

    def tools(self, dispatcher: Dispatcher) -> tuple[Tool, ...]:
        """The tools of the cache; the dispatcher is what warms it."""
        forget = self.layers.purge
        handling = Handling(
            state=self.state,
            forget=forget,
            tidy=self.tidy,
            peek=peek_into(self.databases.cache, self.codec, self.clock),
            correct=forgetting(forget) if self.similar is None else reporting(self.similar),
            limit_s=self.layers.freshness.limit_s,
            on=self.settings.enabled,
        )
        return cache_tools(
            handling, CacheBook(self.databases.ledger, self.clock), self.learned, dispatcher
        )

    async def warm(self, warmer: Tool) -> None:
        """Renew what was used most and is stale, if the settings wish it, with their budget."""
        if self.settings.enabled and self.settings.warm_on_start:
            wished = {"from_history": self.settings.warm_on_start}
            await warmer.run(warmer.arguments.model_validate(wished), Caller())

    async def state(self) -> CacheState:
        layers = self.layers.layers
        memory = [layer for layer in layers if isinstance(layer, MemoryCache)]
        kept = [layer for layer in layers if isinstance(layer, DatabaseCache)]
        shared = [layer for layer in layers if isinstance(layer, RedisCache)]
        rows, size = await self.databases.cache.read(cached.size)
        return CacheState(
            memory_items=sum(len(layer) for layer in memory),
            memory_bytes=sum(layer.bytes for layer in memory),
            redis=self.redis(),
            database_items=rows,
            database_bytes=size,
            semantic_items=0 if self.similar is None else len(self.similar),
            damaged=sum(layer.damaged for layer in kept) + sum(layer.damaged for layer in shared),
            failures=sum(layer.failures for layer in kept),
        )

    async def tidy(self) -> None:
        for layer in self.layers.layers:
            if isinstance(layer, DatabaseCache):
                await layer.tidy()


@asynccontextmanager
async def open_remembering(
    settings: CacheSettings,
    databases: Databases,
    embedder: Embedder | None,
    clock: Clock,
    new_id: Callable[[], str],
) -> AsyncGenerator[Remembering, None]:
    """The cache of the home that `databases` are in.

    Raises:
        ConfigError: its secret, its encryption or its Redis cannot be used as the settings want.
    """
    async with AsyncExitStack() as stack:
        keys, codec = await anyio.to_thread.run_sync(_open_keys, settings, databases.cache)
        link = await stack.enter_async_context(open_redis(settings, clock, log_redis))
        learned = LearnedFreshness(databases.ledger, clock)
        await learned.load()
        opened = partial(open_cache, link=link, codec=codec, share=learned.share)
        layers = await stack.enter_async_context(opened(settings, databases.cache, clock))
        flights = _open_flights(settings, link, layers, codec, clock, new_id)
        search = partial(open_similar, embedder=embedder, codec=codec, clock=clock)
        wanted = settings.enabled and settings.semantic
        found = search(settings, databases.cache, layers, keys) if wanted else nullcontext()
        similar = await stack.enter_async_context(found)
        yield Remembering(
            settings=settings,
            recall=Recall(
                cache=layers,
                key_of=keys.key,
                similar=NothingSimilar() if similar is None else similar,
            ),
            flights=await stack.enter_async_context(flights),
            link=link,
            layers=layers,
            similar=similar,
            databases=databases,
            codec=codec,
            learned=learned,
            clock=clock,
        )


def _open_keys(settings: CacheSettings, database: Database) -> tuple[Keys, Codec]:
    """What names answers, and what writes them down; it blocks."""
    secret = open_secret(settings, database.path.parent)
    keys = Keys(secret, settings.namespace, settings.scope)
    return keys, encrypting_codec(keys.of_scope) if settings.encrypt else Codec()


@asynccontextmanager
async def _open_flights(
    settings: CacheSettings,
    link: RedisLink | None,
    layers: LayeredCache,
    codec: Codec,
    clock: Clock,
    new_id: Callable[[], str],
) -> AsyncGenerator[Flights, None]:
    """Flights of this process, or of all that share a Redis."""
    async with open_flights() as local:
        if link is None:
            yield local
            return
        fleet = FleetFlights(
            local,
            link,
            layers,
            served=partial(served, new_id),
            namespace=settings.namespace,
            clock=clock,
            codec=codec,
            new_token=new_id,
        )
        async with open_fleet(fleet) as flights:
            yield flights


def reporting(similar: "SimilarAnswers") -> Correct:
    """Corrects by forgetting the answer, and by more care with prompts like the one it was for."""

    async def correct(key: str, *, reason: Reason, principal: Principal) -> Correction:
        return await similar.report(key, reason=reason, principal=principal.id)

    return correct


def served(new_id: Callable[[], str], found: Found) -> Answer:
    """The receipt of an answer that another process was given, while this one waited for it."""
    return replayed(found, 0.0, new_id())


def log_redis(state: str, error: str | None) -> None:
    log.warning("redis.changed", state=state, error=error)
