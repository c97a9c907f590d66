"""The engine of a home: the app and the MCP server that all its windows share."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from pointsman.settings import Settings
from server.app import open_app
from server.logs import configure_logs
from server.mcp import make_mcp
from server.windows.ownership import Door
from server.windows.serving import serve_windows


def engine_for(
    settings: Settings, home: Path, environ: Mapping[str, str]
) -> Callable[[Door], Awaitable[None]]:
    """What runs the engine of `home` at a door, until the door closes."""
    configure_logs(settings.log)

    async def run_engine(door: Door) -> None:
        async with open_app(settings, home, environ) as app:
            app.start()
            await serve_windows(make_mcp(app.tools, app.reading, app.toolsets), app, door)

    return run_engine
