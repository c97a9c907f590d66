"""The composition root: opens every resource once, in order, and closes them in reverse."""

import gc
import random
import secrets
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread
import structlog
from anyio.abc import TaskGroup

from accounting.ledger import DatabaseLedger, open_ledger
from accounting.stats import cost_stats
from cache.flight import open_flights
from cache.key import cache_key
from cache.layers import GB, open_cache
from pointsman.errors import NotFound
from pointsman.seams import Clock
from pointsman.settings import Settings
from providers.catalogue import OpenCatalogue
from providers.cloud import CloudProvider, open_providers
from providers.discovery import Discovered, discover
from providers.local.provider import LocalProvider, open_local
from providers.local.store import ModelStore
from routing.attempt import Attempts
from routing.dispatch import Dispatcher
from routing.health import Change, Health
from server.reading import Reading
from storage.database import Database, open_database
from tools.complete import complete_tool
from tools.cost_stats import cost_stats_tool
from tools.provider_health import provider_health_tool
from tools.route import route_tool
from tools.tool import Tool

log = structlog.get_logger("pointsman.app")

CLOCK = Clock(monotonic=time.monotonic, wall=time.time)


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """What the doors receive."""

    tools: tuple[Tool, ...]
    dispatcher: Dispatcher
    reading: Reading
    clouds: tuple[CloudProvider, ...]
    local: LocalProvider | None
    tasks: TaskGroup

    def start(self) -> None:
        """Begin, in the background, what a first call would have to wait for."""
        gc.collect()
        gc.freeze()  # what start-up made is never collected: a full collection took 46 ms
        gc.set_threshold(50_000, 20, 50)
        if self.local is not None:
            self.tasks.start_soon(self.local.prewarm)
        if self.clouds:
            self.tasks.start_soon(self.clouds[0].warm)

    def tool(self, name: str) -> Tool:
        """The tool of that name.

        Raises:
            NotFound: it is not enabled.
        """
        for tool in self.tools:
            if tool.name == name:
                return tool
        raise NotFound(f"There is no tool {name!r} here.")


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
        ledger_db, cache_db = await _open_databases(stack, settings, home)
        ledger = await stack.enter_async_context(open_ledger(ledger_db))
        cache = await stack.enter_async_context(open_cache(settings.cache, cache_db, clock))
        clouds = await stack.enter_async_context(
            open_providers(discovered, settings.timeouts, clock)
        )
        local = await open_local_provider(stack, settings, home, clock)
        flights = await stack.enter_async_context(open_flights())
        tasks = await stack.enter_async_context(_open_tasks())
        catalogue = OpenCatalogue([*([local] if local else []), *clouds])
        health = new_health(settings, discovered, clock)
        dispatcher = Dispatcher(
            catalogue=catalogue,
            cache=cache,
            key_of=cache_key,
            flights=flights,
            ledger=ledger,
            attempts=_attempts(settings, ledger, health, clock),
            routing=settings.routing,
            clock=clock,
            new_id=new_id,
        )
        yield _app(dispatcher, ledger, ledger_db, clouds, local, tasks)


def _attempts(settings: Settings, ledger: DatabaseLedger, health: Health, clock: Clock) -> Attempts:
    return Attempts(
        ledger=ledger,
        health=health,
        breaker=settings.breaker,
        idle_s=settings.timeouts.idle_s,
        clock=clock,
        new_id=new_id,
        on_defect=_log_defect,
    )


def _app(
    dispatcher: Dispatcher,
    ledger: DatabaseLedger,
    ledger_db: Database,
    clouds: list[CloudProvider],
    local: LocalProvider | None,
    tasks: TaskGroup,
) -> App:
    catalogue, clock = dispatcher.catalogue, dispatcher.clock
    reading = Reading(
        catalogue=catalogue,
        view=dispatcher.attempts.health.view,
        stats=lambda **asked: cost_stats(ledger_db, now=clock.wall(), **asked),
        decision=ledger.decision,
        clock=clock,
    )
    return App(
        tools=(
            complete_tool(dispatcher),
            route_tool(dispatcher),
            cost_stats_tool(reading.stats),
            provider_health_tool(reading.health),
        ),
        dispatcher=dispatcher,
        reading=reading,
        clouds=tuple(clouds),
        local=local,
        tasks=tasks,
    )


async def _priced(discovered: Discovered, clock: Clock) -> Discovered:
    """`discovered` with prices; the catalogue of prices takes half a second to import."""
    if not discovered.backends:
        return discovered

    def look_up() -> Discovered:
        from providers.prices import PriceBook, with_prices

        return with_prices(discovered, PriceBook(clock.wall()))

    return await anyio.to_thread.run_sync(look_up)


async def _open_databases(
    stack: AsyncExitStack, settings: Settings, home: Path
) -> tuple[Database, Database]:
    ledger = await stack.enter_async_context(open_database(home / "ledger.db", kind="ledger"))
    cap = int(settings.cache.max_gb * GB)
    cache = await stack.enter_async_context(
        open_database(home / "cache.db", kind="cache", max_bytes=cap)
    )
    return ledger, cache


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
        _log_change,
        on_credential=_log_credential,
        ceilings=ceilings,
    )


def _log_change(change: Change) -> None:
    log.warning(
        "circuit_breaker_event",
        provider=change.provider,
        model=change.model,
        state=change.state,
        failure_count=change.failure_count,
        action=change.action,
    )


def _log_credential(provider: str, accepted: bool) -> None:
    log.warning("credential", provider=provider, accepted=accepted)


def _log_defect(provider: str, defect: Exception) -> None:
    log.error("provider.defect", provider=provider, exc_info=defect)


def new_id() -> str:
    """128 random bits: nobody finds another's decision by guessing (T-13)."""
    return secrets.token_hex(16)
