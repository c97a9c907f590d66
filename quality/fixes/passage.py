"""The part of a file that a fix may change: the function around the finding."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from quality.finding import Place
from quality.fixes.content import lines
from quality.python.walking import walk

MOST_LINES = 150  # of a passage, where a smaller one is there
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Passage:
    """Lines `start` to `end` (the first is 1, both inside)."""

    start: int
    end: int
    text: str
    function: str | None  # its name, if the passage is one
    body: int  # the line that `def` stands on, or `start`

    @property
    def indent(self) -> str:
        return self.text[: len(self.text) - len(self.text.lstrip(" \t"))]

    def holds(self, start: int, end: int) -> bool:
        """Whether the lines from `start` to before `end` (the first is 0) are all in it."""
        return self.start - 1 <= start and end <= self.end


def passage(text: str, tree: ast.Module, place: Place) -> Passage:
    """What holds `place`: the outermost function of a size to be shown, else a statement."""
    around = [node for node in _around(tree, place) if not isinstance(node, ast.ClassDef)]
    functions = [node for node in around if isinstance(node, Function)]
    fitting = [node for node in functions if _length(node) <= MOST_LINES]
    short = [node for node in around if _length(node) <= MOST_LINES]
    for choice in (fitting[:1], functions[-1:], short[:1], around[-1:]):
        for node in choice:
            return _of(text, node)
    at = max(1, min(place.line, len(lines(text))))
    return Passage(at, at, "".join(lines(text)[at - 1 : at]), None, at)


def statement(text: str, tree: ast.Module, place: Place) -> Passage | None:
    """The simple statement that holds `place`; None: none does."""
    around = [node for node in _around(tree, place) if not hasattr(node, "body")]
    return _of(text, around[-1]) if around else None


def _of(text: str, node: ast.stmt) -> Passage:
    start, end = first_line(node), node.end_lineno or node.lineno
    name = node.name if isinstance(node, Function) else None
    return Passage(start, end, "".join(lines(text)[start - 1 : end]), name, node.lineno)


def _around(tree: ast.Module, place: Place) -> Iterator[ast.stmt]:
    """The statements that hold `place`, the outermost first."""
    for node in walk(tree):  # what holds another comes before it
        if (
            isinstance(node, ast.stmt)
            and first_line(node) <= place.line
            and (node.end_lineno or node.lineno) >= place.line
        ):
            yield node


def first_line(node: ast.stmt) -> int:
    """Where it begins, its decorators included."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return min([node.lineno, *(each.lineno for each in node.decorator_list)])
    return node.lineno


def _length(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - first_line(node) + 1
