"""Tests of the folder cache."""
