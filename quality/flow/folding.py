"""What operators give: constants are computed, texts put together, taint goes on."""

import ast
import operator
from collections.abc import Callable, Iterable
from string import Formatter
from typing import Any

from quality.flow.taints import built
from quality.flow.values import (
    MANY,
    NUMBER,
    NUMBERS,
    UNKNOWN,
    Scalar,
    Value,
    join_taints,
)

MOST_TEXT = 2000  # characters of a constant that are followed
MOST_BITS = 128  # of a number
MOST_PARTS = 24  # of a text
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.RShift: operator.rshift,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: lambda a, b: a is b or (type(a) is type(b) and a == b),
    ast.IsNot: lambda a, b: not (a is b or (type(a) is type(b) and a == b)),
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}


def known(consts: Iterable[object]) -> Value | None:
    """A value that is one of these; None: they are no constants that are followed."""
    found: list[Scalar] = []
    for const in consts:
        if not _small(const) or len(found) >= MANY:
            return None
        if not any(type(const) is type(old) and const == old for old in found):
            found.append(const)  # type: ignore[arg-type]  # _small looked
    if not found:
        return None
    return Value((), tuple(found), f"builtins.{type(found[0]).__name__}")


def _small(const: object) -> bool:
    if isinstance(const, str | bytes):
        return len(const) <= MOST_TEXT
    if isinstance(const, int):
        return const.bit_length() <= MOST_BITS
    return const is None or isinstance(const, float)


def combine(a: Value, b: Value, compute: Callable[[Any, Any], object]) -> Value | None:
    """What `compute` gives for all constants that both may be; None: that is not known."""
    if a.consts is None or b.consts is None or len(a.consts) * len(b.consts) > MANY * 2:
        return None
    results: list[object] = []
    for left in a.consts:
        for right in b.consts:
            try:
                results.append(compute(left, right))
            except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError):
                continue  # such a program would fail here
    return known(results)


def binary(op: ast.operator, a: Value, b: Value) -> Value:
    """`a op b`."""
    kind = type(op)
    compute = _OPERATORS.get(kind)
    if kind is ast.Mult and not (_is_small_number(a) and _is_small_number(b)):
        compute = _repeat if a.consts and b.consts else None
    if compute and (found := combine(a, b, compute)):
        return found
    if kind is ast.Add:
        return add(a, b)
    if a.type in NUMBERS and b.type in NUMBERS:
        return NUMBER
    kept = a.type if kind in (ast.Mod, ast.Mult, ast.Div) and a.type not in NUMBERS else None
    return Value(built(join_taints(a.taints, b.taints)), type=kept, safe=a.safe and b.safe)


def _is_small_number(value: Value) -> bool:
    return value.consts is not None and all(isinstance(c, int | float) for c in value.consts)


def _repeat(a: Any, b: Any) -> object:
    size = max(a if isinstance(a, int) else len(a), b if isinstance(b, int) else len(b))
    if size > MOST_TEXT:
        raise ValueError("too long")
    return a * b


def compare(op: ast.cmpop, a: Value, b: Value) -> Value | None:
    return combine(a, b, _COMPARISONS[type(op)])


def add(a: Value, b: Value) -> Value:
    if a.type in NUMBERS and b.type in NUMBERS:
        return NUMBER
    if a.type in ("builtins.bytes", "builtins.bytearray"):
        return Value(built(join_taints(a.taints, b.taints)), type=a.type)
    return text((a, b))


def text(pieces: Iterable[Value]) -> Value:
    """The text of these pieces, one behind the other."""
    parts: list[str | Value] = []
    taints = UNKNOWN.taints
    safe = True
    for piece in pieces:
        taints = join_taints(taints, piece.taints)
        safe = safe and (piece.safe or piece.consts is not None)
        for each in _pieces(piece):
            if isinstance(each, str) and parts and isinstance(last := parts[-1], str):
                parts[-1] = last + each
            else:
                parts.append(each)
    if all(isinstance(part, str) for part in parts):
        return known(["".join(str(part) for part in parts)]) or Value(type="builtins.str")
    if len(parts) > 1:
        taints = built(taints)
    kept = tuple(parts) if len(parts) <= MOST_PARTS else None
    return Value(taints, type="builtins.str", parts=kept, safe=safe)


def _pieces(piece: Value) -> Iterable[str | Value]:
    if piece.parts is not None:
        return piece.parts
    if piece.consts is not None and len(piece.consts) == 1:
        const = piece.consts[0]
        return (const,) if isinstance(const, str) else (str(const),)
    return (piece,)


def percent(pattern: Value, values: list[Value]) -> Value | None:
    """`pattern % values`, where the pattern is one constant; None: it is not."""
    fixed = _fixed(pattern)
    if fixed is None:
        return None
    pieces: list[Value] = []
    rest = list(values)
    at = 0
    while (start := fixed.find("%", at)) >= 0 and start + 1 < len(fixed):
        pieces.append(_text(fixed[at:start]))
        end = start + 1
        while end < len(fixed) - 1 and fixed[end] in "#0- +.123456789":
            end += 1
        at = end + 1
        if fixed[end] == "%":
            pieces.append(_text("%"))
        elif fixed[end] == "(":
            return None
        else:
            pieces.append(_converted(fixed[end], rest.pop(0) if rest else UNKNOWN))
    return text([*pieces, _text(fixed[at:])])


def _converted(letter: str, value: Value) -> Value:
    return value if letter in "srac" or value.consts is not None else NUMBER


def formatted(pattern: Value, args: list[Value], keywords: dict[str, Value]) -> Value | None:
    """`pattern.format(*args, **keywords)`, where the pattern is one constant; None: it is not."""
    fixed = _fixed(pattern)
    if fixed is None:
        return None
    pieces: list[Value] = []
    count = 0
    for field in _fields(fixed):
        if isinstance(field, str):
            pieces.append(_text(field))
            continue
        name, spec = field
        first = name.split(".")[0].split("[")[0]
        if not first:
            first, count = str(count), count + 1
        if first.isdigit():
            value = args[int(first)] if int(first) < len(args) else UNKNOWN
        else:
            value = keywords.get(first, UNKNOWN)
        pieces.append(NUMBER if spec[-1:] in "dxXeEfFgG%" and spec else value)
    return text(pieces)


def _fields(fixed: str) -> Iterable[str | tuple[str, str]]:
    try:
        for literal, name, spec, _ in Formatter().parse(fixed):
            yield literal
            if name is not None:
                yield name, spec or ""
    except ValueError:
        yield fixed


def _fixed(pattern: Value) -> str | None:
    match pattern.consts:
        case (str(fixed),) if len(fixed) <= MOST_TEXT:
            return fixed
    return None


def _text(fixed: str) -> Value:
    return Value((), (fixed,), "builtins.str")


def sliced(value: Value, start: int | None, stop: int | None, step: int | None) -> Value | None:
    """`value[start:stop:step]` of a text, where that can be told from its constant parts."""
    if value.consts is not None:
        return known(
            const[start:stop:step] for const in value.consts if isinstance(const, str | bytes)
        )
    if value.parts is None or step not in (None, 1):
        return None
    first, last = value.parts[0], value.parts[-1]
    if isinstance(first, str) and stop is not None and 0 <= stop <= len(first):
        if start is None or start >= 0:
            return known([first[start:stop]])
    elif isinstance(last, str) and start is not None and -len(last) <= start < 0:
        return known([last[start:stop]]) if stop is None or stop < 0 else None
    return _rest(value.parts, first, start) if stop is None else None


def _rest(parts: tuple[str | Value, ...], first: str | Value, start: int | None) -> Value | None:
    if isinstance(first, str) and start is not None and 0 <= start <= len(first):
        return text(
            [_text(first[start:]), *(p if isinstance(p, Value) else _text(p) for p in parts[1:])]
        )
    return None
