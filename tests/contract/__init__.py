"""What every provider, runtime and cache must pass."""
