"""What a panel takes against asking the same models one after another (AT-208, MM-05).

    python benchmarks/panel.py [REPEATS]

Four simulated providers that answer after 300 ms, over real sockets; the real app with its ledger
on disk. AT-208 asks for a third of the sequential time at most.
"""

import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import anyio

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pointsman.settings import LogSettings, Settings  # noqa: E402
from server.app import CLOCK, App, open_app  # noqa: E402
from server.logs import configure_logs  # noqa: E402
from tests.chaos import Exchange, chaos_upstream  # noqa: E402
from tests.faults import answering  # noqa: E402
from tools.complete import complete_tool  # noqa: E402
from tools.describe import arguments_from  # noqa: E402
from tools.panel.ballots import Ballots  # noqa: E402
from tools.panel.tool import Panel, panel_tool  # noqa: E402
from tools.tool import Caller, Tool  # noqa: E402

DELAY_S = 0.3
NAMES = ("one", "two", "three", "four")
MODELS = [f"{name}/{name}-1" for name in NAMES]
MODES: dict[str, tuple[dict[str, Any], int]] = {  # what is asked, and how many calls it takes
    "compare, 4 models": ({"mode": "compare", "models": MODELS}, 4),
    "consensus, 4 models": ({"mode": "consensus", "models": MODELS}, 4),
    "debate, 2 rounds": ({"mode": "debate", "models": MODELS, "rounds": 2}, 6),
    "relay": ({"mode": "relay", "models": MODELS}, 4),
}

Ask = Callable[..., Awaitable[Any]]


async def slow(exchange: Exchange) -> None:
    await anyio.sleep(DELAY_S)
    await answering("Paris")(exchange)


def settings_for(urls: dict[str, str]) -> Settings:
    price = {"input": 1.0, "output": 2.0}
    providers = {
        name: {
            "base_url": f"{url}/v1",
            "models": [{"id": f"{name}-1", "tier": "cheap", "price": price}],
        }
        for name, url in urls.items()
    }
    return Settings.model_validate(
        {"providers": providers, "local": {"enabled": False}, "embedding": {"enabled": False}}
    )


def asking(tool: Tool) -> Ask:
    async def ask(**given: Any) -> Any:
        return await tool.run(arguments_from(tool.name, tool.arguments, given), Caller())

    return ask


async def timed(ask: Callable[[], Awaitable[Any]], repeats: int) -> float:
    """The median of how many seconds it takes."""
    took: list[float] = []
    for _ in range(repeats):
        started = time.perf_counter()
        await ask()
        took.append(time.perf_counter() - started)
    return statistics.median(took)


async def compared(app: App, repeats: int) -> None:
    ballots = Ballots(CLOCK, lambda: uuid.uuid4().hex)
    panel = asking(panel_tool(Panel(dispatcher=app.dispatcher, clock=CLOCK, ballots=ballots)))
    complete = asking(complete_tool(app.dispatcher))

    async def in_turn() -> None:
        for model in MODELS:
            await complete(prompt=uuid.uuid4().hex, model=model)

    await in_turn()  # connections are made
    each_s = await timed(in_turn, repeats) / len(MODELS)
    print(f"one call: {each_s * 1000:.0f} ms; {len(MODELS)} in turn: {each_s * 4 * 1000:.0f} ms")
    for name, (given, calls) in MODES.items():
        wall_s = await timed(
            lambda given=given: panel(prompt=uuid.uuid4().hex, **given),  # type: ignore[misc]
            repeats,
        )
        ratio = wall_s / (each_s * calls)
        print(f"{name}: {calls} calls, {wall_s * 1000:.0f} ms, {ratio:.2f} of sequential")


async def measure(repeats: int) -> None:
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        urls = {name: (await stack.enter_async_context(chaos_upstream(slow))).url for name in NAMES}
        await compared(
            await stack.enter_async_context(open_app(settings_for(urls), home, {})), repeats
        )


if __name__ == "__main__":
    configure_logs(LogSettings(level="error"))
    anyio.run(measure, int(sys.argv[1]) if len(sys.argv) > 1 else 5)
