"""Which candidate a call goes to, why, and what would have changed it."""
