"""Decisions without an engine: what a batch of prompts would be routed to; nothing is kept."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from pointsman.records import LOCAL
from pointsman.settings import Settings
from providers.discovery import discover, every_model
from providers.prices import PriceBook, with_prices
from routing.analysis import analyse
from routing.decide import Router
from routing.score import Weights
from server.app import CLOCK, new_health, new_id, open_local_provider
from tools import route
from tools.asking import Asking
from tools.describe import arguments_from

Plan = Callable[[Mapping[str, Any]], dict[str, Any]]


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
            clock=CLOCK,
            new_id=new_id,
        )

        def plan(given: Mapping[str, Any]) -> dict[str, Any]:
            call = arguments_from("route", Asking, given).call("route", LOCAL)
            analysis = analyse(call.request, call.category)
            return route.result(router.decide(call, analysis)).model_dump(mode="json")

        yield plan
