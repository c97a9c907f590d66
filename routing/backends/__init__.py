"""How backends are doing, and whether a call may go to one now."""
