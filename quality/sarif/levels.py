"""SARIF's words for how bad something is, and ours."""

from typing import Literal

from quality.finding import Severity

Level = Literal["none", "note", "warning", "error"]

LEVEL: dict[Severity, Level] = {
    "info": "note",
    "minor": "note",
    "major": "warning",
    "critical": "error",
    "blocker": "error",
}
# What code scanning sorts security issues by, as CVSS does: 9 critical, 7 high, 4 medium.
SCORE: dict[Severity, str] = {
    "info": "1.0",
    "minor": "3.0",
    "major": "5.5",
    "critical": "8.0",
    "blocker": "9.5",
}
OF_LEVEL: dict[str, Severity] = {
    "none": "info",
    "note": "minor",
    "warning": "major",
    "error": "critical",
}


def of_score(score: float) -> Severity:
    if score >= 9:
        return "blocker"
    if score >= 7:
        return "critical"
    if score >= 4:
        return "major"
    return "minor" if score > 0 else "info"
