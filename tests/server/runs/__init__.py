"""The agent through every door."""
