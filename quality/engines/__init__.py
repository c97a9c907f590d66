"""Engines that are other people's tools, and small ones of our own."""
