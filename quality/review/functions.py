"""The functions that a model is asked about, those that deserve it most first."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from quality.python.parse import parse
from quality.source import SourceFile

MOST_LINES, LEAST_LINES = 150, 3
_PROMISING = re.compile(
    r"request|param|query|execute|cursor|session|cookie|token|passw|secret|auth|login|permission|"
    r"admin|user|owner|upload|download|redirect|open\(|path|url|socket|subprocess|system|eval|"
    r"exec|load|serial|parse|xml|yaml|render|template|hash|encrypt|random|lock|thread|balance|"
    r"amount|price|delete|update|@\w+\.(?:route|get|post|put|patch)",
    re.IGNORECASE,
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Shown:
    """A function as a model sees it."""

    path: str
    name: str
    line: int  # its first, decorators included; the first of the file is 1
    lines: tuple[str, ...]

    @property
    def numbered(self) -> str:
        return "\n".join(f"{n}: {line}" for n, line in enumerate(self.lines, 1))

    @property
    def digest(self) -> str:
        """Of its text, wherever it stands."""
        return sha256("\n".join(self.lines).encode(errors="replace")).hexdigest()

    @property
    def promise(self) -> int:
        """How many of its lines touch what tends to go wrong."""
        return sum(bool(_PROMISING.search(line)) for line in self.lines)


def functions(files: Sequence[SourceFile]) -> list[Shown]:
    """Those of `files` that hold something to review; what promises most is first."""
    found = [each for file in files if not file.test for each in _of(file)]
    return sorted(
        (each for each in found if each.promise),
        key=lambda each: (-each.promise, each.path, each.line),
    )


def _of(file: SourceFile) -> Iterator[Shown]:
    rows = file.text.replace("\r\n", "\n").split("\n")
    stack: list[ast.AST] = [parse(file.text).tree]
    while stack:
        for node in ast.iter_child_nodes(stack.pop()):
            if not isinstance(node, Function):
                stack.append(node)
                continue
            start = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            end = node.end_lineno or node.lineno
            if LEAST_LINES <= end - start + 1 <= MOST_LINES:
                yield Shown(file.path, node.name, start, tuple(rows[start - 1 : end]))
            else:
                stack.append(node)  # what is in one that is too long may be short enough
