"""Tests of the suites, the checks and the runs."""
