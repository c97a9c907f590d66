"""A number as text: exact where that is short enough, else 15 digits."""

from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction

from tools.workbench.calculator import exact
from tools.workbench.calculator.exact import NoValue, Number, Work
from tools.workbench.calculator.parser import Answer
from tools.workbench.calculator.quantity import magnitude, plain, shown

SHORT = Context(prec=15)
MOST_DIGITS = 5_000  # of an integer that is written out
MOST_DECIMALS = 40
MOST_PART_BITS = 133  # of either part of a fraction that is written out: 40 digits
PREFIX = {"hex": "#x", "bin": "#b", "oct": "#o"}


@dataclass(frozen=True, slots=True)
class Written:
    value: str
    approximate: str | None  # to 15 digits, where `value` is exact and no short decimal
    unit: str | None
    exact: bool


def written(answer: Answer, work: Work) -> Written:
    """The answer in its units and in the style that was asked for.

    Raises:
        NoValue: it cannot be written in that style.
    """
    value, style = answer.value, answer.style
    if style is not None and style in PREFIX:
        integer = exact.whole(plain(value, "this"), "what is written in that base")
        exact_text = format(integer, PREFIX[style])
        if len(exact_text) > 4 * MOST_DIGITS:
            raise NoValue("that is too long to be written out")
        return Written(exact_text, None, None, True)
    unit = shown(value.units) if value.units else None
    number = magnitude(value, work)
    if style == "percent":
        number, unit = exact.multiply(plain(value, "this"), Fraction(100), work), "%"
    if isinstance(number, Decimal) or exact.bits(number) * 0.30103 > MOST_DIGITS:
        return Written(_short(exact.decimal(number, work)), None, unit, False)
    return _exact(number, unit, style, work)


def _exact(number: Fraction, unit: str | None, style: str | None, work: Work) -> Written:
    short = _short(exact.decimal(number, work))
    if number.denominator == 1:
        return Written(format(Decimal(number.numerator), "f"), None, unit, True)
    digits = None if style == "fraction" else _decimals(number)
    if digits is not None:
        return Written(digits, short if len(digits) > 18 else None, unit, True)
    if exact.bits(number) > MOST_PART_BITS:
        return Written(short, None, unit, False)
    fraction = f"{number.numerator}/{number.denominator}"
    return Written(fraction, None if style == "fraction" else short, unit, True)


def _decimals(number: Fraction) -> str | None:
    """The number as a decimal that ends, if it is one of few digits."""
    if exact.bits(number) > MOST_PART_BITS:
        return None
    twos = fives = 0
    rest = number.denominator
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    places = max(twos, fives)
    if rest > 1 or places > MOST_DECIMALS:
        return None
    return format(Decimal(int(number * 10**places)).scaleb(-places), "f")


def _short(number: Number) -> str:
    rounded = SHORT.plus(Decimal(number) if isinstance(number, Decimal) else Decimal(0))
    if not rounded:
        return "0"
    if -7 < rounded.adjusted() < 15:
        text = format(rounded, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa, _, exponent = format(rounded, "e").partition("e")
    return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{int(exponent)}"
