"""
Python source of any version, 2 and 3, as the `ast` nodes of the running one.

The running Python's own parser reads what it can, at 15 ms per 1,000 lines. Where it cannot, for
a newer syntax, an older one or a mistake, tree-sitter reads on around the stretch (40 ms).
"""

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import tree_sitter_python
from tree_sitter import Language, Node, Parser

from quality.python.blocks import Blocks

_FEW = 3  # lines lost that are not worth another attempt
_PIECE = re.compile(
    r"^(?:@[^\n]*\n(?:[ \t)\]][^\n]*\n)*)*(?:async\s+def|def|class|import|from)\s", re.MULTILINE
)
_NAME = "<source that is analysed>"


@dataclass(frozen=True, slots=True)
class Parsed:
    tree: ast.Module
    broken: tuple[tuple[int, int], ...] = ()  # from and to which line nobody could read


def parse(text: str) -> Parsed:
    """The module that `text` is, as far as it can be read; never raises.

    Columns count UTF-8 bytes, as `ast` does. Nodes may nest deeper than the stack of whoever
    walks them recursively: long sums and chains of attributes do.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    nulls: tuple[tuple[int, int], ...] = ()
    if "\0" in text:
        nulls = tuple((n, n) for n, line in enumerate(text.split("\n"), 1) if "\0" in line)
        text = text.replace("\0", " ")
    try:
        return Parsed(_python(text), nulls)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        read = min(_readings(text), key=lambda each: _lines(each.broken))
        return Parsed(read.tree, _united([*read.broken, *nulls]))


def _readings(text: str) -> Iterator[Parsed]:
    """Ways to read what Python does not: the first that loses fewest lines is best."""
    whole = tolerant(text)
    yield whole
    if _lines(whole.broken) > _FEW:
        yield _by_definition(text)


def _lines(stretches: tuple[tuple[int, int], ...]) -> int:
    return sum(last - first + 1 for first, last in stretches)


def _by_definition(text: str) -> Parsed:
    """Each piece that begins with a definition or an import by itself.

    A bracket that is never closed swallows all that follows it; so it ends with its piece.
    """
    body: list[ast.stmt] = []
    broken: list[tuple[int, int]] = []
    starts = [0, *(match.start() for match in _PIECE.finditer(text)), len(text)]
    line = 0
    for start, end in pairwise(starts):
        piece = text[start:end]
        try:
            read = Parsed(_python(piece))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            read = tolerant(piece)
        ast.increment_lineno(read.tree, line)
        body += read.tree.body
        broken += ((first + line, last + line) for first, last in read.broken)
        line += piece.count("\n")
    return Parsed(ast.Module(body, []), _united(broken))


def _python(text: str) -> ast.Module:
    # What is analysed may warn ("\d" in a text). A filter for this name alone silences it; it is
    # put in only where it is gone, and no other thread's filters are touched.
    if not any(each[3] is not None and _is_ours(each[3]) for each in warnings.filters):
        warnings.filterwarnings("ignore", module=_NAME)
    return ast.parse(text, _NAME)


def _is_ours(pattern: object) -> bool:
    return getattr(pattern, "pattern", pattern) == _NAME


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_python.language()))


def tolerant(text: str) -> Parsed:
    """As tree-sitter reads it, whatever the running Python makes of it."""
    source = text.encode(errors="replace")
    root = _parser().parse(source).root_node
    blocks = Blocks(source)
    body = blocks.body(root)
    broken = [*blocks.broken, *(_errors(root) if root.has_error else ())]
    return Parsed(ast.Module(body, []), _united(broken))


def _errors(root: Node) -> Iterator[tuple[int, int]]:
    """The lines that the grammar has no place for."""
    todo = [root]
    while todo:
        node = todo.pop()
        if node.is_missing:
            yield node.start_point[0] + 1, node.end_point[0] + 1
        elif node.type == "ERROR":
            loose = [c for c in node.children if not c.type.endswith(("_statement", "_definition"))]
            for each in loose or [node]:
                yield each.start_point[0] + 1, each.end_point[0] + 1
        if node.has_error:
            todo += node.children


def _united(stretches: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    united: list[tuple[int, int]] = []
    for first, last in sorted(stretches):
        if united and first <= united[-1][1] + 1:
            united[-1] = (united[-1][0], max(united[-1][1], last))
        else:
            united.append((first, last))
    return tuple(united)
