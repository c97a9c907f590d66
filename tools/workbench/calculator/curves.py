"""Exponentials, logarithms and angles to 45 digits and more; exact where that is easily known."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from tools.workbench.calculator.exact import (
    DIGITS,
    NoValue,
    Number,
    Work,
    absolute,
    decimal,
    divide,
    exact_root,
    power,
)

PI = Decimal(
    "3.14159265358979323846264338327950288419716939937510"
    "58209749445923078164062862089986280348253421170679"
)
E = Decimal(
    "2.71828182845904523536028747135266249775724709369995"
    "95749669676277240766303535475945713821785251664274"
)
PHI = Decimal(
    "1.61803398874989484820458683436563811772030917980576"
    "28621354486227052604628189024497072072041893911375"
)
TAU = Decimal(
    "6.28318530717958647692528676655900576839433879875021"
    "16419498891846156328125724179972560696506842341360"
)
MOST_ANGLE = 10**30
SMALL = Decimal("1e-10")
NOISE = Decimal("1e-45")  # a sine of an angle that is not small is a zero below it


def square_root(x: Number, work: Work) -> Number:
    if x < 0:
        raise NoValue("a negative number has no real square root; complex numbers are not known")
    exact = exact_root(x, 2, work) if isinstance(x, Fraction) else None
    return decimal(x, work).sqrt() if exact is None else exact


def exponential(x: Number, work: Work) -> Number:
    work.spend(100)
    return decimal(x, work).exp() if x else Fraction(1)


def logarithm(x: Number, work: Work) -> Number:
    """The natural one."""
    if x <= 0:
        raise NoValue("only a positive number has a logarithm")
    work.spend(100)
    return Fraction(0) if x == 1 else decimal(x, work).ln()


def logarithm_to(base: Number, x: Number, work: Work) -> Number:
    if base <= 0 or base == 1:
        raise NoValue("the base of a logarithm must be positive and not 1")
    found = divide(logarithm(x, work), logarithm(base, work), work)
    if isinstance(x, Fraction) and isinstance(base, Fraction):
        nearest = Fraction(round(found))
        # 45 digits say that it may be a whole number; only its power says that it is
        if abs(Fraction(found) - nearest) < NOISE and power(base, nearest, work) == x:
            return nearest
    return found


def sine(x: Number, work: Work) -> Number:
    angle = _less_turns(x, work)
    return _wave(angle, 1, work)


def cosine(x: Number, work: Work) -> Number:
    return _wave(_less_turns(x, work), 0, work)


def tangent(x: Number, work: Work) -> Number:
    below = cosine(x, work)
    if not below:
        raise NoValue("there is no tangent there")
    return divide(sine(x, work), below, work)


def arctangent(x: Number, work: Work) -> Number:
    if not x:
        return Fraction(0)
    y = decimal(x, work)
    if abs(y) > 1:
        return (PI / 2).copy_sign(y) - _near_arctangent(1 / y, work)
    return _near_arctangent(y, work)


def angle_of(y: Number, x: Number, work: Work) -> Number:
    """The angle of the point (x, y), in (-pi, pi]."""
    if not x and not y:
        raise NoValue("the point 0, 0 has no angle")
    if not x:
        return PI / 2 if y > 0 else -PI / 2
    angle = arctangent(divide(y, x, work), work)
    if x > 0:
        return angle
    return decimal(angle, work) + (PI if y >= 0 else -PI)


def arcsine(x: Number, work: Work) -> Number:
    return angle_of(x, _other_leg(x, work), work) if x else Fraction(0)


def arccosine(x: Number, work: Work) -> Number:
    return angle_of(_other_leg(x, work), x, work) if x != 1 else Fraction(0)


def hyperbolic_sine(x: Number, work: Work) -> Number:
    y = decimal(x, work)
    if abs(y) < SMALL:
        return y + y**3 / 6 if y else Fraction(0)
    grown = decimal(exponential(x, work), work)
    return (grown - 1 / grown) / 2


def hyperbolic_cosine(x: Number, work: Work) -> Number:
    grown = decimal(exponential(x, work), work)
    return (grown + 1 / grown) / 2 if x else Fraction(1)


def hyperbolic_tangent(x: Number, work: Work) -> Number:
    if absolute(x) > 100:
        return Decimal(1 if x > 0 else -1)
    return divide(hyperbolic_sine(x, work), hyperbolic_cosine(x, work), work)


def area_sine(x: Number, work: Work) -> Number:
    y = decimal(x, work)
    if abs(y) < SMALL:
        return y - y**3 / 6 if y else Fraction(0)
    size = abs(y)
    return decimal(logarithm(size + (size * size + 1).sqrt(), work), work).copy_sign(y)


def area_cosine(x: Number, work: Work) -> Number:
    if x < 1:
        raise NoValue("only a number from 1 on has an acosh")
    y = decimal(x, work)
    return logarithm(y + (y * y - 1).sqrt(), work)


def area_tangent(x: Number, work: Work) -> Number:
    if absolute(x) >= 1:
        raise NoValue("only a number between -1 and 1 has an atanh")
    y = decimal(x, work)
    if abs(y) < SMALL:
        return y + y**3 / 3 if y else Fraction(0)
    return decimal(logarithm((1 + y) / (1 - y), work), work) / 2


def _other_leg(x: Number, work: Work) -> Number:
    """The other leg of a right triangle with one leg `x` and the long side 1."""
    if absolute(x) > 1:
        raise NoValue("only a number from -1 to 1 is a sine or a cosine")
    y = decimal(x, work)
    return ((1 - y) * (1 + y)).sqrt()


def _less_turns(x: Number, work: Work) -> Decimal:
    """`x` less whole turns."""
    if absolute(x) > MOST_ANGLE:
        raise NoValue("that angle is too large to be taken exactly")
    angle = decimal(x, work)
    turns = (angle / (2 * PI)).to_integral_value()
    return angle - turns * 2 * PI


def _wave(angle: Decimal, start: int, work: Work) -> Number:
    """The series of a sine (`start` is 1) or a cosine (0)."""
    if not angle:
        return Fraction(1 - start)
    found = _sum(_wave_terms(angle, start), work)
    if abs(angle) > SMALL:
        for clear in (0, 1, -1):
            if abs(found - clear) < NOISE:
                return Fraction(clear)
    return found


def _wave_terms(angle: Decimal, start: int) -> Iterator[Decimal]:
    square, term, n = angle * angle, angle if start else Decimal(1), start
    while True:
        yield term
        term, n = -term * square / ((n + 1) * (n + 2)), n + 2


def _near_arctangent(y: Decimal, work: Work) -> Decimal:
    """The arctangent of a number from -1 to 1."""
    for _ in range(3):  # halve the angle, so that the series is short
        y = y / (1 + (1 + y * y).sqrt())
    return 8 * _sum(_arctangent_terms(y), work)


def _arctangent_terms(y: Decimal) -> Iterator[Decimal]:
    square, raised, n = y * y, y, 1
    while True:
        yield raised / n
        raised, n = -raised * square, n + 2


def _sum(terms: Iterator[Decimal], work: Work) -> Decimal:
    """The sum of all terms that matter."""
    total = next(terms)
    for term in terms:
        work.spend(2)
        if not term or term.adjusted() < -DIGITS + min(total.adjusted(), 0):
            break
        total += term
    return total
