"""Decisions without an engine: what a batch of prompts would be routed to; nothing is kept."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from pointsman.records import LOCAL
from pointsman.settings import Settings
from providers.discovery import Discovered, discover, every_model
from providers.prices import PriceBook, with_prices
from routing.choice.decide import Router
from routing.choice.score import Weights
from routing.prompt.analyst import Analyst
from server.app import CLOCK, new_health, new_id, open_local_provider
from server.learned import open_analyst, open_embedder
from tools.describe import arguments_from
from tools.route import RouteAsking, supposed

Plan = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]


@asynccontextmanager
async def open_plan(
    settings: Settings, home: Path, environ: Mapping[str, str]
) -> AsyncGenerator[Plan, None]:
    """A function from `route`'s arguments to its result, on backends that were never called.

    Raises:
        ConfigError: the settings cannot be used.
    """
    discovered = with_prices(discover(settings, environ), PriceBook(CLOCK.wall()))
    clouds = every_model(discovered.backends)
    async with AsyncExitStack() as stack:
        local = await open_local_provider(stack, settings, home, CLOCK)
        router = Router(
            models=(*(local.models if local else ()), *clouds),
            view=new_health(settings, discovered, CLOCK).view,
            readiness=lambda m: local.readiness(m.id) if local and m.local else "ready",
            problem=lambda m: local.problem(m.id) if local and m.local else None,
            weights=Weights().with_changes(settings.routing.weights),
            profile=settings.routing.profile,
            preferences=settings.routing.preferences,
            clock=CLOCK,
            new_id=new_id,
        )
        analyst = await _open_analyst(stack, settings, home, discovered)

        async def plan(given: Mapping[str, Any]) -> dict[str, Any]:
            asking = arguments_from("route", RouteAsking, given)
            call = asking.call("route", LOCAL)
            understood = await analyst.understand(call)
            decision = router.decide(call, understood.analysis)
            return supposed(decision, asking.what_if).model_dump(mode="json")

        yield plan


async def _open_analyst(
    stack: AsyncExitStack, settings: Settings, home: Path, discovered: Discovered
) -> Analyst:
    """What reads the prompts, its embedding model loaded; the bill of a remote one is not kept."""
    embedder = await open_embedder(stack, settings, home, discovered, CLOCK, lambda _: None)
    if embedder is not None:
        await embedder.load()
    return await open_analyst(embedder)
