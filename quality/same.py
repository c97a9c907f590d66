"""Which defect a finding is of, whoever found it, and what it is called for ever."""

import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from quality.finding import Finding
from quality.source import SourceFile, Tree

_ID = 16  # hexadecimal digits
_LONGEST = 60  # lines of one statement; beyond it, a bracket was misread
# What nobody closes ends with its line or the file: a pattern that could fail after reading on
# would take a hostile file quadratic time.
_SINGLE, _DOUBLE = r"'(?:[^'\\\n]|\\.)*'?", r"\"(?:[^\"\\\n]|\\.)*\"?"
_TOKEN = re.compile(
    r"'''(?:[^\\]|\\.)*?(?:'''|\\?\Z)|\"\"\"(?:[^\\]|\\.)*?(?:\"\"\"|\\?\Z)"
    rf"|{_SINGLE}|{_DOUBLE}|#[^\n]*|[(\[{{]|[)\]}}]|\n",
    re.DOTALL,
)
_OF_BRACES = rf"`(?:[^`\\]|\\.)*`?|{_DOUBLE}|//[^\n]*|/\*.*?(?:\*/|\Z)|[(\[]|[)\]]|\n"
_TOKEN_OF_RUST = re.compile(_OF_BRACES, re.DOTALL)  # where an apostrophe may begin a lifetime
_TOKEN_OF_BRACES = re.compile(f"{_SINGLE}|{_OF_BRACES}", re.DOTALL)
_TOKENS = {"python": _TOKEN, "rust": _TOKEN_OF_RUST}


class _Families(BaseModel):
    model_config = ConfigDict(extra="forbid")

    cwe: dict[str, tuple[int, ...]]
    rules: dict[str, tuple[str, ...]]


class _Known(NamedTuple):
    by_cwe: dict[int, str]
    by_rule: dict[str, str]


@cache
def _known() -> _Known:
    raw = Path(__file__).with_name("families.toml").read_text(encoding="utf-8")
    families = _Families.model_validate(tomllib.loads(raw))
    return _Known(
        {cwe: name for name, cwes in families.cwe.items() for cwe in cwes},
        {rule: name for name, rules in families.rules.items() for rule in rules},
    )


def defect_of(finding: Finding) -> str:
    """The name of the defect, the same for all engines that know it."""
    known = _known()
    rule = f"{finding.engine}:{finding.rule}"
    if rule in known.by_rule:
        return known.by_rule[rule]
    for cwe in finding.cwe:
        if cwe in known.by_cwe:
            return known.by_cwe[cwe]
    if finding.cwe and finding.kind in ("vulnerability", "hotspot"):
        return f"cwe-{finding.cwe[0]}"
    return rule


def is_shared(defect: str) -> bool:
    """Whether several engines may tell of it; else it has its engine's name in its own."""
    return ":" not in defect


def identified(findings: Sequence[Finding], tree: Tree) -> list[Finding]:
    """`findings`, in order of place, each with its `id`.

    It is made of the defect, the path, and the statement with its number among those that read the
    same: so it stays as lines move, and whichever engines tell of it.
    """
    files = {file.path: file for file in tree.files}
    lines: dict[tuple[str, bool], _Lines] = {}
    taken: Counter[tuple[str, str, int]] = Counter()
    named = []
    for finding in sorted(findings, key=lambda one: (one.place, one.engine, one.rule)):
        path, defect = finding.place.path, defect_of(finding)
        key = (path, is_shared(defect))
        if key not in lines:
            lines[key] = _lines(files.get(path), whole=is_shared(defect))
        start, text, number = lines[key].at(finding.place.line)
        again = taken[path, defect, start]
        taken[path, defect, start] += 1
        parts = "\0".join((defect, path, text, str(number), str(again)))
        digest = sha256(parts.encode("utf-8", "replace")).hexdigest()[:_ID]
        named.append(replace(finding, id=digest))
    return named


class _Lines(NamedTuple):
    starts: list[int]  # of each line, the first line of its statement; both from 0
    texts: dict[int, str]  # by first line
    numbers: dict[int, int]  # by first line, how many before it read the same

    def at(self, line: int) -> tuple[int, str, int]:
        if not 0 < line <= len(self.starts):
            return 0, "", 0
        start = self.starts[line - 1]
        return start, self.texts[start], self.numbers[start]


def _lines(file: SourceFile | None, *, whole: bool) -> _Lines:
    """The lines of `file`, or its `whole` statements, with blanks made one."""
    if file is None:
        return _Lines([], {}, {})
    physical = file.text.split("\n")
    starts = _starts(file, len(physical)) if whole else list(range(len(physical)))
    parts: dict[int, list[str]] = {}
    for line, start in zip(physical, starts, strict=True):
        parts.setdefault(start, []).append(line)
    seen: Counter[str] = Counter()
    texts: dict[int, str] = {}
    numbers: dict[int, int] = {}
    for start, several in parts.items():
        texts[start] = text = " ".join(" ".join(several).split())
        numbers[start] = seen[text]
        seen[text] += 1
    return _Lines(starts, texts, numbers)


def _starts(file: SourceFile, count: int) -> list[int]:
    """The first line of the statement that each line is of: one that an open bracket holds."""
    starts = list(range(count))
    token = _TOKENS.get(file.language, _TOKEN_OF_BRACES)
    line = depth = start = 0
    for found in token.finditer(file.text):
        text = found[0]
        if text in "([{":
            depth += 1
        elif text in ")]}":
            depth = max(0, depth - 1)
        elif "\n" in text:
            held = depth > 0 or text != "\n"
            for _ in range(text.count("\n")):
                line += 1
                if not held or line - start > _LONGEST:
                    start, depth = line, 0
                starts[line] = start
    return starts
