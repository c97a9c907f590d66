"""How long to wait before a server that failed is tried again."""

from random import Random

FIRST_S = 0.5
LONGEST_S = 60.0


def pause(failures: int, random: Random) -> float:
    """Seconds after that many failures in a row, 1 the first: doubling, and never two alike."""
    whole = min(LONGEST_S, FIRST_S * 2.0 ** min(failures - 1, 20))
    return whole * random.uniform(0.5, 1.0)
