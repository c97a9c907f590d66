"""A number with its unit: what may be added, multiplied and converted."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from tools.workbench.calculator import exact
from tools.workbench.calculator.curves import PI
from tools.workbench.calculator.exact import NoValue, Number, Work
from tools.workbench.calculator.units import BASES, NONE, PLAIN, Dimension, Unit, measure

Units = tuple[tuple[Unit, int], ...]  # and the power of each
MOST_POWER = 30  # of a base unit
ANGLE = PLAIN["deg"].dimension


@dataclass(frozen=True, slots=True)
class Quantity:
    number: Number  # in base units
    dimension: Dimension = NONE
    units: Units = ()  # that it is shown in; none: it is a plain number

    @property
    def is_point(self) -> bool:
        """Whether it is a temperature with a zero of its own, of which there is no double."""
        return any(unit.offset is not None for unit, _ in self.units)


def magnitude(q: Quantity, work: Work) -> Number:
    """The number in the units that it is shown in."""
    number = q.number
    for unit, n in q.units:
        if unit.offset is not None:
            number = exact.subtract(number, unit.offset, work)
        number = exact.divide(number, exact.power(unit.factor, Fraction(n), work), work)
    return number


def with_magnitude(number: Number, like: Quantity, work: Work) -> Quantity:
    """`number` in the units of `like`."""
    for unit, n in like.units:
        number = exact.multiply(number, exact.power(unit.factor, Fraction(n), work), work)
        if unit.offset is not None:
            number = exact.add(number, unit.offset, work)
    return replace(like, number=number)


def plain(q: Quantity, what: str) -> Number:
    """The number of a quantity that has no unit.

    Raises:
        NoValue: it has one.
    """
    if q.dimension != NONE:
        raise NoValue(f"{what} must be a plain number, not a {measure(q.dimension)}")
    return q.number


def radians(q: Quantity, work: Work) -> Number:
    """An angle; a plain number is one in radians."""
    if q.dimension == ANGLE:
        return exact.multiply(q.number, PI / 180, work) if q.number else q.number
    return plain(q, "an angle")


def negative(q: Quantity, work: Work) -> Quantity:
    if q.is_point:
        return with_magnitude(-magnitude(q, work), q, work)
    return replace(q, number=-q.number)


def add(a: Quantity, b: Quantity, work: Work) -> Quantity:
    _same(a, b, "added")
    if a.is_point and b.is_point:
        raise NoValue("two temperatures cannot be added; give the difference in K")
    return replace(b if b.is_point else a, number=exact.add(a.number, b.number, work))


def subtract(a: Quantity, b: Quantity, work: Work) -> Quantity:
    _same(a, b, "subtracted")
    number = exact.subtract(a.number, b.number, work)
    if b.is_point:
        if not a.is_point:
            raise NoValue("a temperature cannot be taken from a difference of two")
        units = tuple((replace(unit, offset=None), n) for unit, n in a.units)
        return Quantity(number, a.dimension, units)
    return replace(a, number=number)


def _same(a: Quantity, b: Quantity, verb: str) -> None:
    if a.dimension != b.dimension:
        raise NoValue(f"{measure(a.dimension)} and {measure(b.dimension)} cannot be {verb}")


def multiply(a: Quantity, b: Quantity, work: Work) -> Quantity:
    if a.is_point or b.is_point:
        raise NoValue("a temperature in °C or °F cannot be multiplied; convert it to K first")
    number = exact.multiply(a.number, b.number, work)
    powers = zip(a.dimension, b.dimension, strict=True)
    return _made(number, [m + n for m, n in powers], (*a.units, *b.units))


def divide(a: Quantity, b: Quantity, work: Work) -> Quantity:
    if not b.number:
        raise NoValue("there is no division by zero")
    return multiply(a, power(b, Fraction(-1), work), work)


def power(a: Quantity, n: Number, work: Work) -> Quantity:
    number = exact.power(a.number, n, work)
    if a.dimension == NONE:
        return Quantity(number)
    if a.is_point:
        raise NoValue("a temperature in °C or °F has no powers; convert it to K first")
    if isinstance(n, Decimal) or abs(n) > MOST_POWER:
        raise NoValue("a unit has only small whole powers and roots")
    raised = [n * m for m in a.dimension]
    if any(m.denominator != 1 for m in raised):
        raise NoValue(f"a {measure(a.dimension)} has no such root")
    units = [(unit, n * m) for unit, m in a.units]
    if any(m.denominator != 1 for _, m in units):
        units = []
    return _made(number, map(int, raised), [(unit, int(m)) for unit, m in units])


def convert(q: Quantity, target: Quantity, work: Work) -> Quantity:
    """`q` in the units of `target`, whose number says nothing."""
    if q.dimension == NONE and target.dimension == ANGLE:
        q = Quantity(exact.divide(q.number, PI / 180, work), ANGLE)
    if q.dimension != target.dimension:
        raise NoValue(
            f"{measure(q.dimension)} cannot be converted to {shown(target.units)}, "
            f"which is {measure(target.dimension)}"
        )
    return replace(q, units=target.units)


def shown(units: Units) -> str:
    """Such as `kg*m/s^2`."""
    above = [_raised(unit.symbol, n) for unit, n in units if n > 0]
    below = [_raised(unit.symbol, -n) for unit, n in units if n < 0]
    return "/".join(["*".join(above) or "1", *below]) if units else "a plain number"


def _raised(symbol: str, n: int) -> str:
    return symbol if n == 1 else f"{symbol}^{n}"


def _made(number: Number, powers: Iterable[int], units: Iterable[tuple[Unit, int]]) -> Quantity:
    dimension = tuple(powers)
    if max(map(abs, dimension)) > MOST_POWER:
        raise NoValue("no unit has such a power")
    if dimension == NONE:
        return Quantity(number)
    merged = _merged(units)
    return Quantity(number, dimension, merged or _base_units(dimension))


def _merged(units: Iterable[tuple[Unit, int]]) -> Units:
    """One unit for each thing that is measured: the first of them."""
    powers: dict[Dimension, tuple[Unit, int]] = {}
    for unit, n in units:
        first, before = powers.get(unit.dimension, (unit, 0))
        powers[unit.dimension] = first, before + n
    return tuple((unit, n) for unit, n in powers.values() if n)


def _base_units(dimension: Dimension) -> Units:
    """`kg` is a gram with a prefix, so it is made here."""
    found: list[tuple[Unit, int]] = []
    for base, n in zip(BASES, dimension, strict=True):
        if n:
            one = tuple(int(base == other) for other in BASES)
            found.append((Unit(base, Fraction(1), one), n))
    return tuple(found)
