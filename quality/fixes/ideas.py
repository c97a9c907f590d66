"""Changes that need no model: what the engine offers, and our own rewrites, the safest first."""

from collections.abc import Iterator
from dataclasses import dataclass

from quality.finding import Finding
from quality.fixes.codemods.rewriting import rewrites
from quality.fixes.edits import edited
from quality.fixes.errors import Refused
from quality.fixes.judging import Before


@dataclass(frozen=True, slots=True)
class Idea:
    """A changed text that may be a fix."""

    text: str
    safe: bool
    says: str


def ideas(finding: Finding, before: Before, language: str) -> list[Idea]:
    """
    Raises:
        Refused: the engine's own fix cannot be put in.
    """
    found = [*_from_engine(finding, before.text)]
    if language == "python":
        found += (
            Idea(each.text, each.safe, each.says)
            for each in rewrites(finding, before.text, before.parsed.tree)
        )
    return sorted(found, key=lambda idea: not idea.safe)


def _from_engine(finding: Finding, text: str) -> Iterator[Idea]:
    if (fix := finding.fix) is None:
        return
    if any(edit.place.path != finding.place.path for edit in fix.edits):
        raise Refused("its engine would change another file")
    says = fix.says or f"{finding.engine} mends {finding.rule}"
    yield Idea(edited(text, fix.edits), fix.safe, says)
