"""Remembered answers: keys, layers, and identical calls that share one flight."""
