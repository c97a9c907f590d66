"""Tests of which files are analysed."""
