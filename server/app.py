"""The composition root: opens every resource once, in order, and closes them in reverse."""

import gc
import random
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from accounting.ledger import DatabaseLedger, open_ledger
from accounting.stats import cost_stats
from cache.layers import GB
from pointsman.errors import NotFound
from pointsman.seams import Catalogue, Clock, Experience
from pointsman.settings import Settings
from providers.catalogue import OpenCatalogue
from providers.cloud import CloudProvider, open_providers
from providers.discovery import Discovered, discover
from providers.local.provider import LocalProvider, open_local
from providers.local.store import ModelStore
from routing.attempt import Attempts
from routing.backends.health import Health
from routing.dispatch import Dispatcher
from routing.prompt.analyst import Analyst
from server.benchmarks import BenchmarkEngine, make_scores, open_benchmarks
from server.events import log_change, log_credential, log_decision, log_defect
from server.experience import open_experience
from server.learned import AnyEmbedder, open_analyst, open_embedder
from server.quality import open_quality
from server.reading import Reading
from server.remembering import Databases, Remembering, open_remembering
from server.runs.opening import Agents, open_agents
from storage.database import Database, open_database
from tools.benchmark import benchmark_tool
from tools.complete import complete_tool
from tools.cost_stats import cost_stats_tool
from tools.provider_health import provider_health_tool
from tools.route import route_tool
from tools.tool import Tool

CLOCK = Clock(monotonic=time.monotonic, wall=time.time)


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """What the doors receive."""

    tools: tuple[Tool, ...]
    dispatcher: Dispatcher
    reading: Reading
    agents: Agents
    local: LocalProvider | None
    embedder: AnyEmbedder | None
    toolsets: Collection[str]  # of `tools`, those that clients are shown
    background: Sequence[Callable[[], Coroutine[Any, Any, None]]]  # what `start` begins
    tasks: TaskGroup

    def start(self) -> None:
        """Begin what a first call would have to wait for, and what goes on for ever."""
        gc.collect()
        gc.freeze()  # what start-up made is never collected: a full collection took 46 ms
        gc.set_threshold(50_000, 20, 50)
        for job in self.background:
            self.tasks.start_soon(_guarded, job)

    def tool(self, name: str) -> Tool:
        """The tool of that name.

        Raises:
            NotFound: it is not enabled.
        """
        for tool in self.tools:
            if tool.name == name:
                return tool
        raise NotFound(f"There is no tool {name!r} here.")


async def _guarded(job: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run `job`; a defect in it is told, and the engine goes on."""
    try:
        await job()
    except Exception as defect:  # noqa: BLE001 - the outermost edge of a background job
        log_defect(getattr(job, "__qualname__", "background"), defect)


@asynccontextmanager
async def open_app(
    settings: Settings, home: Path, environ: Mapping[str, str], clock: Clock = CLOCK
) -> AsyncGenerator[App, None]:
    """The whole engine of `home`, which must be owned by this process.

    Raises:
        ConfigError: the settings or the home cannot be used.
    """
    discovered = await _priced(discover(settings, environ), clock)
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        databases = await _open_databases(stack, settings, home)
        ledger = await enter(open_ledger(databases.ledger))
        clouds, local, catalogue = await _open_backends(stack, settings, home, discovered, clock)
        embedder = await open_embedder(stack, settings, home, discovered, clock, ledger.note)
        scores, past = make_scores(settings.benchmark, catalogue), databases.ledger
        lived = open_experience(past, settings.routing, catalogue, scores, clock, new_id)
        experience, tools = await enter(lived)
        opened = open_remembering(settings.cache, databases, embedder, clock, new_id)
        remembering = await enter(opened)
        attempts = _attempts(settings, ledger, new_health(settings, discovered, clock), clock)
        analyst = await open_analyst(embedder)
        dispatcher = _dispatcher(settings, attempts, catalogue, remembering, analyst, experience)
        benchmarks = await enter(open_benchmarks(settings.benchmark, dispatcher, past, scores))
        reading = _reading(dispatcher, ledger, past, benchmarks, remembering)
        quality = await enter(open_quality(settings, home, environ, dispatcher))
        tools = (*_tools(dispatcher, reading, benchmarks, remembering), *quality, *tools)
        agents = await enter(open_agents(settings, home, environ, dispatcher, past, tools))
        jobs = _background(clouds, local, embedder, benchmarks, remembering, tools)
        yield App(
            tools=(*tools, *agents.tools),
            dispatcher=dispatcher,
            reading=replace(reading, run=agents.read_run),
            agents=agents,
            local=local,
            embedder=embedder,
            toolsets=settings.tools.enabled,
            background=(*jobs, agents.background),
            tasks=await stack.enter_async_context(_open_tasks()),
        )


def _dispatcher(
    settings: Settings,
    attempts: Attempts,
    catalogue: Catalogue,
    remembering: Remembering,
    analyst: Analyst,
    experience: Experience,
) -> Dispatcher:
    return Dispatcher(
        catalogue=catalogue,
        recall=remembering.recall,
        flights=remembering.flights,
        ledger=attempts.ledger,
        attempts=attempts,
        routing=settings.routing,
        clock=attempts.clock,
        new_id=new_id,
        analyst=analyst,
        experience=experience,
        on_decision=log_decision,
    )


def _background(
    clouds: tuple[CloudProvider, ...],
    local: LocalProvider | None,
    embedder: AnyEmbedder | None,
    benchmarks: BenchmarkEngine,
    remembering: Remembering,
    tools: Sequence[Tool],
) -> list[Callable[[], Coroutine[Any, Any, None]]]:
    return [
        *([local.prewarm] if local else []),
        *(cloud.warm for cloud in clouds[:1]),
        *([embedder.load] if embedder else []),
        benchmarks.keep_schedule,
        remembering.learn,
        partial(remembering.warm, next(t for t in tools if t.name == "cache_warm")),
    ]


def _reading(
    dispatcher: Dispatcher,
    ledger: DatabaseLedger,
    database: Database,
    benchmarks: BenchmarkEngine,
    remembering: Remembering,
) -> Reading:
    clock = dispatcher.clock
    return Reading(
        catalogue=dispatcher.catalogue,
        view=dispatcher.attempts.health.view,
        stats=lambda **asked: cost_stats(database, now=clock.wall(), **asked),
        decision=ledger.decision,
        benchmarks=benchmarks.latest,
        redis=remembering.redis,
        clock=clock,
    )


def _attempts(settings: Settings, ledger: DatabaseLedger, health: Health, clock: Clock) -> Attempts:
    return Attempts(
        ledger=ledger,
        health=health,
        breaker=settings.breaker,
        idle_s=settings.timeouts.idle_s,
        clock=clock,
        new_id=new_id,
        on_defect=log_defect,
    )


def _tools(
    dispatcher: Dispatcher, reading: Reading, benchmarks: BenchmarkEngine, remembering: Remembering
) -> tuple[Tool, ...]:
    return (
        complete_tool(dispatcher),
        route_tool(dispatcher),
        benchmark_tool(benchmarks),
        cost_stats_tool(reading.stats),
        provider_health_tool(reading.health),
        *remembering.tools(dispatcher),
    )


async def _priced(discovered: Discovered, clock: Clock) -> Discovered:
    """`discovered` with prices; the catalogue of prices takes half a second to import."""
    if not discovered.backends:
        return discovered

    def look_up() -> Discovered:
        from providers.prices import PriceBook, with_prices

        return with_prices(discovered, PriceBook(clock.wall()))

    return await anyio.to_thread.run_sync(look_up)


async def _open_databases(stack: AsyncExitStack, settings: Settings, home: Path) -> Databases:
    ledger = await stack.enter_async_context(open_database(home / "ledger.db", kind="ledger"))
    cap = int(settings.cache.max_gb * GB)
    cache = await stack.enter_async_context(
        open_database(home / "cache.db", kind="cache", max_bytes=cap)
    )
    return Databases(ledger, cache)


async def _open_backends(
    stack: AsyncExitStack, settings: Settings, home: Path, discovered: Discovered, clock: Clock
) -> tuple[tuple[CloudProvider, ...], LocalProvider | None, OpenCatalogue]:
    opened = open_providers(discovered, settings.timeouts, clock)
    clouds = await stack.enter_async_context(opened)
    local = await open_local_provider(stack, settings, home, clock)
    return tuple(clouds), local, OpenCatalogue([*([local] if local else []), *clouds])


async def open_local_provider(
    stack: AsyncExitStack, settings: Settings, home: Path, clock: Clock
) -> LocalProvider | None:
    """The embedded models, closed with `stack`; None where they are switched off."""
    if not settings.local.enabled:
        return None
    store = ModelStore(home / "models")
    return await stack.enter_async_context(open_local(settings.local, store, clock))


@asynccontextmanager
async def _open_tasks() -> AsyncGenerator[TaskGroup, None]:
    async with anyio.create_task_group() as tasks:
        yield tasks
        tasks.cancel_scope.cancel()


def new_health(settings: Settings, discovered: Discovered, clock: Clock) -> Health:
    """The gates before every backend, all open."""
    ceilings = {
        b.name: b.max_concurrent for b in discovered.backends if b.max_concurrent is not None
    }
    ceilings[settings.local.name] = settings.local.slots + settings.local.max_queue
    return Health(
        settings.breaker,
        clock,
        random.random,
        log_change,
        on_credential=log_credential,
        ceilings=ceilings,
    )


def new_id() -> str:
    """128 random bits: nobody finds another's decision by guessing (T-13)."""
    return secrets.token_hex(16)
