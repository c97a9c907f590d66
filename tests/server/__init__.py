"""Tests of the folder server."""
