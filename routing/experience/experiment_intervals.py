"""Intervals for what was measured on people who call more than once, without a library for it.

People are assigned to an arm, so they are the sample, and one person's calls are alike: every
variance here is one between people. Where each calls once, this is what the textbooks say.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

NORMAL = NormalDist()


class Interval(NamedTuple):
    value: float
    low: float
    high: float


class Share(NamedTuple):
    """One person's part in a ratio: the sum of what was measured over how many calls."""

    sum: float
    calls: int


def t_quantile(p: float, freedom: int) -> float:
    """Student's t quantile (Abramowitz & Stegun 26.7.5); within 0.3 % from 5 degrees on."""
    x = NORMAL.inv_cdf(p)
    terms = (
        (x**3 + x) / 4,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
        (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160,
    )
    return x + sum(term / float(freedom) ** power for power, term in enumerate(terms, 1))


def standard_error(shares: Sequence[Share]) -> float:
    """Of the ratio of sums to calls, by linearisation over people (delta method).

    Deng, Knoblich, Lu 2018, "Applying the Delta Method in Metric Analytics", section 3.
    """
    people, calls = len(shares), sum(share.calls for share in shares)
    if people < 2:
        return math.inf
    ratio = sum(share.sum for share in shares) / calls
    squares = sum((share.sum - ratio * share.calls) ** 2 for share in shares)
    return math.sqrt(people / (people - 1) * squares) / calls


def mean_interval(shares: Sequence[Share], level: float) -> Interval | None:
    """The mean over calls; None where there is none. One person's calls give no bounds."""
    calls = sum(share.calls for share in shares)
    if not calls:
        return None
    mean = sum(share.sum for share in shares) / calls
    error = standard_error(shares)
    if math.isinf(error):
        return Interval(mean, -math.inf, math.inf)
    reach = error * t_quantile((1 + level) / 2, len(shares) - 1)
    return Interval(mean, mean - reach, mean + reach)


def rate_interval(shares: Sequence[Share], level: float) -> Interval | None:
    """The share of calls that succeeded: Wilson 1927, on as many calls as they are worth.

    Calls of one person that agree are worth fewer: the design effect of Kish 1965, at least 1.
    """
    calls, people = sum(share.calls for share in shares), len(shares)
    if not calls:
        return None
    rate = sum(share.sum for share in shares) / calls
    if people < 2:
        return Interval(rate, 0.0, 1.0)
    plain = rate * (1 - rate) / calls * people / (people - 1)
    effect = max(standard_error(shares) ** 2 / plain, 1.0) if plain else calls / people
    return _wilson(rate, calls / effect, level)


def quantile_interval(
    people: Sequence[Sequence[float]], share: float, level: float
) -> Interval | None:
    """The value below which `share` of all calls lie (Woodruff 1952).

    The interval of the share of calls below the estimate, read off the values themselves.
    """
    values = sorted(value for person in people for value in person)
    if not values:
        return None
    value = values[min(int(share * len(values)), len(values) - 1)]
    below = [Share(sum(v < value for v in person), len(person)) for person in people]
    at = rate_interval(below, level)
    if at is None or len(people) < 2:
        return Interval(value, -math.inf, math.inf)
    last = len(values) - 1
    low = values[max(math.floor((share - at.value + at.low) * len(values)) - 1, 0)]
    high = values[min(math.ceil((share + at.high - at.value) * len(values)), last)]
    return Interval(value, low, high)


def difference(variant: Interval, control: Interval) -> Interval:
    """Of two independent estimates, from their own intervals (MOVER).

    Zou & Donner 2008; for shares it is Newcombe's method 10 (1998), for means about Welch's.
    """
    value = variant.value - control.value
    low = math.hypot(variant.value - variant.low, control.high - control.value)
    high = math.hypot(variant.high - variant.value, control.value - control.low)
    return Interval(value, value - low, value + high)


def ratio_p_value(control: int, variant: int, split: float) -> float:
    """How likely so uneven a division of people is by chance: chi-square, 1 degree of freedom."""
    total = control + variant
    if not total:
        return 1.0
    expected = total * split
    squared = (variant - expected) ** 2 * (1 / expected + 1 / (total - expected))
    return math.erfc(math.sqrt(squared / 2))


def _wilson(rate: float, n: float, level: float) -> Interval:
    z = NORMAL.inv_cdf((1 + level) / 2)
    middle = rate + z * z / (2 * n)
    reach = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low, high = (middle - reach) / scale, (middle + reach) / scale
    return Interval(rate, min(max(low, 0.0), rate), max(min(high, 1.0), rate))
