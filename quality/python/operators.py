"""Operators and comparisons as `ast` nodes."""

import ast

from tree_sitter import Node

from quality.python.reading import Reading, Unreadable, at, chain, field

_OPERATORS: dict[str, type[ast.operator]] = {
    "+": ast.Add,
    "-": ast.Sub,
    "*": ast.Mult,
    "/": ast.Div,
    "//": ast.FloorDiv,
    "%": ast.Mod,
    "**": ast.Pow,
    "@": ast.MatMult,
    "<<": ast.LShift,
    ">>": ast.RShift,
    "&": ast.BitAnd,
    "|": ast.BitOr,
    "^": ast.BitXor,
}
_COMPARISONS: dict[str, type[ast.cmpop]] = {
    "<": ast.Lt,
    "<=": ast.LtE,
    "==": ast.Eq,
    "!=": ast.NotEq,
    "<>": ast.NotEq,
    ">": ast.Gt,
    ">=": ast.GtE,
    "in": ast.In,
    "not in": ast.NotIn,
    "is": ast.Is,
    "is not": ast.IsNot,
}
_UNARY: dict[str, type[ast.unaryop]] = {"-": ast.USub, "+": ast.UAdd, "~": ast.Invert}


def operator(token: str) -> ast.operator:
    return _OPERATORS[token]()


def binary(reading: Reading, node: Node) -> ast.expr:
    left: ast.expr | None = None
    for link in chain(node, "binary_operator", "left"):
        left = left or reading.expression(field(link, "left"))
        right = reading.expression(field(link, "right"))
        op = operator(field(link, "operator").type)
        left = ast.BinOp(left, op, right, **at(link))
    if left is None:
        raise Unreadable(node.type)
    return left


def boolean(reading: Reading, node: Node) -> ast.BoolOp:
    """`a and b and c` is one in `ast`, and two in the grammar."""
    token = field(node, "operator").type
    values: list[Node] = []
    link = node
    while link.type == "boolean_operator" and field(link, "operator").type == token:
        values.append(field(link, "right"))
        link = field(link, "left")
    values.append(link)
    op: ast.boolop = ast.And() if token == "and" else ast.Or()  # noqa: S105 - a word of Python
    return ast.BoolOp(op, [reading.expression(value) for value in reversed(values)], **at(node))


def negation(reading: Reading, node: Node) -> ast.UnaryOp:
    return ast.UnaryOp(ast.Not(), reading.expression(field(node, "argument")), **at(node))


def unary(reading: Reading, node: Node) -> ast.UnaryOp:
    op = _UNARY[field(node, "operator").type]()
    return ast.UnaryOp(op, reading.expression(field(node, "argument")), **at(node))


def comparison(reading: Reading, node: Node) -> ast.Compare:
    ops = [_COMPARISONS[c.type]() for c in node.children if c.type in _COMPARISONS]
    left, *others = reading.expressions(node)
    if len(ops) != len(others):
        raise Unreadable(node.type)
    return ast.Compare(left, ops, others, **at(node))
