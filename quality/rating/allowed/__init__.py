"""Findings that the code itself, or a committed file, says are known."""
