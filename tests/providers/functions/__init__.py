"""The layer that makes tool calls with models that have none of their own."""
