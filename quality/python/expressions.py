"""Expressions as tree-sitter reads them, as `ast` nodes."""

import ast
from collections.abc import Sequence

from tree_sitter import Node

from quality.python.comprehensions import (
    dict_comprehension,
    generator,
    list_comprehension,
    set_comprehension,
)
from quality.python.operators import binary, boolean, comparison, negation, unary
from quality.python.parameters import arguments
from quality.python.reading import (
    LOAD,
    STORE,
    Read,
    Reading,
    Unreadable,
    at,
    chain,
    field,
    has_token,
    identifier,
    into,
    only,
    parts,
    span,
    text,
)
from quality.python.texts import concatenated, string


def name(_: Reading, node: Node) -> ast.Name:
    if node.is_missing:
        raise Unreadable("a name is missing")
    return ast.Name(identifier(node), LOAD, **at(node))


def number(_: Reading, node: Node) -> ast.Constant:
    return ast.Constant(_number(text(node).replace("_", "").lower()), **at(node))


def _number(written: str) -> complex:
    """
    Raises:
        ValueError: it is none, or has more digits than Python reads.
    """
    if written.endswith("j"):
        return complex(0, float(written[:-1]))
    try:
        return int(written.rstrip("l"), 0)
    except ValueError:
        if written.rstrip("l").isdigit() and written.startswith("0"):
            return int(written.rstrip("l"), 8)  # Python 2
        return float(written)


def _none(_: Reading, node: Node) -> ast.Constant:
    return ast.Constant(None, **at(node))


def _true(_: Reading, node: Node) -> ast.Constant:
    return ast.Constant(True, **at(node))


def _false(_: Reading, node: Node) -> ast.Constant:
    return ast.Constant(False, **at(node))


def _ellipsis(_: Reading, node: Node) -> ast.Constant:
    return ast.Constant(..., **at(node))


def _inner(reading: Reading, node: Node) -> ast.expr:
    """Parentheses, and what else only stands around another."""
    while node.type in ("parenthesized_expression", "type", "as_pattern_target"):
        node = only(node)
    return reading.expression(node)


def _attribute(reading: Reading, node: Node) -> ast.expr:
    value: ast.expr | None = None
    for link in chain(node, "attribute", "object"):
        value = value or reading.expression(field(link, "object"))
        value = ast.Attribute(value, identifier(field(link, "attribute")), LOAD, **at(link))
    return value or _inner(reading, node)


def _call(reading: Reading, node: Node) -> ast.Call:
    given = field(node, "arguments")
    func = reading.expression(field(node, "function"))
    if given.type == "generator_expression":
        return ast.Call(func, [reading.expression(given)], [], **at(node))
    return ast.Call(func, *passed(reading, given), **at(node))


def passed(reading: Reading, node: Node) -> tuple[list[ast.expr], list[ast.keyword]]:
    """The positional and the named ones of an argument list."""
    values: list[ast.expr] = []
    keywords: list[ast.keyword] = []
    for part in parts(node):
        if part.type == "keyword_argument":
            value = reading.expression(field(part, "value"))
            keywords.append(ast.keyword(identifier(field(part, "name")), value, **at(part)))
        elif part.type == "dictionary_splat":
            keywords.append(ast.keyword(None, reading.expression(only(part)), **at(part)))
        else:
            values.append(reading.element(part))
    return values, keywords


def _subscript(reading: Reading, node: Node) -> ast.Subscript:
    value, *keys = parts(node)
    return ast.Subscript(reading.expression(value), _key(reading, node, keys), LOAD, **at(node))


def _key(reading: Reading, node: Node, keys: Sequence[Node]) -> ast.expr:
    values = [reading.element(key) for key in keys]
    bracket = next(i for i, child in enumerate(node.children) if child.type == "[")
    inside = [c for c in node.children[bracket + 1 : -1] if c.type != "comment"]
    if len(values) != 1 or inside[-1].type == "," or isinstance(values[0], ast.Starred):
        return ast.Tuple(values, LOAD, **span(inside[0], inside[-1]))
    return values[0]


def _slice(reading: Reading, node: Node) -> ast.Slice:
    bounds: list[ast.expr | None] = [None]
    for child in node.children:
        if child.type == ":":
            bounds.append(None)
        elif child.is_named and child.type != "comment":
            bounds[-1] = reading.expression(child)
    lower, upper, step = (*bounds, None, None)[:3]
    return ast.Slice(lower, upper, step, **at(node))


def tuple_of(reading: Reading, node: Node) -> ast.Tuple:
    return ast.Tuple(reading.expressions(node), LOAD, **at(node))


def _tuple_pattern(reading: Reading, node: Node) -> ast.expr:
    """`(a, b) = ...`; but `(a) = ...` has no tuple."""
    if len(parts(node)) == 1 and not has_token(node, ","):
        return reading.expression(only(node))
    return tuple_of(reading, node)


def _list(reading: Reading, node: Node) -> ast.List:
    return ast.List(reading.expressions(node), LOAD, **at(node))


def _set(reading: Reading, node: Node) -> ast.Set:
    return ast.Set(reading.expressions(node), **at(node))


def _dictionary(reading: Reading, node: Node) -> ast.Dict:
    keys: list[ast.expr | None] = []
    values: list[ast.expr] = []
    for part in parts(node):
        pair = part.type == "pair"
        keys.append(reading.expression(field(part, "key")) if pair else None)
        values.append(reading.expression(field(part, "value") if pair else only(part)))
    return ast.Dict(keys, values, **at(node))


def _starred(reading: Reading, node: Node) -> ast.Starred:
    return ast.Starred(reading.expression(only(node)), LOAD, **at(node))


def _lambda(reading: Reading, node: Node) -> ast.Lambda:
    given = arguments(reading, node.child_by_field_name("parameters"))
    return ast.Lambda(given, reading.expression(field(node, "body")), **at(node))


def _conditional(reading: Reading, node: Node) -> ast.IfExp:
    body, test, orelse = reading.expressions(node)
    return ast.IfExp(test, body, orelse, **at(node))


def _named(reading: Reading, node: Node) -> ast.NamedExpr:
    target = into(reading.expression(field(node, "name")), STORE)
    if not isinstance(target, ast.Name):
        raise Unreadable(node.type)
    return ast.NamedExpr(target, reading.expression(field(node, "value")), **at(node))


def _await(reading: Reading, node: Node) -> ast.Await:
    return ast.Await(reading.expression(only(node)), **at(node))


def _yield(reading: Reading, node: Node) -> ast.expr:
    if has_token(node, "from"):
        return ast.YieldFrom(reading.expression(only(node)), **at(node))
    value = reading.expression(only(node)) if parts(node) else None
    return ast.Yield(value, **at(node))


def _generic(reading: Reading, node: Node) -> ast.Subscript:
    """`list[int]` where a type is expected."""
    value, given = parts(node)
    key = _key(reading, given, parts(given))
    return ast.Subscript(reading.expression(value), key, LOAD, **at(node))


def _union(reading: Reading, node: Node) -> ast.expr:
    """`A[x] | B | C` where a type is expected: the grammar groups it from the right."""
    first, *others = _alternatives(node)
    value = reading.expression(first)
    for other in others:
        value = ast.BinOp(value, ast.BitOr(), reading.expression(other), **span(first, other))
    return value


def _alternatives(node: Node) -> list[Node]:
    found: list[Node] = []
    todo = [node]
    while todo:
        each = todo.pop()
        bar = each.type == "union_type" or (each.type == "binary_operator" and has_token(each, "|"))
        if bar or each.type == "type":
            todo += reversed(parts(each))
        else:
            found.append(each)
    return found


def _member(reading: Reading, node: Node) -> ast.Attribute:
    value, attribute = parts(node)
    return ast.Attribute(reading.expression(value), identifier(attribute), LOAD, **at(node))


def _dotted(_: Reading, node: Node) -> ast.expr:
    first, *others = parts(node)
    value: ast.expr = ast.Name(identifier(first), LOAD, **at(first))
    for other in others:
        value = ast.Attribute(value, identifier(other), LOAD, **span(first, other))
    return value


READERS: dict[str, Read] = {
    "identifier": name,
    "keyword_identifier": name,
    "integer": number,
    "float": number,
    "none": _none,
    "true": _true,
    "false": _false,
    "ellipsis": _ellipsis,
    "string": string,
    "concatenated_string": concatenated,
    "parenthesized_expression": _inner,
    "type": _inner,
    "as_pattern_target": _inner,
    "binary_operator": binary,
    "boolean_operator": boolean,
    "not_operator": negation,
    "unary_operator": unary,
    "comparison_operator": comparison,
    "attribute": _attribute,
    "call": _call,
    "subscript": _subscript,
    "slice": _slice,
    "tuple": tuple_of,
    "expression_list": tuple_of,
    "pattern_list": tuple_of,
    "tuple_pattern": _tuple_pattern,
    "list": _list,
    "list_pattern": _list,
    "set": _set,
    "dictionary": _dictionary,
    "list_splat": _starred,
    "list_splat_pattern": _starred,
    "splat_type": _starred,
    "parenthesized_list_splat": _inner,
    "lambda": _lambda,
    "conditional_expression": _conditional,
    "named_expression": _named,
    "await": _await,
    "yield": _yield,
    "list_comprehension": list_comprehension,
    "set_comprehension": set_comprehension,
    "dictionary_comprehension": dict_comprehension,
    "generator_expression": generator,
    "generic_type": _generic,
    "union_type": _union,
    "member_type": _member,
    "dotted_name": _dotted,
}
