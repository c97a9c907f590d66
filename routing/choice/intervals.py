"""Bootstrap intervals of paired figures: what chance there is in a difference."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 400
TAIL = 2.5  # percent on each side

Numbers = NDArray[np.float64]
Statistic = Callable[[Numbers], Numbers]  # along the last axis


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure, and where 95 of 100 resamples put it."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One figure as it was, as it would have been, and the change."""

    recorded: Interval
    again: Interval
    change: Interval  # of money relative, else absolute


def measure(
    before: Numbers, after: Numbers, statistic: Statistic, *, seed: int, relative: bool = False
) -> Measure:
    """The statistic of two paired samples of one length, at least 1, and of the change."""
    was, now = (_resampled(sample, statistic, seed) for sample in (before, after))
    change = _relative(now, was) if relative else now - was
    return Measure(recorded=_interval(was), again=_interval(now), change=_interval(change))


def interval(sample: Numbers, statistic: Statistic, *, seed: int) -> Interval:
    return _interval(_resampled(sample, statistic, seed))


def _resampled(sample: Numbers, statistic: Statistic, seed: int) -> Numbers:
    """The statistic of the sample itself, then of each resample: the same ones for a seed."""
    dice = np.random.default_rng(seed)
    rows = (sample[dice.integers(len(sample), size=len(sample))] for _ in range(RESAMPLES))
    return np.array([statistic(sample), *(statistic(row) for row in rows)])


def _relative(now: Numbers, was: Numbers) -> Numbers:
    return np.divide(now, was, out=np.ones_like(now), where=was != 0) - 1


def _interval(values: Numbers) -> Interval:
    low, high = np.percentile(values[1:], (TAIL, 100 - TAIL))
    return Interval(value=float(values[0]), low=float(low), high=float(high))
