"""`pointsman: allow RULE -- reason` in a comment: what is said there to be known and meant.

* at the end of a line of code: findings that touch that line
* on a line of its own: findings that touch the next line of code
* `allow-file`: findings anywhere in the file
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from quality.finding import Finding
from quality.rating.allowed.comments import Comment, comments
from quality.same import defect_of
from quality.source import SourceFile

_SIGN = "pointsman:"
_WRITTEN = re.compile(
    r"^\W*pointsman:\s*(?P<form>allow(?:-file)?)(?![\w-])\s*(?P<rules>[\w:.,/@ -]*?)\s*"
    r"(?:(?:--|—)\s*(?P<reason>.*?))?\s*(?:\*/|-->)?\s*$",
    re.DOTALL,
)
_LONGEST = 2000  # characters of a comment: the pattern is not linear
_NAMED = re.compile(r"[\w:./@-]+")
# What other tools take for the same; only their own engines heed them.
_SIGNS = ("noqa", "nosec", "nosemgrep", "nolint", "eslint-disable", "oxlint-disable", "NOSONAR")
_FOREIGN = re.compile(rf"\b({'|'.join(_SIGNS)})\b")


@dataclass(frozen=True, slots=True)
class Allowance:
    """One such comment."""

    path: str
    line: int  # where it is written
    covers: int | None  # the line it speaks of; None: the whole file
    rules: tuple[str, ...]  # "S324", "ruff:S324", "CWE-328", or the name several engines share
    reason: str


def names_of(finding: Finding) -> set[str]:
    """What an allowance may call `finding`: its rule or its weakness."""
    return {
        finding.rule,
        defect_of(finding),
        *(f"{engine}:{finding.rule}" for engine in (finding.engine, *finding.engines)),
        *(f"CWE-{number}" for number in finding.cwe),
    }


def allowances(file: SourceFile) -> Iterator[Allowance]:
    if _SIGN not in file.text:
        return
    spans = {n: c for c in comments(file.text, file.language) for n in range(c.line, c.last + 1)}
    following = _following(file.text.split("\n"), spans)
    for comment in dict.fromkeys(spans.values()):
        if len(comment.text) <= _LONGEST and (written := _WRITTEN.match(comment.text)):
            whole = written["form"] == "allow-file"
            covers = None if whole else _covered(comment, following)
            rules = tuple(_NAMED.findall(written["rules"]))
            yield Allowance(file.path, comment.line, covers, rules, written["reason"] or "")


def _covered(comment: Comment, following: Sequence[int]) -> int:
    """The line of code that a comment speaks of: its own, or the next."""
    alone = comment.alone and comment.last < len(following)
    return (following[comment.last] if alone else 0) or comment.line


def _following(lines: Sequence[str], spans: Mapping[int, Comment]) -> list[int]:
    """For each line, the first from there on that holds code; 0: none does."""
    found = [0] * len(lines)
    code = 0
    for number in range(len(lines), 0, -1):
        if lines[number - 1].strip() and not (number in spans and spans[number].alone):
            code = number
        found[number - 1] = code
    return found


def foreign(file: SourceFile) -> Iterator[str]:
    """The signs of other tools in the comments of `file`: "noqa", "nosec"..."""
    if any(sign in file.text for sign in _SIGNS):
        for comment in comments(file.text, file.language):
            yield from _FOREIGN.findall(comment.text)
