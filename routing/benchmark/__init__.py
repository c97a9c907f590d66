"""Benchmarks: suites of tasks, how answers are marked, and runs over many models."""
