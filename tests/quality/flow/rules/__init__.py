"""Tests of the rules of the flow engine."""
