"""Windows, as processes."""
