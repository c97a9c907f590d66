"""The functions that an expression may call, by name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import comb, factorial, gcd, lgamma, log, perm

from tools.workbench.calculator import curves, exact, quantity
from tools.workbench.calculator.exact import NoValue, Number, Work
from tools.workbench.calculator.quantity import Quantity, magnitude, with_magnitude

Run = Callable[[Sequence[Quantity], Work], Quantity]
ANY = 1_000
MOST_PLACES = 1_000  # that a number is rounded to


@dataclass(frozen=True, slots=True)
class Function:
    least: int  # arguments
    most: int
    run: Run


def _on_numbers(run: Callable[..., Number], least: int = 1, most: int = 1) -> Function:
    """Of plain numbers."""

    def called(given: Sequence[Quantity], work: Work) -> Quantity:
        return Quantity(run(*(quantity.plain(q, "this") for q in given), work))

    return Function(least, most, called)


def _on_integers(run: Callable[[list[int], Work], int], least: int, most: int) -> Function:
    def called(given: Sequence[Quantity], work: Work) -> Quantity:
        numbers = [exact.whole(quantity.plain(q, "this"), "this") for q in given]
        return Quantity(exact.checked(Fraction(run(numbers, work))))

    return Function(least, most, called)


def _on_angle(run: Callable[[Number, Work], Number]) -> Function:
    return Function(1, 1, lambda given, work: Quantity(run(quantity.radians(given[0], work), work)))


def _alike(run: Callable[[list[Number], Work], Number], least: int, most: int) -> Function:
    """Of quantities that measure the same, in the unit of the first."""

    def called(given: Sequence[Quantity], work: Work) -> Quantity:
        first = given[0]
        for q in given:
            work.spend(1 + (exact.bits(q.number) // 1000) ** 2 // 5)  # to compare it
            if q.dimension != first.dimension:
                raise NoValue("these do not measure the same thing")
        numbers = [magnitude(Quantity(q.number, q.dimension, first.units), work) for q in given]
        return with_magnitude(run(numbers, work), first, work)

    return Function(least, most, called)


def total(numbers: Sequence[Number], work: Work) -> Number:
    found: Number = Fraction(0)
    for number in numbers:
        found = exact.add(found, number, work)
    return found


def mean(numbers: Sequence[Number], work: Work) -> Number:
    return exact.divide(total(numbers, work), Fraction(len(numbers)), work)


def median(numbers: Sequence[Number], work: Work) -> Number:
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else mean(ordered[middle - 1 : middle + 1], work)


def hypotenuse(numbers: Sequence[Number], work: Work) -> Number:
    squares = [exact.multiply(number, number, work) for number in numbers]
    return curves.square_root(total(squares, work), work)


def rounded(number: Number, places: int, work: Work) -> Number:
    """To so many decimals; a half goes away from zero."""
    if abs(places) > MOST_PLACES:
        raise NoValue(f"a number is rounded to at most {MOST_PLACES} places")
    if isinstance(number, Decimal):
        if number.adjusted() + places > exact.DIGITS - 2:
            return number
        number = Fraction(number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))
    scale = Fraction(10) ** places
    scaled = exact.multiply(exact.absolute(number), scale, work)
    nearest = exact.floor(exact.add(scaled, Fraction(1, 2), work), work)
    return exact.divide(nearest if number >= 0 else -nearest, scale, work)


def factorial_of(n: int, work: Work) -> int:
    if n < 0:
        raise NoValue("only a number from 0 on has a factorial")
    size = n * n.bit_length() if n.bit_length() > 40 else lgamma(n + 1) / log(2)
    _afford(size, work)
    return factorial(n)


def combinations(n: int, k: int, work: Work) -> int:
    if min(n, k) < 0:
        raise NoValue("there is no choice of a negative number")
    k = min(k, n - k)
    if k < 0:
        return 0
    size: float = k * n.bit_length()
    if n.bit_length() <= 40:
        size = (lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)) / log(2)
    _afford(size, work)
    return comb(n, k)


def permutations(n: int, k: int, work: Work) -> int:
    if min(n, k) < 0:
        raise NoValue("there is no choice of a negative number")
    _afford(k * n.bit_length() if k <= n else 0, work)
    return perm(n, k)


def _afford(size: float, work: Work) -> None:
    """Pay for an integer of `size` bits.

    Raises:
        NoValue: it would be too large.
    """
    if size > exact.MOST_BITS:
        raise exact.too_large(round(size * 0.30103) if size < 1e18 else None)
    work.spend(5 + int(size / 1000) ** 2 // 2)


def common_divisor(numbers: Sequence[int], work: Work) -> int:
    for number in numbers:
        work.spend(1 + (2 * number.bit_length() // 1000) ** 2)
    return gcd(*numbers)


def common_multiple(numbers: Sequence[int], work: Work) -> int:
    found = 1
    for number in numbers:
        _afford(found.bit_length() + number.bit_length(), work)
        found = abs(found * number) // gcd(found, number) if number else 0
    return found


def _log(given: Sequence[Quantity], work: Work) -> Quantity:
    """To base 10, or another that is given."""
    x, *base = (quantity.plain(q, "this") for q in given)
    return Quantity(curves.logarithm_to(base[0] if base else Fraction(10), x, work))


def _round(given: Sequence[Quantity], work: Work) -> Quantity:
    places = quantity.plain(given[1], "the number of places") if len(given) > 1 else Fraction(0)
    number = rounded(magnitude(given[0], work), exact.whole(places, "the number of places"), work)
    return with_magnitude(number, given[0], work)


def _square_root(given: Sequence[Quantity], work: Work) -> Quantity:
    if given[0].number < 0:
        return Quantity(curves.square_root(given[0].number, work))
    return quantity.power(given[0], Fraction(1, 2), work)


def _cube_root(given: Sequence[Quantity], work: Work) -> Quantity:
    if given[0].number >= 0:
        return quantity.power(given[0], Fraction(1, 3), work)
    return quantity.negative(_cube_root([quantity.negative(given[0], work)], work), work)


def _power(given: Sequence[Quantity], work: Work) -> Quantity:
    return quantity.power(given[0], quantity.plain(given[1], "an exponent"), work)


def _ceiling(numbers: Sequence[Number], work: Work) -> Number:
    return -exact.floor(-numbers[0], work)


FUNCTIONS: Mapping[str, Function] = {
    "sqrt": Function(1, 1, _square_root),
    "cbrt": Function(1, 1, _cube_root),
    "pow": Function(2, 2, _power),
    "round": Function(1, 2, _round),
    "exp": _on_numbers(curves.exponential),
    "ln": _on_numbers(curves.logarithm),
    "log": Function(1, 2, _log),
    "log2": _on_numbers(lambda x, work: curves.logarithm_to(Fraction(2), x, work)),
    "log10": _on_numbers(lambda x, work: curves.logarithm_to(Fraction(10), x, work)),
    "sin": _on_angle(curves.sine),
    "cos": _on_angle(curves.cosine),
    "tan": _on_angle(curves.tangent),
    "asin": _on_numbers(curves.arcsine),
    "acos": _on_numbers(curves.arccosine),
    "atan": _on_numbers(curves.arctangent),
    "atan2": _on_numbers(curves.angle_of, 2, 2),
    "sinh": _on_numbers(curves.hyperbolic_sine),
    "cosh": _on_numbers(curves.hyperbolic_cosine),
    "tanh": _on_numbers(curves.hyperbolic_tangent),
    "asinh": _on_numbers(curves.area_sine),
    "acosh": _on_numbers(curves.area_cosine),
    "atanh": _on_numbers(curves.area_tangent),
    "degrees": _on_numbers(lambda x, work: exact.divide(x, curves.PI / 180, work)),
    "radians": _on_numbers(lambda x, work: exact.multiply(x, curves.PI / 180, work)),
    "factorial": _on_integers(lambda n, work: factorial_of(n[0], work), 1, 1),
    "comb": _on_integers(lambda n, work: combinations(n[0], n[1], work), 2, 2),
    "perm": _on_integers(lambda n, work: permutations(n[0], n[1], work), 2, 2),
    "gcd": _on_integers(common_divisor, 1, ANY),
    "lcm": _on_integers(common_multiple, 1, ANY),
    "abs": _alike(lambda x, _: exact.absolute(x[0]), 1, 1),
    "floor": _alike(lambda x, work: exact.floor(x[0], work), 1, 1),
    "ceil": _alike(_ceiling, 1, 1),
    "min": _alike(lambda x, _: min(x), 1, ANY),
    "max": _alike(lambda x, _: max(x), 1, ANY),
    "sum": _alike(total, 1, ANY),
    "mean": _alike(mean, 1, ANY),
    "average": _alike(mean, 1, ANY),
    "median": _alike(median, 1, ANY),
    "mod": _alike(lambda x, work: exact.modulo(x[0], x[1], work), 2, 2),
    "hypot": _alike(hypotenuse, 1, ANY),
}
