"""The doors (MCP, HTTP, command line) and the composition root."""
