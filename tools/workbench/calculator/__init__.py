"""Exact arithmetic: a grammar of its own, units, and a bound on all work."""
