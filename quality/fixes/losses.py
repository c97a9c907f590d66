"""What a model's fix must not take away: calls, checks and results beside the finding itself."""

import ast
from collections import Counter
from collections.abc import Iterator

from quality.finding import Finding
from quality.fixes.content import lines
from quality.fixes.errors import Refused
from quality.fixes.passage import Passage
from quality.python.walking import walk

# What only turns a value into another: a fix may well do without.
_PURE = (
    "format join encode decode strip lstrip rstrip replace lower upper split str int bytes repr "
    "Markup mark_safe SafeString list dict set tuple len append hexdigest digest keys get"
)
_LEAKS = frozenset({209, 215, 489, 497, 532})  # mended by saying less
_GUARDS = ast.Raise | ast.Assert


def check_losses(old: ast.AST, new: ast.AST, finding: Finding) -> None:
    """What the code did, it does still; only the finding's own statements may do otherwise.

    Raises:
        Refused: a call, a check or a result is gone.
    """
    own = _own_lines(old, finding)
    kept, had = Counter(_calls(new, frozenset())), Counter(_calls(old, frozenset()))
    if lost := (Counter(_calls(old, own)) - kept):
        raise Refused(f"it drops a call of {min(lost)}")
    effects = sum(n for name, n in (had - kept).items() if name not in _PURE.split())
    leak = finding.kind == "smell" or bool(_LEAKS & set(finding.cwe))
    if not leak and effects > (kept - had).total():
        raise Refused("it deletes the code instead of mending it")
    if finding.kind != "smell" and (gone := _tests(old, own) - _tests(new, frozenset())):
        raise Refused(f"it drops the check `{min(gone)[:80]}`")
    for what, count in (("raise or assert", _guards), ("result", _results)):
        if count(new) < count(old):
            raise Refused(f"it drops a {what}")


def _own_lines(tree: ast.AST, finding: Finding) -> frozenset[int]:
    """The lines of the statements that the finding, or its way there, is about."""
    here = finding.place
    places = [here, *(step.place for step in finding.flow if step.place.path == here.path)]
    marked = {row for p in places for row in range(p.line, max(p.line, p.end_line) + 1)}
    found = set(marked)
    for node in walk(tree):
        if isinstance(node, ast.stmt) and not hasattr(node, "body"):
            rows = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            if not marked.isdisjoint(rows):
                found.update(rows)
    return frozenset(found)


def check_kept(old: str, new: str, tree: ast.Module, around: Passage, finding: Finding) -> None:
    """Lines that have nothing to do with the finding stand as they did.

    `old` and `new` are whole files, `tree` is the old one. A smell is mended by writing anew.

    Raises:
        Refused: one does not.
    """
    if finding.kind == "smell":
        return
    free = _related(tree, _own_lines(tree, finding), around)
    had = [line.strip() for line in lines(old)]
    beyond = Counter(had[: around.start - 1] + had[around.end :])
    kept = Counter(line.strip() for line in lines(new)) - beyond
    rows = range(around.start, around.end + 1)
    wanted = Counter(had[row - 1] for row in rows if row not in free)
    for line in wanted - kept:
        if not line.startswith("#"):
            raise Refused(f"it changes `{line[:80]}`, which the finding is not about")


def _related(tree: ast.Module, own: frozenset[int], around: Passage) -> set[int]:
    """The lines `own`, and those of statements that give them a value or take one from them."""
    simple = [
        node
        for node in walk(tree)
        if isinstance(node, ast.stmt)
        and not hasattr(node, "body")
        and around.start <= node.lineno <= around.end
    ]
    mine = [node for node in simple if node.lineno in own]
    read = {name for node in mine for name in _names(node, ast.Load)}
    written = {name for node in mine for name in _names(node, ast.Store)}
    found = set(own)
    for node in simple:
        if read & _names(node, ast.Store) or written & _names(node, ast.Load):
            found.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return found


def _names(node: ast.AST, context: type[ast.expr_context]) -> set[str]:
    return {
        part.id
        for part in walk(node)
        if isinstance(part, ast.Name) and isinstance(part.ctx, context)
    }


def _calls(tree: ast.AST, but: frozenset[int]) -> Iterator[str]:
    """The last name of every call that does not stand on the lines `but`."""
    for node in walk(tree):
        if isinstance(node, ast.Call) and node.lineno not in but:
            yield _last_name(node.func)


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return "a result"


def _tests(tree: ast.AST, but: frozenset[int]) -> Counter[str]:
    """The conditions that are asked, as text."""
    return Counter(
        ast.unparse(node.test)
        for node in walk(tree)
        if isinstance(node, ast.If | ast.IfExp | ast.While | ast.Assert)
        and node.test.lineno not in but
    )


def _guards(tree: ast.AST) -> int:
    return sum(isinstance(node, _GUARDS) for node in walk(tree))


def _results(tree: ast.AST) -> int:
    """How many values are given back that are worked out."""
    giving = ast.Return | ast.Yield | ast.YieldFrom
    return sum(
        isinstance(node, giving)
        and node.value is not None
        and not isinstance(node.value, ast.Constant)
        for node in walk(tree)
    )
