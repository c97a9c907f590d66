"""Structural checks of Python that need no data flow: the engine "checks"."""
