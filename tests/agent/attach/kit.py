"""A server made with the SDK, of both eras. `python kit.py [--http PORT]`."""

import sys
from typing import Annotated

from mcp.server import MCPServer
from mcp.server.mcpserver import Context, Elicit, Resolve
from mcp.types import ToolAnnotations
from pydantic import BaseModel

READING = ToolAnnotations(read_only_hint=True, open_world_hint=False)
server = MCPServer("kit", log_level="ERROR")


class Confirm(BaseModel):
    ok: bool


async def confirm() -> Elicit[Confirm]:
    return Elicit("Are you sure?", Confirm)


@server.tool(description="Add two numbers", annotations=READING, structured_output=False)
async def add(a: int, b: int) -> str:
    return str(a + b)


@server.tool(description="Count to three", structured_output=False)
async def count(ctx: Context) -> str:
    for done in (1, 2, 3):
        await ctx.report_progress(done, 3, f"step {done}")
    return "three"


@server.tool(description="Ask first", structured_output=False)
async def careful(confirm: Annotated[Confirm, Resolve(confirm)]) -> str:
    return f"confirmed: {confirm.ok}"


@server.tool(description="Get another tool", structured_output=False)
async def grow(ctx: Context) -> str:
    server.add_tool(later, name="later", description="Came later", structured_output=False)
    await ctx.notify_tools_changed()
    if ctx.request_context.protocol_version < "2026":
        await ctx.session.send_tool_list_changed()
    return "grown"


async def later() -> str:
    return "later"


if __name__ == "__main__":
    if "--http" in sys.argv:
        server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[-1]))
    else:
        server.run("stdio")
