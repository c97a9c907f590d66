"""Prompts as vectors: the small model that comes with its weights, or a provider's endpoint."""
