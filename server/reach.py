"""The command line's way to a tool: the engine that already runs on the home, or one of its own."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pointsman.errors import ConfigError
from server.commands.command import Context
from server.windows.client import call_engine
from server.windows.link import NoEngine
from server.windows.ownership import own_home

Progress = Callable[[float, float | None, str], Awaitable[None]]  # done, of how many, just what
READS_PROMPTS = ("complete", "route")

Show = Callable[[str], Awaitable[None]]


async def use_tool(
    context: Context,
    tool: str,
    arguments: Mapping[str, Any],
    show: Show | None = None,
    progress: Progress | None = None,
) -> Any:
    """The structured result of `tool`; with `show`, an answer's text as it comes.

    Without it, `progress` is told how far long work is.

    Raises:
        PointsmanError: the tool failed, or no engine could be had.
    """
    for _ in range(3):  # an owner may come or go between the two looks
        try:
            return await _ask_engine(context, tool, arguments, show, progress)
        except NoEngine:
            async with own_home(context.home) as door:
                if door is not None:
                    return await _run_here(context, tool, arguments, show, progress)
    raise ConfigError(f"The engine of {context.home} comes and goes; try again.")


async def _ask_engine(
    context: Context,
    tool: str,
    arguments: Mapping[str, Any],
    show: Show | None,
    progress: Progress | None,
) -> Any:
    async def on_work(done: float, total: float | None, message: str | None) -> None:
        if progress is not None and message:
            await progress(done, total, message)

    if show is None:
        return await call_engine(context.home, tool, arguments, on_work)

    async def on_progress(_: float, _total: float | None, message: str | None) -> None:
        if message:
            await show(message)

    return await call_engine(context.home, tool, arguments, on_progress, stream=True)


async def _run_here(
    context: Context,
    tool: str,
    arguments: Mapping[str, Any],
    show: Show | None,
    progress: Progress | None,
) -> Any:
    # Only now: these imports take a second that a running engine has behind it.
    from pointsman.records import LOCAL
    from server.app import open_app
    from server.logs import configure_logs
    from tools.describe import arguments_from
    from tools.tool import Caller

    configure_logs(context.settings.log)
    async with open_app(context.settings, context.home, context.environ) as app:
        wanted = app.tool(tool)
        if app.embedder is not None and tool in READS_PROMPTS:
            await app.embedder.load()  # 0.2 s; 5 s more, once for each home, to make its graph
        given = arguments_from(tool, wanted.arguments, arguments)
        result = await wanted.run(given, Caller(LOCAL, show, progress))
        return result.model_dump(mode="json", by_alias=True)
