"""Money: what every call cost, what it saved, and the sums over time."""
