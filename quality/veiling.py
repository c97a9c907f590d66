"""Keeps the values of secrets out of what engines quote: types and lint rules show literals."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from quality.finding import Finding, Place
from quality.source import SourceFile, Tree

_HARD_CODED = frozenset({259, 321, 798})
_LITERAL = re.compile(r"[rbuRBU]{0,2}(?:\"([^\"\n]+)\"|'([^'\n]+)'|`([^`\n]+)`)")
_LEAST = 5  # characters; a shorter value is part of too many words
_HIDDEN = "***"


def veiled(findings: Iterable[Finding], tree: Tree) -> list[Finding]:
    """`findings`, in whose words no value of a secret stands that one of them points at.

    A tool's fix that would write such a value is dropped.
    """
    found = list(findings)
    files = {file.path: file for file in tree.files}
    values = {value for one in found for value in _values(one, files)}
    if not values:
        return found
    secret = re.compile("|".join(map(re.escape, sorted(values, key=len, reverse=True))))
    return [_veiled(one, secret) for one in found]


def _values(finding: Finding, files: Mapping[str, SourceFile]) -> list[str]:
    file = files.get(finding.place.path)
    if file is None or not _HARD_CODED.intersection(finding.cwe):
        return []
    text = _stretch(file.text, finding.place)
    literal = _LITERAL.fullmatch(text)
    if literal is None and finding.engine != "secrets":
        return []
    value = next(filter(None, literal.groups())) if literal else text
    return [value] if len(value) >= _LEAST else []


def _stretch(text: str, place: Place) -> str:
    """What stands at `place`; "" for more than a line."""
    lines = text.split("\n")
    if place.line != place.end_line or not 0 < place.line <= len(lines):
        return ""
    end = place.end_column - 1 if place.end_column else None
    return lines[place.line - 1][place.column - 1 : end].strip()


def _veiled(finding: Finding, secret: re.Pattern[str]) -> Finding:
    says = (finding.message, finding.remediation, *(step.says for step in finding.flow))
    fix = finding.fix
    if fix and any(secret.search(text) for text in (fix.says, *(e.text for e in fix.edits))):
        fix = None
    if fix is finding.fix and not any(map(secret.search, says)):
        return finding
    return replace(
        finding,
        message=secret.sub(_HIDDEN, finding.message),
        remediation=secret.sub(_HIDDEN, finding.remediation),
        flow=tuple(replace(s, says=secret.sub(_HIDDEN, s.says)) for s in finding.flow),
        fix=fix,
    )
