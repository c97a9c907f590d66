"""A dispatcher over fake backends with a real cache and a real ledger, and the cache's tools."""

import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accounting.cache_stats import CacheBook
from accounting.freshness import LearnedFreshness
from cache.codec import Codec
from cache.database import DatabaseCache
from cache.flight import open_flights
from cache.freshness import Freshness
from cache.key import Keys
from cache.layers import LayeredCache
from cache.memory import MemoryCache
from pointsman.records import LOCAL, Answer, Call, Principal
from pointsman.settings import BreakerSettings, RoutingSettings
from routing.attempt import Attempts
from routing.backends.health import Health
from routing.dispatch import Dispatcher
from routing.recall import Recall
from server.caching import Handling, cache_tools, forgetting, peek_into
from storage.database import Database, open_database
from tests.accounting.examples import ledger_in
from tests.fakes import FakeCatalogue, FakeProvider, SteadyClock, counting, saying
from tools.asking import Asking
from tools.cache import CacheState
from tools.describe import arguments_from
from tools.tool import Caller, Progress, Tool

GENERAL_S = 86_400.0


@dataclass
class Bench:
    dispatcher: Dispatcher
    catalogue: FakeCatalogue
    book: CacheBook
    cache: LayeredCache
    learned: LearnedFreshness
    clock: SteadyClock
    tools: dict[str, Tool]

    async def use(
        self, tool: str, who: Principal = LOCAL, progress: Progress | None = None, **given: Any
    ) -> Any:
        """The result of a tool, as JSON has it."""
        arguments = arguments_from(tool, self.tools[tool].arguments, given)
        result = await self.tools[tool].run(arguments, Caller(who, progress=progress))
        return result.model_dump(mode="json", by_alias=True)

    async def ask(self, prompt: str, who: Principal = LOCAL, **given: Any) -> Answer:
        return await self.dispatcher.complete(self.call(prompt, who, **given))

    def call(self, prompt: str, who: Principal = LOCAL, **given: Any) -> Call:
        return Asking.model_validate({"prompt": prompt, **given}).call("complete", who)


@asynccontextmanager
async def bench(
    home: Path, backends: Sequence[FakeProvider] | None = None, **routing: object
) -> AsyncGenerator[Bench, None]:
    clock = SteadyClock()
    async with (
        ledger_in(home) as (ledger, ledger_db),
        open_database(home / "cache.db", kind="cache") as cache_db,
        open_flights() as flights,
    ):
        learned = LearnedFreshness(ledger_db, clock.clock())
        freshness = Freshness(
            general_s=GENERAL_S, time_sensitive_s=3_600, pinned_s=9e6, share=learned.share
        )
        memory = MemoryCache(items=9, max_bytes=10**6, residency_s=60, clock=clock.clock())
        kept = DatabaseCache(cache_db, ttl_s=9e6, max_bytes=10**7, clock=clock.clock())
        cache = LayeredCache((memory, kept), freshness)
        catalogue = FakeCatalogue(backends or [FakeProvider("a", saying("an answer"))])
        dispatcher = Dispatcher(
            catalogue=catalogue,
            recall=Recall(cache=cache, key_of=Keys().key),
            flights=flights,
            ledger=ledger,
            attempts=_attempts(ledger, clock),
            routing=RoutingSettings.model_validate(routing),
            clock=clock.clock(),
            new_id=counting(),
        )
        book = CacheBook(ledger_db, clock.clock())
        handling = Handling(
            state=lambda: _state(cache_db),
            forget=cache.purge,
            tidy=kept.tidy,
            peek=peek_into(cache_db, Codec(), clock.clock()),
            correct=forgetting(cache.purge),
            limit_s=freshness.limit_s,
        )
        tools = {t.name: t for t in cache_tools(handling, book, learned, dispatcher)}
        yield Bench(dispatcher, catalogue, book, cache, learned, clock, tools)


def _attempts(ledger: Any, clock: SteadyClock) -> Attempts:
    return Attempts(
        ledger=ledger,
        health=Health(BreakerSettings(), clock.clock(), random.Random(7).random),
        breaker=BreakerSettings(),
        idle_s=30,
        clock=clock.clock(),
        new_id=counting(),
        on_defect=lambda _name, _error: None,
    )


async def _state(database: Database) -> CacheState:
    items = await database.read(lambda c: c.execute("SELECT count(*) FROM cached").fetchone()[0])
    return CacheState(
        memory_items=0,
        memory_bytes=0,
        redis="disabled",
        database_items=items,
        database_bytes=1000 * items,
        semantic_items=0,
        damaged=0,
        failures=0,
    )
