"""Fixes: from an engine, from our own rewrites or from a model, and offered only when verified."""
