"""A `pointsman serve` with a small engine: `python -m tests.server.windows.window HOME [http]`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from server.windows.front import RunEngine, serve_stdio
from server.windows.ownership import Door, take_home

if TYPE_CHECKING:
    from mcp.server import MCPServer


def make_server() -> "MCPServer[str]":
    from mcp.server import MCPServer
    from mcp.server.mcpserver import Context

    server: MCPServer[str] = MCPServer("pointsman", version="1", log_level="WARNING")

    async def echo(text: str, ctx: Context[str]) -> dict[str, str]:
        """Its text, and the state it ran with."""
        print("noise that must not reach the wire")  # noqa: T201
        return {"text": text, "state": ctx.request_context.lifespan_context}

    async def wait(ctx: Context[str]) -> str:
        """Report progress once, then never end; leave a file when cancelled."""
        await ctx.report_progress(1, 2, "waiting")
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.Path(ctx.request_context.lifespan_context, "cancelled").touch()
        return "never"

    server.add_tool(echo)
    server.add_tool(wait)
    return server


def load_engine() -> RunEngine:
    from server.windows.serving import serve_windows

    server = make_server()

    async def run_engine(door: Door) -> None:
        await serve_windows(server, str(door.home), door)

    return run_engine


def load_broken_engine() -> RunEngine:
    raise ValueError("there is no engine in here")


async def serve_as_http_does(home: Path) -> None:
    """Own the home as `serve --http` would, until standard input ends."""
    async with take_home(home) as door, anyio.create_task_group() as tasks:
        tasks.start_soon(load_engine(), door)
        sys.stdout.write('{"owner": true}\n')
        sys.stdout.flush()
        await anyio.to_thread.run_sync(sys.stdin.read)
        door.close(0)


if __name__ == "__main__":
    kind = sys.argv[2] if len(sys.argv) > 2 else "stdio"
    if kind == "http":
        anyio.run(serve_as_http_does, Path(sys.argv[1]))
    else:
        load = load_broken_engine if kind == "broken" else load_engine
        anyio.run(serve_stdio, Path(sys.argv[1]), load)
