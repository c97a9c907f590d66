"""dead_code: Python that nothing can reach or uses, by vulture."""

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ValidationError

from quality.engine import Facts
from quality.engines.keys import by_file, by_tree, in_languages
from quality.engines.versions import package_version
from quality.engines.working import work
from quality.finding import Analysis, Confidence, Finding, Place, Severity
from quality.source import SourceFile, Tree

_PYTHON = frozenset({"python"})
_NAME = re.compile(r"[^\W\d]\w*")
_SURE = 80  # per cent, by vulture's own estimate


class _Item(BaseModel):
    name: str
    type: Literal[
        "attribute",
        "class",
        "function",
        "import",
        "method",
        "property",
        "variable",
        "unreachable_code",
    ]
    line: int
    end_line: int
    confidence: int
    message: str


class _Facts(BaseModel):
    """What one file defines and uses."""

    used: frozenset[str]
    defined: tuple[_Item, ...]


class _Report(BaseModel):
    results: Mapping[str, _Facts]
    unread: dict[str, str]


class DeadCode:
    """Looks at all files together, of which it reads those that it does not know yet.

    Tests use code, but are not told of: a runner finds what is in them by its name.
    """

    name = "dead_code"
    languages = _PYTHON

    def __init__(self, facts: Facts | None = None) -> None:
        self._facts = facts

    async def version(self) -> str | None:
        return await package_version("vulture")

    def keys(self, tree: Tree) -> Mapping[str, str]:
        return by_tree(tree, _PYTHON, sys.version_info[:2])

    async def analyse(self, stale: Sequence[SourceFile], tree: Tree) -> Analysis:
        files = in_languages(tree, _PYTHON)
        facts, unread = await self._all(files, tree)
        used = frozenset[str]().union(*(one.used for one in facts.values()))
        findings = [
            finding
            for file in stale
            if not file.test and file.path in facts
            for item in facts[file.path].defined
            if (finding := _finding(file.path, item, used)) is not None
        ]
        return Analysis(findings=tuple(findings), unread=unread)

    async def _all(
        self, files: Sequence[SourceFile], tree: Tree
    ) -> tuple[dict[str, _Facts], dict[str, str]]:
        keys = by_file(tree, _PYTHON, sys.version_info[:2])
        version = await self.version() or ""
        known = {}
        if self._facts is not None:
            kept = await self._facts.recall_facts(self.name, version, keys)
            known = {path: facts for path, raw in kept.items() if (facts := _read(raw)) is not None}
        unknown = [one for one in files if one.path not in known]
        report = await work(self.name, _Report, [one for one in unknown if not one.test])
        tests = {one.path: _named_in(one) for one in unknown if one.test}
        fresh = {**report.results, **tests}
        if self._facts is not None:
            raw = {path: one.model_dump_json().encode() for path, one in fresh.items()}
            await self._facts.keep_facts(self.name, version, keys, raw)
        return {**known, **fresh}, report.unread


def _named_in(test: SourceFile) -> _Facts:
    """What a test uses: every name in it, which is found much faster than what uses it."""
    return _Facts(used=frozenset(_NAME.findall(test.text)), defined=())


def _read(raw: bytes) -> _Facts | None:
    try:
        return _Facts.model_validate_json(raw)
    except ValidationError:
        return None


def _finding(path: str, item: _Item, used: frozenset[str]) -> Finding | None:
    """What is told of an item, if nothing uses it."""
    unreachable = item.type == "unreachable_code"
    if not unreachable and item.name in used:
        return None
    severity, confidence = _worth(item)
    return Finding(
        rule="unreachable-code" if unreachable else f"unused-{item.type}",
        engine="dead_code",
        kind="smell",
        severity=severity,
        place=Place(path, max(1, item.line), max(1, item.line, item.end_line)),
        message=f"{item.message[:1].upper()}{item.message[1:]}.",
        cwe=(561,) if unreachable else (1164,),
        remediation="Take it out, unless something outside the project uses it.",
        effort_min=5,
        confidence=confidence,
    )


def _worth(item: _Item) -> tuple[Severity, Confidence]:
    """A public name may be used by those who import the project."""
    if item.type == "unreachable_code":
        return "major", "high"
    if item.confidence >= _SURE:
        return "minor", "high"
    return ("minor", "medium") if item.name.startswith("_") else ("info", "low")
