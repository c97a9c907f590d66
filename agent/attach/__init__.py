"""Attached servers: the tools of other MCP servers, which an `mcp.json` lists."""
