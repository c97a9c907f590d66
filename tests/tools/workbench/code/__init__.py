"""Tests of running programs that nobody trusts."""
