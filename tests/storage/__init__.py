"""Tests of the folder storage."""
