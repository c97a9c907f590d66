"""Fixes written into the files that they were made for: all of them, or none."""

import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from anyio import to_thread

from quality.finding import Finding
from quality.fixes.changes import composed, hunks
from quality.fixes.content import content, lines
from quality.fixes.errors import NotApplied, Refused
from quality.fixes.fix import Fix, Means
from quality.fixes.judging import unread
from quality.fixes.verifying import Bench, Changed
from quality.fixes.writing import Target, open_target
from quality.python.parse import parse
from quality.source import Tree

_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class _Whole:
    """A file with all its fixes."""

    before: bytes
    after: bytes
    text: str  # as it is in a `SourceFile`
    old: str


async def apply(
    fixes: Sequence[Fix],
    findings: Sequence[Finding],
    tree: Tree,
    roots: Sequence[Path],
    means: Means,
) -> tuple[str, ...]:
    """Write `fixes`, which mend `findings` of `tree`; the paths of the files that changed.

    Several are verified together first. A file is only written if it still is what was analysed.

    Raises:
        NotApplied: nothing was written, and why.
    """
    for fix in fixes:
        if not fix.verified.whole:
            raise NotApplied(fix.change.path, "the fix was not verified")
        if fix.change.root != tree.root:
            raise NotApplied(fix.change.path, "the fix is of another analysis")
    try:
        changes = await to_thread.run_sync(_composed, fixes)
        if len(fixes) > 1:
            mended = {fix.issue_id for fix in fixes}
            await _verify(changes, [f for f in findings if f.id in mended], tree, means)
    except Refused as refused:
        raise NotApplied(", ".join(sorted({f.change.path for f in fixes})), refused.why) from None
    await to_thread.run_sync(_write, tree.root, list(roots), changes)
    return tuple(sorted(changes))


def _composed(fixes: Sequence[Fix]) -> dict[str, _Whole]:
    """
    Raises:
        Refused: two fixes of a file do not go together.
    """
    by_path: dict[str, list[Fix]] = {}
    for fix in fixes:
        by_path.setdefault(fix.change.path, []).append(fix)
    return {path: _whole(path, group) for path, group in by_path.items()}


def _whole(path: str, fixes: Sequence[Fix]) -> _Whole:
    before = fixes[0].change.before
    if any(fix.change.before != before for fix in fixes):
        raise Refused("the fixes are of different versions of the file")
    language = "python" if path.endswith((".py", ".pyi", ".pyw")) else "text"
    old = content(before, language)
    old_lines = lines(old.text)
    changed = [hunks(old_lines, lines(content(f.change.after, language).text)) for f in fixes]
    new = "".join(composed(old_lines, changed))
    return _Whole(before, old.encode(new), old.whole(new), old.text if language != "text" else "")


async def _verify(
    changes: Mapping[str, _Whole], findings: Sequence[Finding], tree: Tree, means: Means
) -> None:
    """
    Raises:
        Refused: together they do not hold.
    """
    for whole in changes.values():
        if whole.old and unread(parse(whole.text)) > unread(parse(whole.old)):
            raise Refused("together they do not parse")
    changed = {path: Changed(whole.after, whole.text) for path, whole in changes.items()}
    verified = await Bench(tree, means).verify(changed, findings)
    if not verified.whole:
        raise Refused("together they could not be verified")


class _Step(NamedTuple):
    target: Target
    whole: _Whole
    like: os.stat_result


def _write(root: Path, roots: list[Path], changes: Mapping[str, _Whole]) -> None:
    """
    Raises:
        NotApplied: a file is not as it was, or cannot be written; then none is.
    """
    with ExitStack() as stack:
        steps: list[_Step] = []
        for path, whole in changes.items():
            target = stack.enter_context(open_target(roots, root, path))
            steps.append(_Step(target, whole, _checked(target, whole)))
        for step in steps:
            step.target.prepare(step.whole.after, step.like)
        _replace(steps)


def _checked(target: Target, whole: _Whole) -> os.stat_result:
    """
    Raises:
        NotApplied: it changed since, or nobody may write it.
    """
    raw, status = target.read()
    if raw != whole.before:
        raise NotApplied(target.path, "it changed since it was analysed")
    if not stat.S_IMODE(status.st_mode) & _WRITABLE:
        raise NotApplied(target.path, "it is read-only")
    return status


def _replace(steps: Sequence[_Step]) -> None:
    done: list[_Step] = []
    try:
        for step in steps:
            _checked(step.target, step.whole)
            step.target.replace()
            done.append(step)
    except NotApplied as failed:
        stuck = [step.target.path for step in reversed(done) if not _put_back(step)]
        if stuck:
            why = f"{failed.why}; {', '.join(stuck)} could not be put back and holds its fix"
            raise NotApplied(failed.path, why) from failed
        raise


def _put_back(step: _Step) -> bool:
    try:
        step.target.prepare(step.whole.before, step.like)
        step.target.replace()
    except NotApplied:
        return False
    return True
