"""Texts and bytes: what their escapes mean, what stands beside another, what is put into them."""

import ast
import re
import unicodedata

from tree_sitter import Node

from quality.python.reading import LOAD, Reading, Unreadable, at, field, parts, text

_ESCAPE = re.compile(
    r"\\(?:\n|([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|N\{([^}]*)\}|(.))",
    re.DOTALL,
)
_BYTES_ESCAPE = re.compile(rb"\\(?:\n|([0-7]{1,3})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_BRACES = re.compile(r"(\\N\{[^}]*\})|\{\{|\}\}")
_PLAIN = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "'": "'",
    '"': '"',
}


def string(reading: Reading, node: Node) -> ast.expr:
    """A `string` node."""
    return _joined(reading, [node], node)


def concatenated(reading: Reading, node: Node) -> ast.expr:
    return _joined(reading, [part for part in parts(node) if part.type == "string"], node)


def _joined(reading: Reading, strings: list[Node], whole: Node) -> ast.expr:
    values: list[ast.expr] = []
    formatted = False
    for each in strings:
        prefix = _prefix(each)
        if prefix == "`":
            return _repr(reading, each)
        if "f" in prefix or "t" in prefix:
            formatted = True
            values += _formatted(reading, each, raw="r" in prefix)
        else:
            values.append(_literal(reading, each, prefix))
    values = _merged(values)
    if formatted:
        kept = [v for v in values if not (isinstance(v, ast.Constant) and v.value == "")]
        return ast.JoinedStr(kept, **at(whole))
    only = values[0]
    if not isinstance(only, ast.Constant) or len(values) > 1:
        raise Unreadable("texts beside bytes")
    kind = "u" if _prefix(strings[0]) == "u" else None
    return ast.Constant(only.value, kind, **at(whole))


def _prefix(node: Node) -> str:
    return text(node.children[0]).rstrip("\"'").lower()


def _inside(node: Node) -> tuple[int, int]:
    """From and to which byte the text between the quotes stands.

    Raises:
        Unreadable: the text has no end.
    """
    first, last = node.children[0], node.children[-1]
    if last.type != "string_end":
        raise Unreadable("a text without end")
    # The grammar may count a backslash before it to the end
    quotes = len((first.text or b"").lstrip(b"bBrRuUfFtT"))
    return first.end_byte, last.end_byte - quotes


def _literal(reading: Reading, node: Node, prefix: str) -> ast.Constant:
    start, end = _inside(node)
    inside = reading.source[start:end]
    if "b" in prefix:
        return ast.Constant(inside if "r" in prefix else _unescaped_bytes(inside), **at(node))
    decoded = inside.decode(errors="replace")
    return ast.Constant(decoded if "r" in prefix else unescaped(decoded), **at(node))


def unescaped(written: str) -> str:
    """The text that a literal without `r` stands for."""
    return _ESCAPE.sub(_character, written) if "\\" in written else written


def _character(match: re.Match[str]) -> str:
    octal, two, four, eight, name, other = match.groups()
    try:
        if octal:
            return chr(int(octal, 8))
        if digits := two or four or eight:
            return chr(int(digits, 16))
        if name is not None:
            return unicodedata.lookup(name)
    except (KeyError, ValueError):
        return match[0]  # no such character: Python refuses it, we need not
    return "" if other is None else _PLAIN.get(other, match[0])


def _unescaped_bytes(written: bytes) -> bytes:
    def byte(match: re.Match[bytes]) -> bytes:
        octal, two, other = match.groups()
        if octal or two:
            return bytes([(int(octal, 8) if octal else int(two, 16)) & 255])
        if other is None:
            return b""
        plain = _PLAIN.get(other.decode("latin-1"))
        return plain.encode() if plain else match[0]

    return _BYTES_ESCAPE.sub(byte, written) if b"\\" in written else written


def _formatted(reading: Reading, node: Node, *, raw: bool) -> list[ast.expr]:
    holes = [part for part in node.children if part.type == "interpolation"]
    return _pieces(reading, holes, _inside(node), raw=raw, near=node)


def _pieces(
    reading: Reading, holes: list[Node], inside: tuple[int, int], *, raw: bool, near: Node
) -> list[ast.expr]:
    """What stands in a formatted text, or in a format: `holes` and the text between them."""
    start, end = inside
    values: list[ast.expr] = []
    for hole in holes:
        values += _between(reading, start, hole.start_byte, raw=raw, near=near)
        values += _hole(reading, hole, raw=raw)
        start = hole.end_byte
    return values + _between(reading, start, end, raw=raw, near=near)


def _between(reading: Reading, start: int, end: int, *, raw: bool, near: Node) -> list[ast.expr]:
    if start == end:
        return []
    written = _BRACES.sub(lambda m: m[1] or m[0][0], reading.between(start, end))
    return [ast.Constant(written if raw else unescaped(written), **at(near))]


def _hole(reading: Reading, node: Node, *, raw: bool) -> list[ast.expr]:
    """`{x!r:>{width}}`, or with `=` the text of it before it."""
    value = reading.expression(field(node, "expression"))
    conversion, spec = -1, None
    shown: list[ast.expr] = []
    for part in node.children:
        if part.type == "type_conversion":
            conversion = ord(text(part)[1])
        elif part.type == "format_specifier":
            spec = _format(reading, part, raw=raw)
        elif part.type == "=":
            shown = [ast.Constant(_shown(reading, node), **at(node))]
    if shown and conversion == -1 and spec is None:
        conversion = ord("r")
    return [*shown, ast.FormattedValue(value, conversion, spec, **at(node))]


def _shown(reading: Reading, node: Node) -> str:
    stops = ("type_conversion", "format_specifier", "}")
    start = node.children[0].end_byte
    end = next(part.start_byte for part in node.children if part.type in stops)
    return reading.between(start, end)


def _format(reading: Reading, node: Node, *, raw: bool) -> ast.JoinedStr:
    holes = [part for part in node.children if part.type in ("format_expression", "interpolation")]
    inside = (node.start_byte + 1, node.end_byte)
    values = _merged(_pieces(reading, holes, inside, raw=raw, near=node))
    return ast.JoinedStr(values, **at(node))


def _merged(values: list[ast.expr]) -> list[ast.expr]:
    """With texts, or bytes, that stand side by side made one."""
    merged: list[ast.expr] = []
    for value in values:
        match merged[-1:], value:
            case ([ast.Constant(value=str(a)) as last], ast.Constant(value=str(b))):
                merged[-1] = _constant(a + b, last, value)
            case ([ast.Constant(value=bytes(a)) as last], ast.Constant(value=bytes(b))):
                merged[-1] = _constant(a + b, last, value)
            case _:
                merged.append(value)
    return merged


def _constant(value: str | bytes, first: ast.expr, last: ast.expr) -> ast.Constant:
    return ast.Constant(
        value,
        lineno=first.lineno,
        col_offset=first.col_offset,
        end_lineno=last.end_lineno,
        end_col_offset=last.end_col_offset,
    )


def _repr(reading: Reading, node: Node) -> ast.Call:
    """What Python 2 wrote as `x` in backticks."""
    place = at(node)
    try:
        value = ast.parse(reading.between(*_inside(node)).strip(), mode="eval").body
    except (SyntaxError, MemoryError) as error:
        raise Unreadable("backticks") from error
    for each in ast.walk(value):
        if isinstance(each, ast.expr | ast.keyword):
            vars(each).update(place)
    return ast.Call(ast.Name("repr", LOAD, **place), [value], [], **place)
