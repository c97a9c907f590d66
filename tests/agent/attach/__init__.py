"""Tests of the attached servers."""
