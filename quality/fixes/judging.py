"""Whether a changed text may be tried at all, before any engine looks at it."""

import ast
from dataclasses import dataclass

from quality.finding import Finding
from quality.fixes.changes import hunks
from quality.fixes.content import lines
from quality.fixes.errors import Refused
from quality.fixes.fix import Source
from quality.fixes.gains import check_gains
from quality.fixes.losses import check_kept, check_losses
from quality.fixes.marks import check_marks, check_names
from quality.fixes.passage import Passage, passage
from quality.fixes.powers import check_hidden, check_powers
from quality.fixes.scope import check_region, check_size
from quality.fixes.shape import check_ends, check_shape, definitions
from quality.fixes.tricks import check_tricks
from quality.python.parse import Parsed, parse
from quality.python.walking import walk


@dataclass(frozen=True, slots=True)
class Before:
    """A Python file as it was."""

    text: str
    parsed: Parsed


def before(text: str) -> Before:
    return Before(text, parse(text))


def judge(old: Before, new: str, finding: Finding, source: Source) -> None:
    """
    Raises:
        Refused: `new` must not take the place of `old`, and why.
    """
    check_size(hunks(lines(old.text), lines(new)))
    check_marks(old.text, new)
    try:
        _judge_code(old, new, finding, source)
    except RecursionError as error:
        raise Refused("its code is nested too deeply") from error


def _judge_code(old: Before, new: str, finding: Finding, source: Source) -> None:
    tree = old.parsed.tree
    parsed = parse(new)
    if unread(parsed) > unread(old.parsed) or (_compiles(old.text) and not _compiles(new)):
        raise Refused("it does not parse")
    check_names(_names(tree), _names(parsed.tree))
    if source == "tool":  # what our engines rewrite is bounded by their rules
        return
    around = passage(old.text, tree, finding.place)
    check_region(hunks(lines(old.text), lines(new)), around, tree, parsed.tree)
    check_shape(tree, parsed.tree, finding.place)
    part, new_part = parts = _parts(tree, parsed.tree, around)
    check_ends(part, new_part)
    check_powers(tree, parsed.tree, parts, finding.cwe)
    check_hidden(tree, parsed.tree)
    check_tricks(part, new_part)
    check_losses(part, new_part, finding)
    check_kept(old.text, new, tree, around, finding)
    check_gains(part, new_part, parsed.tree)


def _parts(old: ast.Module, new: ast.Module, around: Passage) -> tuple[ast.AST, ast.AST]:
    """The function that was changed, before and after; else the whole modules."""
    after = dict(definitions(new))
    for name, node in definitions(old):
        if node.lineno == around.body and around.function is not None:
            return node, after[name]
    return old, new


def unread(parsed: Parsed) -> int:
    return sum(end - start + 1 for start, end in parsed.broken)


def _compiles(text: str) -> bool:
    """Whether this Python takes it; nothing is run."""
    try:
        compile(text, "<fix>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _names(tree: ast.Module) -> set[str]:
    found = set[str]()
    for node in walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.add(name)
            case ast.ClassDef(name=name) | ast.alias(asname=str(name)):
                found.add(name)
    return found
