"""What binary operators do, and how tightly they bind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from tools.workbench.calculator import exact, quantity
from tools.workbench.calculator.exact import NoValue, Work
from tools.workbench.calculator.quantity import Quantity, magnitude, plain, with_magnitude
from tools.workbench.calculator.units import NONE

# number: one that is written out; measure: such a number with its unit.
Kind = Literal["number", "percent", "unit", "measure", "other"]

LEVELS = {
    "|": 1, "xor": 2, "&": 3, "<<": 4, ">>": 4, "+": 5, "-": 5,
    "*": 6, "/": 6, "//": 6, "%": 6, "mod": 6, "of": 6, "per": 6,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Operand:
    value: Quantity
    kind: Kind = "other"


def apply(sign: str, left: Operand, right: Operand, work: Work) -> Operand:
    """What the operator gives.

    Raises:
        NoValue: nothing.
    """
    if sign in ("+", "-"):
        return _sum(sign, left, right, work)
    if sign == "/" and left.value.dimension == NONE and right.kind == "measure":
        # `1/2 km` is half a kilometre, though `100 km / 2 h` divides by two hours
        number = exact.divide(left.value.number, magnitude(right.value, work), work)
        return Operand(with_magnitude(number, right.value, work), "measure")
    return Operand(PRODUCTS[sign](left.value, right.value, work))


def _sum(sign: str, left: Operand, right: Operand, work: Work) -> Operand:
    a, b = left.value, right.value
    if right.kind == "percent" and left.kind != "percent":  # of what stands before it
        share = b.number if sign == "+" else -b.number
        grown = exact.add(Fraction(1), share, work)
        return Operand(quantity.multiply(a, Quantity(grown), work))
    run = quantity.add if sign == "+" else quantity.subtract
    return Operand(run(a, b, work), "percent" if left.kind == "percent" == right.kind else "other")


def _floor_divide(a: Quantity, b: Quantity, work: Work) -> Quantity:
    if a.dimension != b.dimension:
        raise NoValue("only what measures the same has a whole quotient")
    return Quantity(exact.floor(exact.divide(a.number, b.number, work), work))


def _modulo(a: Quantity, b: Quantity, work: Work) -> Quantity:
    if a.dimension != b.dimension:
        raise NoValue("only what measures the same has a remainder")
    return Quantity(exact.modulo(a.number, b.number, work), a.dimension, a.units)


def _shift(sign: int) -> Callable[[Quantity, Quantity, Work], Quantity]:
    def run(a: Quantity, b: Quantity, work: Work) -> Quantity:
        return Quantity(exact.shift(plain(a, "this"), sign * plain(b, "a shift"), work))

    return run


def _on_bits(run: Callable[[int, int], int]) -> Callable[[Quantity, Quantity, Work], Quantity]:
    def called(a: Quantity, b: Quantity, work: Work) -> Quantity:
        work.spend(5)
        first, second = (exact.whole(plain(q, "this"), "this") for q in (a, b))
        return Quantity(Fraction(run(first, second)))

    return called


PRODUCTS: Mapping[str, Callable[[Quantity, Quantity, Work], Quantity]] = {
    "*": quantity.multiply,
    "of": quantity.multiply,
    "/": quantity.divide,
    "per": quantity.divide,
    "//": _floor_divide,
    "%": _modulo,
    "mod": _modulo,
    "<<": _shift(1),
    ">>": _shift(-1),
    "&": _on_bits(lambda a, b: a & b),
    "|": _on_bits(lambda a, b: a | b),
    "xor": _on_bits(lambda a, b: a ^ b),
}
