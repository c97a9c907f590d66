"""Tests of the folder accounting."""
