"""What a name means that is no function and was not assigned: a constant, or a unit."""

from collections.abc import Iterable
from difflib import get_close_matches
from fractions import Fraction

from tools.workbench.calculator.curves import PHI, PI, TAU, E
from tools.workbench.calculator.functions import FUNCTIONS
from tools.workbench.calculator.operators import LEVELS, Operand
from tools.workbench.calculator.quantity import Quantity
from tools.workbench.calculator.units import PLAIN, find_unit

CONVERTERS = ("in", "to", "as", "->")
STYLES = {
    "hex": "hex", "hexadecimal": "hex", "bin": "bin", "binary": "bin", "oct": "oct",
    "octal": "oct", "%": "percent", "percent": "percent", "fraction": "fraction",
    "decimal": "decimal",
}  # fmt: skip
CONSTANTS = {"pi": PI, "π": PI, "tau": TAU, "τ": TAU, "phi": PHI, "φ": PHI}


def is_word(name: str) -> bool:
    """Whether it is part of the grammar."""
    return name in CONVERTERS or name in LEVELS


def named(name: str) -> Operand | None:
    """The constant, or one of the unit.

    Raises:
        NoValue: it may be one of several units.
    """
    if name == "e":
        return Operand(Quantity(E))
    constant = CONSTANTS.get(name.lower())
    if constant is not None:
        return Operand(Quantity(constant))
    unit = find_unit(name)
    if unit is None:
        return None
    number = unit.factor
    if unit.offset is not None:
        number = Fraction(number) + unit.offset
    return Operand(Quantity(number, unit.dimension, ((unit, 1),)), "unit")


def unknown(name: str, variables: Iterable[str]) -> str:
    """What to say of a name that means nothing."""
    if name.lower() in FUNCTIONS:
        return f"expected `(` after {name}"
    known = [*variables, *FUNCTIONS, *CONSTANTS, *PLAIN]
    near = get_close_matches(name[:40], known, n=1)
    return f"nothing is called {name[:40]!r}" + (f"; is it {near[0]!r}?" if near else "")
