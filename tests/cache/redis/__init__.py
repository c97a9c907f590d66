"""Tests of the Redis layer, against a real server."""
