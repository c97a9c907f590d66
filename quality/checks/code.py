"""One file as the checks see it: its nodes, what they are called, what stands around them."""

import ast
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any

from quality.python.names import Names
from quality.python.walking import children, walk, walk_scope

Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_WORD = re.compile(r"[A-Za-z_]\w*")


class Code:
    def __init__(self, tree: ast.Module, text: str, *, path: str = "", test: bool = False) -> None:
        self.tree = tree
        self.path = path
        self.test = test
        self.names = Names(tree)
        self.nodes: dict[type[ast.AST], list[ast.AST]] = defaultdict(list)
        self._text = text
        self._parents: dict[ast.AST, ast.AST] = {}
        self._order: list[ast.AST] = []  # each node before what is under it
        self._number: dict[ast.AST, int] = {}  # its place in that order ...
        self._ends: list[int] = []  # ... and by that, the place behind all that is under it
        self._own: dict[ast.AST, list[ast.AST]] = {}
        self._words: dict[ast.AST, frozenset[str]] = {}
        self._mentions: dict[tuple[ast.AST, re.Pattern[str]], bool] = {}
        self._read(tree)
        said = sorted(self._all_words(), key=itemgetter(0))
        self._said_at = [number for number, _ in said]
        self._said = [word for _, word in said]

    def _read(self, tree: ast.Module) -> None:
        order, parents, nodes = self._order, self._parents, self.nodes
        todo: list[ast.AST] = [tree]
        while todo:
            node = todo.pop()
            order.append(node)
            nodes[type(node)].append(node)
            if inner := children(node):
                for child in inner:
                    parents[child] = node
                inner.reverse()
                todo += inner
        number = self._number = dict(zip(order, range(len(order)), strict=True))
        ends = self._ends = list(range(1, len(order) + 1))
        for at in range(len(order) - 1, 0, -1):
            parent = number[parents[order[at]]]
            if ends[at] > ends[parent]:
                ends[parent] = ends[at]

    def _all_words(self) -> Iterator[tuple[int, str]]:
        """The words of all nodes, with the numbers of these."""
        for kind, words in _WORDS.items():
            for node in self.nodes.get(kind, ()):
                # A docstring says nothing.
                if kind is not ast.Constant or not isinstance(self._parents.get(node), ast.Expr):
                    number = self._number[node]
                    for word in words(node):
                        yield number, word.lower()

    def inside(self, node: ast.AST) -> list[ast.AST]:
        """`node` and all under it, each before what is under it."""
        number = self._number.get(node)
        return list(walk(node)) if number is None else self._order[number : self._ends[number]]

    def own(self, node: ast.AST) -> list[ast.AST]:
        """All under it that runs as part of it, as `walk_scope` has it."""
        found = self._own.get(node)
        if found is None:
            found = self._own[node] = list(walk_scope(node))
        return found

    @cached_property
    def lines(self) -> list[str]:
        return (
            self._text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
        )

    @cached_property
    def assigned(self) -> frozenset[str]:
        """The names that the module itself assigns."""
        assigns = (each for each in self.tree.body if isinstance(each, ast.Assign))
        targets = (target for each in assigns for target in each.targets)
        return frozenset(target.id for target in targets if isinstance(target, ast.Name))

    def column(self, line: int, offset: int) -> int:
        """The column, in characters from 1, of a place that `ast` counts in bytes from 0."""
        if line > len(self.lines) or self.lines[line - 1].isascii():
            return offset + 1
        return (
            len(self.lines[line - 1].encode(errors="replace")[:offset].decode(errors="replace")) + 1
        )

    def full(self, node: ast.expr) -> str:
        """Its full dotted name; "" if it has none."""
        return self.names.full(node) or ""

    def parent(self, node: ast.AST) -> ast.AST | None:
        return self._parents.get(node)

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """What holds it, and what holds that, up to the module."""
        parent = self._parents.get(node)
        while parent is not None:
            yield parent
            parent = self._parents.get(parent)

    def function(self, node: ast.AST) -> Function | None:
        """The function that it stands in."""
        return next((each for each in self.above(node) if isinstance(each, FUNCTIONS)), None)

    def scope(self, node: ast.AST) -> Function | ast.Module:
        return self.function(node) or self.tree

    def origin(self, node: ast.expr) -> ast.expr:
        """What it was assigned, if it is a name that is assigned once; else itself."""
        for _ in range(3):
            value = self.names.value(node) if isinstance(node, ast.Name) else None
            if value is None:
                break
            node = value
        return node

    def constant(self, node: ast.expr | None) -> object:
        """The value of a literal, or of a name that is once assigned one; `...` if unknown."""
        found = self.origin(node) if node else None
        return found.value if isinstance(found, ast.Constant) else ...

    def text(self, node: ast.expr | None) -> str | None:
        """The text that it is known to be."""
        value = self.constant(node)
        return value if isinstance(value, str) else None

    def words(self, node: ast.AST) -> frozenset[str]:
        """All names, attributes, named arguments and words of texts in it, in lower case."""
        found = self._words.get(node)
        if found is None:
            number = self._number.get(node)
            first = last = 0
            if number is not None:
                first = bisect_left(self._said_at, number)
                last = bisect_left(self._said_at, self._ends[number], first)
            found = self._words[node] = frozenset(self._said[first:last])
        return found

    def mentions(self, node: ast.AST, pattern: re.Pattern[str]) -> bool:
        """Whether one of its words has the pattern in it."""
        key = (node, pattern)
        found = self._mentions.get(key)
        if found is None:
            found = self._mentions[key] = any(pattern.search(word) for word in self.words(node))
        return found

    def speaks_of(self, *words: str) -> bool:
        """Whether one of the words, in lower case, is anywhere in the file."""
        return not self.words(self.tree).isdisjoint(words)

    def calls(self, node: ast.AST) -> Iterator[tuple[ast.Call, str]]:
        """The calls in it with their full names, else with the last of their name after a dot."""
        for each in self.inside(node):
            if isinstance(each, ast.Call):
                yield each, self.full(each.func) or f".{last_name(each.func)}"


def _dotted(name: str | None) -> Sequence[str]:
    return name.split(".") if name else ()


def _in_text(value: object) -> Sequence[str]:
    return _WORD.findall(value) if isinstance(value, str) and len(value) < 1_000 else ()


_WORDS: dict[type[ast.AST], Callable[[Any], Sequence[str]]] = {
    ast.Name: lambda node: (node.id,),
    ast.Attribute: lambda node: (node.attr,),
    ast.arg: lambda node: (node.arg,),
    ast.keyword: lambda node: (node.arg,) if node.arg else (),
    ast.FunctionDef: lambda node: (node.name,),
    ast.AsyncFunctionDef: lambda node: (node.name,),
    ast.alias: lambda node: _dotted(node.name),
    ast.ImportFrom: lambda node: _dotted(node.module),
    ast.Constant: lambda node: _in_text(node.value),
}


def last_name(node: ast.AST) -> str:
    """`password` for `form.password`, `row["password"]`, `form.get("password")`, `password`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(key))):
            return key
        case ast.Call(func=ast.Attribute(attr="get" | "getlist" | "pop"), args=args) if args:
            return last_name(args[0])
        case ast.Constant(value=str(key)):
            return key
        case ast.Call(func=ast.Attribute(value=value, attr="encode" | "strip" | "decode")):
            return last_name(value)
        case ast.Call(func=ast.Name(id="str" | "bytes"), args=[only, *_]):
            return last_name(only)
    return ""


def argument(call: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
    """What is passed as `name`, or as the argument at `position`."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if position is None or position >= len(call.args):
        return None
    before = call.args[: position + 1]
    return None if any(isinstance(each, ast.Starred) for each in before) else before[-1]


def is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def is_false(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def written(node: ast.AST) -> str:
    """A text that is the same for what is written the same."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{written(value)}.{name}"
    return ast.dump(node)


def same(a: ast.AST, b: ast.AST) -> bool:
    return _may_be_same(a, b) and written(a) == written(b)


def _may_be_same(a: ast.AST, b: ast.AST) -> bool:
    """No if their nodes differ; asked first, since writing them out takes long."""
    todo = [(a, b)]
    while todo:
        one, other = todo.pop()
        if type(one) is not type(other) or told(one) != told(other):
            return False
        below, under = children(one), children(other)
        if len(below) != len(under):
            return False
        todo += zip(below, under, strict=True)
    return True


def told(node: ast.AST) -> object:
    """What tells most nodes of a type apart: the name, or the value of a literal."""
    field = _TOLD.get(type(node))
    return getattr(node, field) if field else None


_TOLD: dict[type[ast.AST], str] = {ast.Name: "id", ast.Attribute: "attr", ast.Constant: "value"}


def bodies(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """The lists of statements right in it."""
    for field in ("body", "orelse", "finalbody"):
        block = getattr(node, field, None)
        if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
            yield block
    for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        yield part.body


def leaves(statement: ast.stmt) -> bool:
    """Nothing after it runs."""
    return isinstance(statement, ast.Return | ast.Raise | ast.Break | ast.Continue)
