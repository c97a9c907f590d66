"""Ratings, measures, gate, coverage, new code, baseline, suppressions."""
