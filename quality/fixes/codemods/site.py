"""The code that a finding is about, as nodes and as text, and edits of both."""

import ast
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from quality.finding import Finding
from quality.fixes.content import lines
from quality.fixes.imports import with_imports, without_unused
from quality.python.names import Names
from quality.python.parse import parse
from quality.python.walking import walk


class Rewrite(NamedTuple):
    """A whole text in which the finding should be gone."""

    text: str
    safe: bool  # the code means the same otherwise
    says: str


class Swap(NamedTuple):
    """What stands from `start` to before `end` (characters) becomes `new`."""

    start: int
    end: int
    new: str


Spanned = ast.expr | ast.stmt | ast.keyword | ast.excepthandler


class Site:
    def __init__(self, finding: Finding, text: str, tree: ast.Module) -> None:
        self.finding, self.text, self.tree = finding, text, tree
        self._lines = lines(text)
        self._starts = [0, *accumulate(map(len, self._lines))]

    @cached_property
    def names(self) -> Names:
        return Names(self.tree)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Those that begin on the finding's lines."""
        place = self.finding.place
        rows = range(place.line, max(place.line, place.end_line) + 1)
        return [n for n in walk(self.tree) if _row(n) in rows]

    def calls(self, *full: str) -> Iterator[ast.Call]:
        """Calls of these full names; one that ends in "." stands for all that begin with it."""
        starts = tuple(name for name in full if name.endswith("."))
        for node in self.nodes:
            if not isinstance(node, ast.Call):
                continue
            name = self.names.full(node.func)
            if name and (name in full or name.startswith(starts)):
                yield node

    def source(self, node: ast.expr) -> str:
        start, end = self.span(node)
        return self.text[start:end]

    def span(self, node: Spanned) -> tuple[int, int]:
        end = node.end_lineno or node.lineno, node.end_col_offset or 0
        return self._offset(node.lineno, node.col_offset), self._offset(*end)

    def rewrite(
        self, swaps: Sequence[Swap], says: str, *, safe: bool = False, imports: Sequence[str] = ()
    ) -> Iterator[Rewrite]:
        """The text with all `swaps` and `imports`; nothing if there are no swaps."""
        if not swaps:
            return
        text = self.text
        for swap in sorted(swaps, reverse=True):
            text = text[: swap.start] + swap.new + text[swap.end :]
        if imports:
            text = with_imports(text, parse(text).tree, imports)
        yield Rewrite(without_unused(text, self.tree), safe, says)

    def swap(self, node: ast.expr | ast.stmt, new: str) -> Swap:
        return Swap(*self.span(node), new)

    def with_keyword(self, call: ast.Call, name: str, value: str) -> list[Swap]:
        """`name=value` among the arguments of `call`, in the place of what it was given before."""
        for keyword in call.keywords:
            if keyword.arg == name:
                return [self.swap(keyword.value, value)]
        if any(keyword.arg is None for keyword in call.keywords):
            return []  # it may be in there
        arguments = _arguments(call)
        if not arguments:
            _, end = self.span(call)
            return [Swap(end - 1, end - 1, f"{name}={value}")]
        last = max(self.span(argument)[1] for argument in arguments)
        return [Swap(last, last, f", {name}={value}")]

    def without_keyword(self, call: ast.Call, name: str) -> list[Swap]:
        """`call` without its argument `name`; nothing where a comment would go with it."""
        arguments = sorted(_arguments(call), key=self.span)
        for at, each in enumerate(arguments):
            if isinstance(each, ast.keyword) and each.arg == name:
                start, end = self.span(each)
                if at:
                    start = self.span(arguments[at - 1])[1]
                elif len(arguments) > 1:
                    end = self.span(arguments[1])[0]
                return [] if "#" in self.text[start:end] else [Swap(start, end, "")]
        return []

    def _offset(self, line: int, column: int) -> int:
        row = self._lines[line - 1]
        if not row.isascii():  # `ast` counts bytes
            column = len(row.encode()[:column].decode(errors="ignore"))
        return self._starts[line - 1] + column


def _arguments(call: ast.Call) -> list[ast.expr | ast.keyword]:
    return [*call.args, *call.keywords]


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((each.value for each in call.keywords if each.arg == name), None)


def is_constant(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def _row(node: ast.AST) -> int:
    return node.lineno if isinstance(node, ast.expr | ast.stmt | ast.excepthandler) else 0
