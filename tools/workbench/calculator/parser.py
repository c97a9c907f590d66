"""Reads an expression and works it out as it goes: no tree is built, nothing is ever run."""

import re
from dataclasses import dataclass
from fractions import Fraction

from tools.workbench.calculator import exact, quantity
from tools.workbench.calculator.cursor import Cursor
from tools.workbench.calculator.exact import NoValue, Work
from tools.workbench.calculator.functions import FUNCTIONS, factorial_of
from tools.workbench.calculator.lexer import Token, Unreadable, tokens
from tools.workbench.calculator.names import CONVERTERS, STYLES, is_word, named, unknown
from tools.workbench.calculator.operators import LEVELS, Operand, apply
from tools.workbench.calculator.quantity import Quantity
from tools.workbench.calculator.units import find_unit

ASKED = re.compile(r"\A\s*(?:what(?:'s| is)|calculate|compute|convert|evaluate)\s", re.I)
TIMES = re.compile(r"(?<=[0-9)] )[xX](?= [0-9(.-])")


@dataclass(frozen=True, slots=True)
class Answer:
    value: Quantity
    style: str | None = None  # how the number is to be written, if that was said


def evaluate(text: str, work: Work) -> Answer:
    """What the last of the statements in `text` comes to.

    Raises:
        NoValue: why it comes to nothing; as `Unreadable`, where that is known to be in one place.
    """
    if "=" not in text.rstrip(" ="):
        text = TIMES.sub("*", text)
    text = ASKED.sub(lambda match: " " * len(match.group()), text, count=1)
    return Parser(tokens(text.rstrip(" =?\n\t").replace("\n", ";")), work).answer()


class Parser:
    def __init__(self, found: list[Token], work: Work) -> None:
        self._at = Cursor(found)
        self._work = work
        self._divides = False  # what is read next is divided by
        self._variables: dict[str, Quantity] = {}
        self._style: str | None = None

    def answer(self) -> Answer:
        if not self._at.token.text:
            raise Unreadable("there is nothing to work out", 0)
        while True:
            value = self._statement()
            while self._at.take(";"):
                pass
            if not self._at.token.text:
                return Answer(value, self._style)

    # --- statements ---------------------------------------------------------------------------

    def _statement(self) -> Quantity:
        name = self._at.token
        assigned = name.kind == "name" and self._at.after.text == "="
        if assigned:
            if name.text in (*CONVERTERS, *LEVELS):
                raise Unreadable(f"{name.text!r} cannot be a name", name.at)
            self._at.step()
            self._at.step()
        value = self._conversion().value
        if self._at.token.text != ";" and self._at.token.kind != "end":
            raise self._at.unexpected("an operator")
        if assigned:
            self._variables[name.text] = value
        return value

    def _conversion(self) -> Operand:
        left = self._binary(1)
        style = None
        while self._at.token.text in CONVERTERS:
            self._at.step()
            target = self._at.token
            style = STYLES.get(target.text)
            if style is not None:
                self._at.step()
                continue
            unit = self._target()
            left = Operand(self._at.do(target, quantity.convert, left.value, unit, self._work))
        if not self._at.depth:
            self._style = style
        return left

    def _target(self) -> Quantity:
        value = self._target_power()
        while True:
            sign = self._at.token
            if sign.text in ("/", "*", "per"):
                self._at.step()
                run = quantity.multiply if sign.text == "*" else quantity.divide
                value = self._at.do(sign, run, value, self._target_power(), self._work)
            elif sign.kind == "name" and sign.text not in CONVERTERS:
                value = self._at.do(
                    sign, quantity.multiply, value, self._target_power(), self._work
                )
            else:
                return value

    def _target_power(self) -> Quantity:
        token = self._at.token
        if token.kind != "name" or self._at.do(token, find_unit, token.text) is None:
            raise self._at.unexpected("a unit to convert to")
        return self._power().value

    # --- operators ----------------------------------------------------------------------------

    def _binary(self, least: int) -> Operand:
        left = self._signed()
        while (level := LEVELS.get(self._at.token.text, 0)) >= least:
            sign = self._at.token
            self._at.step()
            self._divides = sign.text == "/"
            right = self._binary(level + 1)
            left = self._at.do(sign, apply, sign.text, left, right, self._work)
        return left

    def _signed(self) -> Operand:
        minus = self._minus()
        value = self._joined()
        if not minus:
            return value
        return Operand(quantity.negative(value.value, self._work), value.kind)

    def _minus(self) -> bool:
        minus = False
        while self._at.token.text in ("+", "-"):
            minus ^= self._at.token.text == "-"
            self._at.step()
        return minus

    def _joined(self) -> Operand:
        """Operands side by side: `2 pi`, `3(4+1)`, `5 km`, `3 h 20 min`."""
        divides, self._divides = self._divides, False
        left = self._power()
        while self._is_joined(left):
            token = self._at.token
            if token.text == "/":
                left = self._compound(left)
                continue
            if token.kind == "number":
                more = self._measure()
                total = self._at.do(token, quantity.add, left.value, more, self._work)
                left = Operand(total, "measure")
                continue
            right = self._power()
            if divides and right.kind != "unit":
                raise Unreadable("write parentheses around what is divided by", token.at)
            left = self._at.do(token, self._join, left, right)
        return left

    def _compound(self, left: Operand) -> Operand:
        """A measure whose unit is written as a quotient: `4 GB / 50 MB/s` is 80 s."""
        sign = self._at.step()
        below = self._power()
        while self._is_unit(self._at.token):
            below = self._at.do(sign, self._join, below, self._power())
        value = self._at.do(sign, quantity.divide, left.value, below.value, self._work)
        return Operand(value, "measure")

    def _is_unit(self, token: Token) -> bool:
        if token.kind != "name" or is_word(token.text) or token.text in self._variables:
            return False
        found = self._at.do(token, named, token.text)
        return found is not None and found.kind == "unit"

    def _is_joined(self, left: Operand) -> bool:
        token, after = self._at.token, self._at.after
        if token.text == "/":
            tight = token.tight and after.tight
            return left.kind == "measure" and tight and self._is_unit(after)
        if token.kind == "number":
            return left.kind == "measure" and after.kind == "name" and after.text not in LEVELS
        if token.text == "in":
            return left.kind == "number" and not self._starts_operand(after)
        return token.text == "(" or (token.kind == "name" and not is_word(token.text))

    def _starts_operand(self, token: Token) -> bool:
        if token.kind == "name":
            return not is_word(token.text)
        return token.kind == "number" or token.text in ("(", "√", "%")

    def _measure(self) -> Quantity:
        number = self._power()
        token = self._at.token
        return self._at.do(token, self._join, number, self._power()).value

    def _join(self, left: Operand, right: Operand) -> Operand:
        if right.kind != "unit":
            return Operand(quantity.multiply(left.value, right.value, self._work))
        if right.value.is_point:
            number = quantity.plain(left.value, "what stands before °C or °F")
            value = quantity.with_magnitude(number, right.value, self._work)
        else:
            value = quantity.multiply(left.value, right.value, self._work)
        kept = left.kind in ("measure", "unit")
        return Operand(
            value, left.kind if kept else "measure" if left.kind == "number" else "other"
        )

    def _power(self) -> Operand:
        base = self._postfix()
        sign = self._at.token
        if not self._at.take("^"):
            return base
        exponent = self._at.inside(sign, self._exponent, closed=False)
        number = self._at.do(sign, quantity.plain, exponent, "an exponent")
        value = self._at.do(sign, quantity.power, base.value, number, self._work)
        return Operand(value, "unit" if base.kind == "unit" else "other")

    def _exponent(self) -> Quantity:
        minus = self._minus()
        value = self._power().value
        return quantity.negative(value, self._work) if minus else value

    def _postfix(self) -> Operand:
        value = self._primary()
        while True:
            sign = self._at.token
            if sign.text in ("²", "³"):
                n = Fraction(2 if sign.text == "²" else 3)
                raised = self._at.do(sign, quantity.power, value.value, n, self._work)
                value = Operand(raised, "unit" if value.kind == "unit" else "other")
            elif sign.text == "!":
                value = Operand(Quantity(self._at.do(sign, self._factorial, value.value)))
            elif sign.text == "%" and not self._starts_operand(self._at.after):
                share = self._at.do(sign, quantity.plain, value.value, "a percentage")
                value = Operand(Quantity(exact.divide(share, Fraction(100), self._work)), "percent")
            else:
                return value
            self._at.step()

    def _factorial(self, of: Quantity) -> Fraction:
        if self._at.after.text == "!":
            raise NoValue("write (n!)! for the factorial of a factorial")
        number = exact.whole(quantity.plain(of, "this"), "what has a factorial")
        return Fraction(factorial_of(number, self._work))

    # --- operands -----------------------------------------------------------------------------

    def _primary(self) -> Operand:
        token = self._at.token
        if token.kind == "number":
            self._at.step()
            self._work.spend(1 + len(token.text) // 20)
            return Operand(Quantity(exact.checked(token.value)), "number")
        if token.text == "(":
            self._at.step()
            return Operand(self._at.inside(token, self._conversion).value)
        if token.text == "√":
            self._at.step()
            under = self._at.inside(token, self._postfix, closed=False)
            return Operand(self._at.do(token, FUNCTIONS["sqrt"].run, [under.value], self._work))
        if token.kind == "name" and (token.text not in LEVELS or token.text in FUNCTIONS):
            self._at.step()
            return self._named(token)
        raise self._at.unexpected("a number")

    def _named(self, token: Token) -> Operand:
        if self._at.token.text == "(" and token.text.lower() in FUNCTIONS:
            return Operand(self._call(token))
        if token.text in self._variables:
            return Operand(self._variables[token.text])
        found = self._at.do(token, named, token.text)
        if found is None:
            raise Unreadable(unknown(token.text, [*self._variables]), token.at)
        return found

    def _call(self, name: Token) -> Quantity:
        function = FUNCTIONS[name.text.lower()]
        given = self._at.inside(name, self._arguments)
        if not function.least <= len(given) <= function.most:
            most = "" if function.most == function.least else f" to {function.most}"
            wanted = "at least 1" if function.most > 9 else f"{function.least}{most}"
            raise Unreadable(f"{name.text} takes {wanted}, not {len(given)} numbers", name.at)
        return self._at.do(name, function.run, given, self._work)

    def _arguments(self) -> list[Quantity]:
        self._at.step()
        if self._at.token.text == ")":
            return []
        given = [self._conversion().value]
        while self._at.take(","):
            given.append(self._conversion().value)
        return given
