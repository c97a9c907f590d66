"""Searching the web through whichever provider is set up and answers."""
