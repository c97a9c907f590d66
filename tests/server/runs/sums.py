"""A small MCP server that the tests attach: it adds, and it fails when told to."""

from mcp.server import MCPServer

server = MCPServer("sums", log_level="ERROR")


@server.tool(description="Add two whole numbers.")
async def add(a: int, b: int) -> str:
    return str(a + b)


if __name__ == "__main__":
    server.run()
