"""Tests of quality.checks."""
