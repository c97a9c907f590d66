"""Tests of quality.python."""
