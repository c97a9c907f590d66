"""Which lines are new since some commit, as git knows it."""
