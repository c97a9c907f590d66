"""Code analysis: engines, ratings, fixes."""
