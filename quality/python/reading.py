"""What the readers of expressions, texts, patterns and statements share."""

import ast
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import TypedDict

from tree_sitter import Node

LOAD, STORE, DEL = ast.Load(), ast.Store(), ast.Del()
_EXTRAS = frozenset({"comment", "line_continuation", "ERROR"})
# Every level takes three frames of Python's 1,000, of which callers have used some
_DEEPEST = 150
_LONGEST_CHAIN = 1500  # a.b.c..., 1 + 1 + ...: read in a loop, but whoever walks it may recurse


class Unreadable(LookupError):
    """The node is not what the grammar promises, as happens around an error."""


class Place(TypedDict):
    lineno: int
    col_offset: int
    end_lineno: int
    end_col_offset: int


def at(node: Node) -> Place:
    return span(node, node)


def span(first: Node, last: Node) -> Place:
    row, column = first.start_point
    end_row, end_column = last.end_point
    return {
        "lineno": row + 1,
        "col_offset": column,
        "end_lineno": end_row + 1,
        "end_col_offset": end_column,
    }


def until(first: Node, last: ast.stmt | ast.expr) -> Place:
    """From a node to where a converted one ends."""
    row, column = first.start_point
    return {
        "lineno": row + 1,
        "col_offset": column,
        "end_lineno": last.end_lineno or last.lineno,
        "end_col_offset": last.end_col_offset or 0,
    }


def text(node: Node) -> str:
    return (node.text or b"").decode(errors="replace")


def identifier(node: Node) -> str:
    name = text(node)
    return name if name.isascii() else unicodedata.normalize("NFKC", name)


def parts(node: Node) -> list[Node]:
    """The nodes in it that mean something: no tokens, no comments, no errors."""
    return [part for part in node.named_children if part.type not in _EXTRAS]


def field(node: Node, name: str) -> Node:
    """
    Raises:
        Unreadable: it has none.
    """
    found = node.child_by_field_name(name)
    if found is None:
        raise Unreadable(f"{node.type} without {name}")
    return found


def only(node: Node) -> Node:
    """The one that means something in it.

    Raises:
        Unreadable: there are none, or several.
    """
    match parts(node):
        case [only]:
            return only
    raise Unreadable(node.type)


def has_token(node: Node, token: str) -> bool:
    return any(child.type == token for child in node.children)


Read = Callable[["Reading", Node], ast.expr]


class Reading:
    """One file being read; `source` is what the nodes' bytes count in."""

    def __init__(self, source: bytes, readers: Mapping[str, Read]) -> None:
        self.source = source
        self._readers = readers
        self._depth = 0

    def expression(self, node: Node) -> ast.expr:
        """
        Raises:
            Unreadable: what it is made of does not make an expression, or nests too deep.
        """
        read = self._readers.get(node.type)
        if read is None or self._depth > _DEEPEST:
            raise Unreadable(node.type)
        self._depth += 1
        try:
            return read(self, node)
        finally:
            self._depth -= 1

    def expressions(self, node: Node) -> list[ast.expr]:
        return [self.element(part) for part in parts(node)]

    def element(self, node: Node) -> ast.expr:
        """An expression that may be starred."""
        made = self.expression(node)
        if self.source[node.start_byte] != ord("*") or not isinstance(made, _HOLD_FIRST):
            return made
        return self._starred(made, node)

    def _starred(self, made: ast.expr, node: Node) -> ast.expr:
        """`*a.b()`, which the grammar reads as a call of `b` of `*a`."""
        holders, inner = [], made
        while not isinstance(inner, ast.Starred):
            holders.append(inner)
            inner = _first(inner)
        _put_first(holders[-1], inner.value)
        for holder in holders:
            holder.col_offset, holder.lineno = inner.value.col_offset, inner.value.lineno
        return ast.Starred(made, LOAD, **at(node))

    def target(self, node: Node) -> ast.expr:
        return into(self.expression(node), STORE)

    def between(self, start: int, end: int) -> str:
        return self.source[start:end].decode(errors="replace")


def chain(node: Node, kind: str, left: str) -> Iterator[Node]:
    """`node`, what is on its left while that is of its kind, from the innermost on.

    Raises:
        Unreadable: the chain is too long.
    """
    links = [node]
    while (inner := field(links[-1], left)).type == kind:
        links.append(inner)
        if len(links) > _LONGEST_CHAIN:
            raise Unreadable(kind)
    return reversed(links)


def into(node: ast.expr, context: ast.expr_context) -> ast.expr:
    """`node` as what is assigned to, or deleted."""
    todo = [node]
    while todo:
        each = todo.pop()
        if isinstance(each, ast.Name | ast.Attribute | ast.Subscript | ast.Starred):
            each.ctx = context
        if isinstance(each, ast.Starred):
            todo.append(each.value)
        if isinstance(each, ast.Tuple | ast.List):
            each.ctx = context
            todo += each.elts
    return node


_FIRST = {
    ast.Attribute: "value",
    ast.Subscript: "value",
    ast.Call: "func",
    ast.BinOp: "left",
    ast.Compare: "left",
    ast.IfExp: "body",
}


_HOLD_FIRST = (ast.BoolOp, *_FIRST)


def _first(node: ast.expr) -> ast.expr:
    """What stands first in it."""
    if isinstance(node, ast.BoolOp):
        return node.values[0]
    found = getattr(node, _FIRST.get(type(node), ""), None)
    if not isinstance(found, ast.expr):
        raise Unreadable(type(node).__name__)
    return found


def _put_first(node: ast.expr, value: ast.expr) -> None:
    if isinstance(node, ast.BoolOp):
        node.values[0] = value
    else:
        setattr(node, _FIRST[type(node)], value)
