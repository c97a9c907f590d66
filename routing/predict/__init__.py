"""How likely only a strong model answers a prompt well: learned from measured outcomes."""
