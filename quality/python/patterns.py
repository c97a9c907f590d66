"""The patterns of `match`."""

import ast
from collections.abc import Callable

from tree_sitter import Node

from quality.python.reading import (
    Place,
    Reading,
    Unreadable,
    at,
    has_token,
    identifier,
    parts,
    span,
    text,
)

_SINGLETONS = {"none": None, "true": True, "false": False}


def subject_pattern(reading: Reading, nodes: list[Node], tokens: list[Node]) -> ast.pattern:
    """What stands after `case`; several with commas are a sequence."""
    if len(nodes) == 1 and tokens[-1].type != ",":
        return pattern(reading, nodes[0])
    return ast.MatchSequence(
        [pattern(reading, node) for node in nodes], **span(tokens[0], tokens[-1])
    )


def pattern(reading: Reading, node: Node) -> ast.pattern:
    """
    Raises:
        Unreadable: it is none.
    """
    if node.type == "case_pattern":
        return _signed(reading, [child for child in node.children if child.type != "comment"])
    if node.type == "dotted_name" and len(parts(node)) == 1:
        return _capture(node)
    if node.type in _SINGLETONS:
        return ast.MatchSingleton(_SINGLETONS[node.type], **at(node))
    if read := _READERS.get(node.type):
        return read(reading, node)
    return ast.MatchValue(reading.expression(node), **at(node))


def _signed(reading: Reading, nodes: list[Node]) -> ast.pattern:
    """One of an alternative: `-1` stands there as two."""
    match nodes:
        case [only] if only.type == "_":
            return ast.MatchAs(**at(only))
        case [only]:
            return pattern(reading, only)
        case [minus, only] if minus.type == "-":
            place = span(minus, only)
            value = ast.UnaryOp(ast.USub(), reading.expression(only), **place)
            return ast.MatchValue(value, **place)
    raise Unreadable("case_pattern")


def _capture(node: Node) -> ast.MatchAs:
    written = identifier(node)
    return ast.MatchAs(name=None if written == "_" else written, **at(node))


def _sequence(reading: Reading, node: Node) -> ast.pattern:
    inner = parts(node)
    if node.type == "tuple_pattern" and len(inner) == 1 and not has_token(node, ","):
        return pattern(reading, inner[0])
    return ast.MatchSequence([pattern(reading, part) for part in inner], **at(node))


def _split(node: Node, token: str) -> list[list[Node]]:
    groups: list[list[Node]] = [[]]
    for child in node.children:
        if child.type == token:
            groups.append([])
        elif child.type != "comment":
            groups[-1].append(child)
    return groups


def _union(reading: Reading, node: Node) -> ast.MatchOr:
    return ast.MatchOr([_signed(reading, group) for group in _split(node, "|")], **at(node))


def _as(reading: Reading, node: Node) -> ast.MatchAs:
    inner, name = parts(node)
    return ast.MatchAs(pattern(reading, inner), identifier(name), **at(node))


def _star(_: Reading, node: Node) -> ast.MatchStar:
    return ast.MatchStar(_starred_name(node), **at(node))


def _starred_name(node: Node) -> str | None:
    name = text(node.children[-1])
    return None if name == "_" else identifier(node.children[-1])


def _mapping(reading: Reading, node: Node) -> ast.MatchMapping:
    keys: list[ast.expr] = []
    values: list[ast.pattern] = []
    rest: str | None = None
    for group in _split_commas(node):
        if group[0].type == "splat_pattern" or group[0].type == "case_pattern":
            rest = _starred_name(parts(group[0])[0] if parts(group[0])[0].children else group[0])
            continue
        *key, colon, value = group
        if colon.type != ":":
            raise Unreadable(node.type)
        keys.append(_key(reading, key))
        values.append(pattern(reading, value))
    return ast.MatchMapping(keys, values, rest, **at(node))


def _split_commas(node: Node) -> list[list[Node]]:
    groups = _split(node, ",")
    groups[0] = groups[0][1:]
    groups[-1] = groups[-1][:-1]
    return [group for group in groups if group]


def _key(reading: Reading, nodes: list[Node]) -> ast.expr:
    match _signed(reading, nodes):
        case ast.MatchValue(value=value):
            return value
        case ast.MatchSingleton(value=value):
            return ast.Constant(value, **at(nodes[0]))
    raise Unreadable("a key")


def _class(reading: Reading, node: Node) -> ast.MatchClass:
    name, *given = parts(node)
    plain: list[ast.pattern] = []
    keywords: list[str] = []
    values: list[ast.pattern] = []
    for part in given:
        if keyword := _keyword(part):
            key, *value = [c for c in keyword.children if c.type not in ("=", "comment")]
            keywords.append(identifier(key))
            values.append(_named(_signed(reading, value), part))
        else:
            plain.append(pattern(reading, part))
    return ast.MatchClass(reading.expression(name), plain, keywords, values, **at(node))


def _keyword(node: Node) -> Node | None:
    """The `a=1` in it: also of `a=1 as b`, which the grammar groups as `(a=1) as b`."""
    while node.type in ("case_pattern", "as_pattern") and parts(node):
        node = parts(node)[0]
    return node if node.type == "keyword_pattern" else None


def _named(made: ast.pattern, node: Node) -> ast.pattern:
    inner = parts(node)[0]
    if inner.type != "as_pattern":
        return made
    name = parts(inner)[1]
    row, column = name.end_point
    return ast.MatchAs(
        made,
        identifier(name),
        lineno=made.lineno,
        col_offset=made.col_offset,
        end_lineno=row + 1,
        end_col_offset=column,
    )


def _complex(reading: Reading, node: Node) -> ast.MatchValue:
    tokens = [child for child in node.children if child.type != "comment"]
    minus = tokens.pop(0) if tokens[0].type == "-" else None
    real, sign, imaginary = tokens
    left = reading.expression(real)
    place: Place = span(minus or real, real)
    if minus:
        left = ast.UnaryOp(ast.USub(), left, **place)
    op: ast.operator = ast.Add() if sign.type == "+" else ast.Sub()
    value = ast.BinOp(left, op, reading.expression(imaginary), **at(node))
    return ast.MatchValue(value, **at(node))


_READERS: dict[str, Callable[[Reading, Node], ast.pattern]] = {
    "list_pattern": _sequence,
    "tuple_pattern": _sequence,
    "union_pattern": _union,
    "as_pattern": _as,
    "splat_pattern": _star,
    "dict_pattern": _mapping,
    "class_pattern": _class,
    "complex_pattern": _complex,
}
