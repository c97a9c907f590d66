"""Numbers that stay exact while they can, and arithmetic that ends.

A number is a `Fraction`, exact, or a `Decimal` of 80 digits where no fraction is exact. Every step
is charged for the bits it handles before it is taken. All of it happens inside `arithmetic()`,
which sets the precision of this thread's decimals.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
    localcontext,
)
from fractions import Fraction

Number = Fraction | Decimal

DIGITS = 80  # of a number that is not exact
MOST_BITS = 65_536  # of an integer, or of either part of a fraction
MOST_EXPONENT = 20_000  # of ten, in a number that is not exact: as large as an exact one gets
MOST_WORK = 20_000  # about a microsecond each


class NoValue(Exception):
    """Why there is no result; a sentence without its full stop."""


class Work:
    """What an expression may still cost."""

    def __init__(self) -> None:
        self._left = MOST_WORK

    def spend(self, units: int) -> None:
        self._left -= units
        if self._left < 0:
            raise NoValue("this takes too much work; split it into smaller steps")


@contextmanager
def arithmetic() -> Iterator[Work]:
    """Decimals of 80 digits, which end where an exact number would end too.

    Raises:
        NoValue: a number grew too large.
    """
    wanted = Context(
        prec=DIGITS,
        rounding=ROUND_HALF_EVEN,
        Emax=MOST_EXPONENT,
        Emin=-MOST_EXPONENT,
        traps=[Overflow, InvalidOperation, DivisionByZero],
    )
    with localcontext(wanted):
        try:
            yield Work()
        except (Overflow, InvalidOperation, DivisionByZero) as error:
            raise too_large() from error


def bits(number: Number) -> int:
    """The size of the larger part of an exact number."""
    if isinstance(number, Decimal):
        return 200
    return max(number.numerator.bit_length(), number.denominator.bit_length())


def decimal(number: Number, work: Work) -> Decimal:
    """`number` to 80 digits."""
    if isinstance(number, Decimal):
        return number
    work.spend(2 + (bits(number) // 1000) ** 2 * 3)
    return Decimal(number.numerator) / Decimal(number.denominator)


def whole(number: Number, what: str) -> int:
    """`number` as the integer it is.

    Raises:
        NoValue: it is none.
    """
    if not is_whole(number) or (isinstance(number, Decimal) and number.adjusted() > DIGITS):
        raise NoValue(f"{what} must be a whole number")
    return int(number)


def is_whole(number: Number) -> bool:
    if isinstance(number, Decimal):
        return number == number.to_integral_value()
    return number.denominator == 1


def too_large(digits: int | None = None) -> NoValue:
    size = "" if digits is None else f" (about {digits:,} digits)"
    most = round(MOST_BITS * 0.30103, -2)
    return NoValue(f"the result is too large{size}; the most is about {most:,.0f} digits")


def checked(number: Number) -> Number:
    """`number`, if it may be worked with on."""
    if isinstance(number, Fraction) and bits(number) > MOST_BITS:
        raise too_large(bits(number) * 30103 // 100_000)
    return number


def absolute(number: Number) -> Number:
    return -number if number < 0 else number


def add(a: Number, b: Number, work: Work) -> Number:
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        _charge(a, b, work)
        return checked(a + b)
    return decimal(a, work) + decimal(b, work)


def subtract(a: Number, b: Number, work: Work) -> Number:
    return add(a, -b, work)


def multiply(a: Number, b: Number, work: Work) -> Number:
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        if bits(a) + bits(b) > 2 * MOST_BITS:
            raise too_large((bits(a) + bits(b)) * 30103 // 100_000)
        _charge(a, b, work)
        return checked(a * b)
    return decimal(a, work) * decimal(b, work)


def divide(a: Number, b: Number, work: Work) -> Number:
    if not b:
        raise NoValue("there is no division by zero")
    if isinstance(b, Fraction):
        return multiply(a, 1 / b, work)
    return decimal(a, work) / b


def floor(a: Number, work: Work) -> Fraction:
    """The largest integer that is not above `a`."""
    work.spend(2 + (bits(a) // 1000) ** 2)
    if isinstance(a, Decimal):
        return Fraction(int(a.to_integral_value(rounding="ROUND_FLOOR")))
    return Fraction(a.numerator // a.denominator)


def modulo(a: Number, b: Number, work: Work) -> Number:
    """What is left of `a` after whole `b`; it has the sign of `b`."""
    quotient = divide(a, b, work)
    if isinstance(quotient, Decimal) and quotient.adjusted() > DIGITS // 2:
        raise NoValue("the numbers are too far apart for a remainder")
    return subtract(a, multiply(b, floor(quotient, work), work), work)


def power(a: Number, b: Number, work: Work) -> Number:
    """`a` to the power of `b`, exact where it is a fraction of some size."""
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        exact = _exact_power(a, b, work)
        if exact is not None:
            return exact
    if a < 0 and not is_whole(b):
        raise NoValue("a negative number has no real power that is not whole (cbrt takes it)")
    if not a and b <= 0:
        raise NoValue("zero has no such power")
    work.spend(200)
    return Decimal(decimal(a, work) ** decimal(b, work))


def _exact_power(a: Fraction, b: Fraction, work: Work) -> Fraction | None:
    if b.denominator > 1:
        usual = a >= 0 and b.denominator <= 64
        root = exact_root(a, b.denominator, work) if usual else None
        return None if root is None else _exact_power(root, Fraction(b.numerator), work)
    n = b.numerator
    if n < 0 and not a:
        raise NoValue("there is no division by zero")
    if abs(a) in (0, 1):
        return a if n % 2 else abs(a) ** min(abs(n), 1)
    least = (bits(a) - 1) * abs(n)  # bits of the result
    if a.denominator > 1 and least > MOST_BITS // 4:
        return None
    if least > MOST_BITS:
        raise too_large(least * 30103 // 100_000 if least < 10**18 else None)
    work.spend(2 + (least // 1000) ** 2 // 5)
    return Fraction(checked(a**n))


def exact_root(a: Fraction, n: int, work: Work) -> Fraction | None:
    """The `n`th root of `a`, not negative, if it is a fraction."""
    top, bottom = _root(a.numerator, n, work), _root(a.denominator, n, work)
    return None if top is None or bottom is None else Fraction(top, bottom)


def _root(a: int, n: int, work: Work) -> int | None:
    """The `n`th root of `a`, if it is whole: Newton's steps, from above."""
    size = a.bit_length()
    root, last = 1 << -(-size // n), 0
    while root != last:
        work.spend(3 + (size // 1000) ** 2)
        last, root = root, min(root, ((n - 1) * root + a // root ** (n - 1)) // n) if a else 0
    return root if root**n == a else None


def shift(a: Number, by: Number, work: Work) -> Fraction:
    """`a` with its bits moved up, or down where `by` is negative; both whole."""
    number, places = whole(a, "what is shifted"), whole(by, "a shift")
    if number and number.bit_length() + places > MOST_BITS:
        raise too_large()
    work.spend(2 + number.bit_length() // 1000)
    if not number or places < 0:
        return Fraction(number >> min(-places, MOST_BITS + 1) if number else 0)
    return Fraction(number << places)


def _charge(a: Fraction, b: Fraction, work: Work) -> None:
    """Pay for an operation on both; with denominators, greatest common divisors are looked for."""
    size = (bits(a) + bits(b)) // 1000
    work.spend(3 + size * size // (10 if a.denominator == b.denominator == 1 else 1))
