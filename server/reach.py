"""The command line's way to a tool: the engine that already runs on the home, or one of its own."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import anyio
import anyio.to_thread

from pointsman.errors import ConfigError
from server.commands.command import Context
from server.windows.client import Person, call_engine
from server.windows.link import NoEngine
from server.windows.ownership import HANDOVER_DRAIN_S, Door, own_home

if TYPE_CHECKING:
    from server.app import App

Progress = Callable[[float, float | None, str], Awaitable[None]]  # done, of how many, just what
READS_PROMPTS = ("complete", "route")

Show = Callable[[str], Awaitable[None]]


async def use_tool(
    context: Context,
    tool: str,
    arguments: Mapping[str, Any],
    show: Show | None = None,
    progress: Progress | None = None,
    person: Person | None = None,
) -> Any:
    """The structured result of `tool`; with `show`, an answer's text as it comes.

    Without it, `progress` is told how far long work is; meanwhile others find an engine here.
    What the tool asks on the way is answered by `person`.

    Raises:
        PointsmanError: the tool failed, or no engine could be had.
    """
    for _ in range(3):  # an owner may come or go between the two looks
        try:
            return await _ask_engine(context, tool, arguments, show, progress, person)
        except NoEngine:
            async with own_home(context.home, lasting=progress is not None) as door:
                if door is not None:
                    wishes = _Wishes(show, progress, person or Person())
                    return await _run_here(context, door, tool, arguments, wishes)
    raise ConfigError(f"The engine of {context.home} comes and goes; try again.")


async def _ask_engine(
    context: Context,
    tool: str,
    arguments: Mapping[str, Any],
    show: Show | None,
    progress: Progress | None,
    person: Person | None,
) -> Any:
    async def on_work(done: float, total: float | None, message: str | None) -> None:
        if progress is not None and message:
            await progress(done, total, message)

    if show is None:
        return await call_engine(context.home, tool, arguments, on_work, person=person)

    async def on_progress(_: float, _total: float | None, message: str | None) -> None:
        if message:
            await show(message)

    return await call_engine(context.home, tool, arguments, on_progress, stream=True)


class _Wishes(NamedTuple):
    """How the person at the terminal follows a call, and is asked."""

    show: Show | None
    progress: Progress | None
    person: Person


async def _run_here(
    context: Context, door: Door, tool: str, arguments: Mapping[str, Any], wishes: _Wishes
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
        show, progress, person = wishes
        roots = tuple(person.roots)
        caller = Caller(LOCAL, show, progress, approver=person.approver, roots=roots, owner=True)
        if progress is None:
            result = await wanted.run(given, caller)
        else:
            async with _serving(app, door):
                result = await wanted.run(given, caller)
        return result.model_dump(mode="json", by_alias=True)


@asynccontextmanager
async def _serving(app: "App", door: Door) -> AsyncGenerator[None, None]:
    """Long work holds the home for minutes: meanwhile windows and commands are served from here."""
    make_mcp, serve_windows = await anyio.to_thread.run_sync(_load_serving)
    failure: Exception | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve_windows, make_mcp(app.tools, app.reading, app.toolsets), app, door)
        try:
            yield
        except Exception as error:  # noqa: BLE001 -- raised below, not bundled by the task group
            failure = error
        door.close(HANDOVER_DRAIN_S)
    if failure is not None:
        raise failure


def _load_serving():  # type: ignore[no-untyped-def]  # their own types
    from server.mcp import make_mcp
    from server.windows.serving import serve_windows

    return make_mcp, serve_windows
