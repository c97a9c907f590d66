"""Seconds and dollars as scores of 0..100, on scales that do not move when a model joins.

Both are logarithmic: each factor of ten is worth the same. A task that takes 300 ms or less scores
100 for speed and one that takes 60 s or more 0 (4.2 s: 50). A task that costs $0.00001 or less
scores 100 and one of $0.10 or more 0 ($0.001: 50).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pointsman.money import NANO_PER_USD, Nano
from pointsman.records import Category

FAST_MS, SLOW_MS = 300.0, 60_000.0
CHEAP, DEAR = 0.00001 * NANO_PER_USD, 0.10 * NANO_PER_USD


@dataclass(frozen=True, slots=True)
class Shares:
    quality: float
    speed: float
    cost: float


DEFAULT = Shares(0.5, 0.3, 0.2)
SHARES: Mapping[Category, Shares] = {"empathy": Shares(0.7, 0.2, 0.1)}  # the others: DEFAULT


def speed_score(latency_ms: float) -> float:
    return _scale(latency_ms, FAST_MS, SLOW_MS)


def cost_score(cost: Nano | None) -> float:
    """Of the mean cost of a task; a price that nobody knows earns nothing."""
    return 0.0 if cost is None else _scale(cost, CHEAP, DEAR)


def final_score(category: Category, quality: float, speed: float, cost: float) -> float:
    shares = SHARES.get(category, DEFAULT)
    return shares.quality * quality + shares.speed * speed + shares.cost * cost


def _scale(value: float, best: float, worst: float) -> float:
    """100 at `best` or less, 0 at `worst` or more, straight in the logarithm between."""
    if value <= best:
        return 100.0
    return 100.0 * max(math.log(worst / value) / math.log(worst / best), 0.0)
