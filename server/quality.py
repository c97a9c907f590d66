"""The code quality tools, whose engines are opened when the first of them is called."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from pointsman.settings import Settings
from routing.dispatch import Dispatcher
from tools.quality.code_quality import code_quality_tool
from tools.quality.find_security_issues import find_security_issues_tool
from tools.quality.suggest_fixes import suggest_fixes_tool
from tools.tool import Caller, Tool

if TYPE_CHECKING:
    from tools.quality.bench import Bench


@asynccontextmanager
async def open_quality(
    settings: Settings, home: Path, environ: Mapping[str, str], dispatcher: Dispatcher
) -> AsyncGenerator[tuple[Tool, ...], None]:
    """The three tools."""
    async with AsyncExitStack() as stack:
        opened: list[Bench] = []
        lock = anyio.Lock()

        async def bench() -> "Bench":
            async with lock:
                if not opened:
                    open_bench, _ = await anyio.to_thread.run_sync(_load)
                    opening = open_bench(settings, home, environ, dispatcher)
                    opened.append(await stack.enter_async_context(opening))
                return opened[0]

        def on_bench(name: str) -> Callable[[Any, Caller], Awaitable[Any]]:
            async def run(given: Any, caller: Caller) -> Any:
                there = await bench()
                _, uses = await anyio.to_thread.run_sync(_load)
                return await uses[name](there, given, caller)

            return run

        served = settings.quality.sonarqube is not None
        yield (
            code_quality_tool(on_bench("code_quality"), open_world=served),
            find_security_issues_tool(on_bench("find_security_issues"), open_world=served),
            suggest_fixes_tool(on_bench("suggest_fixes")),
        )


def _load() -> tuple[Any, Mapping[str, Callable[..., Awaitable[Any]]]]:
    from server.quality_bench import open_bench
    from tools.quality.mending import mended
    from tools.quality.using import dangers, quality

    uses: Mapping[str, Callable[..., Awaitable[Any]]] = {
        "code_quality": quality,
        "find_security_issues": dangers,
        "suggest_fixes": mended,
    }
    return open_bench, uses
