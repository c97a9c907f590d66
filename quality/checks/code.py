"""One file as the checks see it: its nodes, what they are called, what stands around them."""

import ast
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

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
        self._spans: dict[ast.AST, tuple[int, int]] = {}  # from and to where in that order
        self._own: dict[ast.AST, list[ast.AST]] = {}
        self._words: dict[ast.AST, frozenset[str]] = {}
        self._mentions: dict[tuple[ast.AST, re.Pattern[str]], bool] = {}
        self._read(tree)
        self._said = [
            (n, word)
            for n, each in enumerate(self._order)
            if not isinstance(self._parents.get(each), ast.Expr)  # a docstring says nothing
            for word in _words(each)
        ]

    def _read(self, tree: ast.Module) -> None:
        todo: list[ast.AST] = [tree]
        starts: dict[ast.AST, int] = {}
        while todo:
            node = todo.pop()
            starts[node] = len(self._order)
            self._order.append(node)
            self.nodes[type(node)].append(node)
            inner = children(node)
            for child in inner:
                self._parents[child] = node
            todo += reversed(inner)
        ends = {node: start + 1 for node, start in starts.items()}
        for node in reversed(self._order):
            if (parent := self._parents.get(node)) and ends[node] > ends[parent]:
                ends[parent] = ends[node]
        self._spans = {node: (start, ends[node]) for node, start in starts.items()}

    def inside(self, node: ast.AST) -> list[ast.AST]:
        """`node` and all under it, each before what is under it."""
        span = self._spans.get(node)
        return self._order[span[0] : span[1]] if span else list(walk(node))

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
            start, end = self._spans.get(node, (0, 0))
            first, last = (bisect_left(self._said, (at, "")) for at in (start, end))
            found = self._words[node] = frozenset(word for _, word in self._said[first:last])
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


def _words(node: ast.AST) -> list[str]:
    match node:
        case ast.Name(id=word) | ast.Attribute(attr=word) | ast.arg(arg=word):
            return [word.lower()]
        case ast.keyword(arg=str(word)):
            return [word.lower()]
        case ast.FunctionDef(name=word) | ast.AsyncFunctionDef(name=word):
            return [word.lower()]
        case ast.alias(name=word) | ast.ImportFrom(module=str(word)):
            return word.lower().split(".")
        case ast.Constant(value=str(text)) if len(text) < 1_000:
            return [word.lower() for word in _WORD.findall(text)]
    return []


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
    return type(a) is type(b) and written(a) == written(b)


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
