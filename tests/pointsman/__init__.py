"""The shared words."""
