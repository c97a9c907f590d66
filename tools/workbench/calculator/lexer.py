"""An expression as a list of tokens."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from tools.workbench.calculator.exact import NoValue

Kind = Literal["number", "name", "operator", "end"]

MOST_EXPONENT = 10_000  # of ten, in a number that is written out
TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<based>0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+)
    |(?P<number>(?:[0-9][0-9_]*(?:,[0-9]+)*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?)
    |(?P<degrees>(?:°|deg(?:rees?)?\b)\s*(?:[CF]|[Cc]elsius|[Ff]ahrenheit)\b)
    |(?P<name>[^\W\d²³][^\W²³]*|°|′|″)
    |(?P<operator>\*\*|//|<<|>>|->|[-+*/%^!()=,;&|×÷⋅·−–√²³→])
    """,  # noqa: RUF001
    re.VERBOSE,
)
GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?\Z")
SAME = {"×": "*", "⋅": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "**": "^", "→": "->"}  # noqa: RUF001


@dataclass(frozen=True, slots=True)
class Token:
    kind: Kind
    text: str
    at: int  # characters before it
    value: Fraction = Fraction(0)  # of a number
    tight: bool = False  # nothing is between it and the token before


class Unreadable(NoValue):
    """As `NoValue`, at a place."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


def tokens(text: str) -> list[Token]:
    """The tokens of `text`, and two that say where it ends, so that one can be looked past.

    Raises:
        Unreadable: something in it is no token.
    """
    found: list[Token] = []
    calls: list[bool] = []  # for each open parenthesis, whether a function's arguments are in it
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise Unreadable(f"{text[at]!r} has no meaning here", at)
        kind, piece = str(match.lastgroup), match.group()
        if kind == "number" and "," in piece:
            piece = _grouped(piece, at, in_call=bool(calls) and calls[-1])
        if kind != "space":
            _follow(calls, piece, bool(found) and found[-1].kind == "name")
            tight = at > 0 and not text[at - 1].isspace()
            found.append(_token(kind, piece, at, tight))
        at += len(piece)
    end = Token("end", "", len(text))
    return [*found, end, end]


def _follow(calls: list[bool], piece: str, after_name: bool) -> None:
    if piece == "(":
        calls.append(after_name)
    elif piece == ")" and calls:
        calls.pop()


def _grouped(piece: str, at: int, *, in_call: bool) -> str:
    """As much of `piece` as is one number: between arguments, a comma separates them."""
    if in_call:
        return piece[: piece.index(",")]
    if not GROUPED.match(piece):
        raise Unreadable(f"{piece!r} is no number; decimals take a point", at)
    return piece


def _token(kind: str, piece: str, at: int, tight: bool) -> Token:
    if kind == "based":
        return Token("number", piece, at, Fraction(_integer(piece, at)), tight)
    if kind == "number":
        return Token("number", piece, at, _decimal(piece, at), tight)
    if kind == "degrees":
        return Token("name", "F" if "F" in piece.upper() else "C", at, tight=tight)
    if kind == "name":
        return Token("name", piece, at, tight=tight)
    return Token("operator", SAME.get(piece, piece), at, tight=tight)


def _integer(piece: str, at: int) -> int:
    try:
        return int(piece, 0)
    except ValueError as error:
        raise Unreadable(f"{piece!r} is no number", at) from error


def _decimal(piece: str, at: int) -> Fraction:
    if piece.isdigit():
        return Fraction(int(piece))
    mantissa, _, exponent = piece.replace(",", "").replace("_", "").lower().partition("e")
    if exponent and (len(exponent) > 9 or abs(int(exponent)) > MOST_EXPONENT):
        raise Unreadable("that exponent is too large", at)
    return Fraction(mantissa.rstrip(".") or "0") * Fraction(10) ** int(exponent or 0)
