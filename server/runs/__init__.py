"""Runs of the agent: opened with all they need, followed, answered and stopped."""
