"""Expressions made to hang: each ends, in a bounded number of steps."""

import math
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pointsman.errors import InvalidInput
from tools.workbench.calculator.exact import MOST_WORK, Work
from tools.workbench.calculator.tool import calculate

HOSTILE = [
    "9**9**9",
    "10**10**10",
    "2**2**2**2**2**2",
    "9^9^9^9^9^9^9^9^9",
    "(9**99)**9999",
    "factorial(10**6)",
    "factorial(10**400)",
    "1000000!",
    "5000! * 5000! * 5000!",
    "1 << 10**9",
    "1 << 1 << 1 << 66000",
    "comb(10**9, 10**8)",
    "comb(10**300, 10**299)",
    "perm(10**6, 10**5)",
    "lcm(" + ",".join(f"{n}**90" for n in range(2, 200)) + ")",
    "1e999999999",
    "1e99999",
    "9" * 2000 + "**" + "9" * 6,
    "exp(10**9)",
    "exp(exp(exp(10)))",
    "1.5**(10**12)",
    "2.0000001**1e15 * 1.1**1e15",
    "sin(10**5000)",
    "tan(1e31)",
    "round(1, 10**9)",
    "round(1/3, 10**30)",
    "(" * 1000 + "1" + ")" * 1000,
    "(" * 2000,
    "sqrt(" * 300 + "2" + ")" * 300,
    "2^" * 900 + "2",
    "√" * 2000,
    "a=9**9;" + "a=a*a;" * 200 + "a",
    "a=1/3;" + "a=a*a+1/7;" * 150 + "a",
    "a=9**6000/7**6000;" + "a+a/3+" * 200 + "a",
    "km^" + "9" * 50,
    "(km^30)*(km^30)",
    "mod(10**19000, pi)",
    "1" + "%" * 1999,
    "=" * 2000,
    ";" * 2000,
    "in " * 600,
    "x" * 2000,
    "+".join("zzzzzzzz" for _ in range(200)),
]
LARGE = "a = 7^20000 - 1; b = 5^25000; c = 3^20000 / 7^20000; "  # each takes a millisecond or more
EACH = [
    "gcd(a, b)", "lcm(a, 1)", "sqrt(a)", "cbrt(a)", "log(a)", "a * a / a", "a / 3 / b", "c + 1/b",
    "c * c / c", "floor(c)", "a % 10007", "max(a, a-1, c)", "median(a, b, c)", "round(c, 9)",
    "1.5^(1/a)", "sin(1/a)", "a!", "c^0.5", "c m in km", "comb(a, 2)", "a // b", "mean(a, b, c)",
]  # fmt: skip
CHEAP = [
    "1" + "+1" * 999,
    "-" * 1999 + "1",
    "1|1 xor 1&1<<1+1*(" * 49 + "1" + ")" * 49,
    "2^-sqrt(" * 24 + "4" + ")" * 24,
    "5!",
    "+".join(f"1/{n}" for n in range(1, 250)),
    "*".join(f"sin({n})" for n in range(1, 200)),
    "2^0.5*" * 80 + "1",
    "1 h 1 s " * 200,
    "km " * 29 + "in m^29",
    "min(" + ",".join("1" for _ in range(900)) + ")",
    "a=1/7;" + "a=a+1/11;" * 190 + "a",
]


@pytest.mark.parametrize("expression", HOSTILE, ids=[e[:24] for e in HOSTILE])
def test_an_expression_made_to_hang_is_refused_at_once(expression: str) -> None:
    with pytest.raises(InvalidInput):
        calculate(expression)


@pytest.mark.parametrize("expression", CHEAP, ids=[e[:24] for e in CHEAP])
def test_a_long_but_harmless_expression_has_a_result(expression: str) -> None:
    assert calculate(expression).value


@pytest.mark.parametrize("each", EACH)
def test_large_numbers_are_charged_for_in_every_operation(each: str) -> None:
    many = (2000 - len(LARGE)) // (len(each) + 3)
    with pytest.raises(InvalidInput):
        calculate(LARGE + "; ".join([each] * many))


def test_work_is_counted_before_it_is_done() -> None:
    work = Work()
    work.spend(MOST_WORK)
    with pytest.raises(Exception, match="too much work"):
        work.spend(1)


numbers = st.fractions(min_value=-1000, max_value=1000, max_denominator=1000)


def written(number: Fraction) -> str:
    return f"({number.numerator}/{number.denominator})"


def value(text: str) -> Fraction:
    found = calculate(text + " in fraction")
    assert found.exact
    return Fraction(found.value)


@settings(deadline=None)
@given(numbers, numbers, numbers)
def test_arithmetic_is_that_of_fractions(a: Fraction, b: Fraction, c: Fraction) -> None:
    x, y, z = written(a), written(b), written(c)
    assert value(f"{x} + {y} * {z} - {x}*{x}") == a + b * c - a * a
    assert value(f"-{x} - ({y} - {z})") == -a - (b - c)
    if c:
        assert value(f"{x} + {y} / {z}") == a + b / c
        assert value(f"{x} // {z}") == a // c
        assert value(f"mod({x}, {z})") == a % c
        assert value(f"{z}^-3") == c**-3


@settings(deadline=None)
@given(numbers)
def test_rounding_is_to_the_nearest_and_halves_go_outwards(a: Fraction) -> None:
    assert value(f"floor({written(a)})") == math.floor(a)
    assert value(f"ceil({written(a)})") == math.ceil(a)
    half = Fraction(1, 2)
    outwards = math.floor(a + half) if a >= 0 else math.ceil(a - half)
    assert value(f"round({written(a)})") == outwards


@settings(deadline=None)
@given(st.integers(0, 10**40), st.integers(2, 7))
def test_a_root_that_is_whole_is_found(a: int, n: int) -> None:
    assert value(f"({a}^{n})^(1/{n})") == a


@settings(deadline=None)
@given(st.floats(-300, 300))
@example(0.0)
@example(1e-12)
@example(-1e-300)
def test_functions_agree_with_those_of_floats(x: float) -> None:
    for name in ("sin", "cos", "atan", "sinh", "cosh", "tanh", "asinh", "exp"):
        expected = getattr(math, name)(x)
        found = float(calculate(f"{name}({x!r})").value.partition("/")[0])
        assert math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12)


def result_or_refusal(text: str) -> str:
    try:
        return calculate(text).value
    except InvalidInput as error:
        return error.message


@settings(deadline=None)
@given(st.text(alphabet="0123456789.+-*/%^!()=,; kmeinpi<>&|√²", max_size=60))
def test_any_expression_has_a_result_or_is_refused(text: str) -> None:
    assert result_or_refusal(text)


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_at_all_has_a_result_or_is_refused(text: str) -> None:
    assert result_or_refusal(text)
