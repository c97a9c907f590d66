"""What a SonarQube server is asked for, and its answers in our words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pointsman.quality_settings import Letter
from quality.finding import Finding
from quality.sonarqube.shapes import MeasuresAnswer, ProjectStatus

REACH = 10_000  # results: beyond, it refuses to turn the page
LETTERS: tuple[Letter, ...] = ("A", "B", "C", "D", "E")
RATINGS = {
    "reliability": "reliability_rating",
    "security": "security_rating",
    "maintainability": "sqale_rating",
}
METRICS = {  # our name -> theirs
    "ncloc": "ncloc",
    "files": "files",
    "complexity": "complexity",
    "cognitive_complexity": "cognitive_complexity",
    "duplication_pct": "duplicated_lines_density",
    "coverage_pct": "coverage",
    "debt_min": "sqale_index",
    "bugs": "bugs",
    "vulnerabilities": "vulnerabilities",
    "smells": "code_smells",
    "hotspots": "security_hotspots",
}


@dataclass(frozen=True, slots=True)
class GateCondition:
    """One condition of the quality gate."""

    metric: str  # SonarQube's name of it: "new_coverage"
    passed: bool
    comparator: str  # "LT" or "GT": what makes it fail
    threshold: str | None
    actual: str | None


@dataclass(frozen=True, slots=True)
class Gate:
    status: Literal["passed", "failed", "none"]  # none: the project has not been analysed yet
    conditions: tuple[GateCondition, ...]


@dataclass(frozen=True, slots=True)
class Measures:
    """What is not told is not there, or None."""

    ratings: Mapping[str, Letter]  # of reliability, security, maintainability
    values: Mapping[str, float | None]  # by our name, as in `METRICS`


@dataclass(frozen=True, slots=True)
class Found:
    """Findings, the worst first."""

    findings: tuple[Finding, ...]
    total: int  # as the server counts them; it gives at most `REACH` of them


@dataclass(frozen=True, slots=True)
class Project:
    key: str
    name: str


def gate(told: ProjectStatus) -> Gate:
    status: Literal["passed", "failed", "none"] = "failed" if told.status == "ERROR" else "none"
    if told.status in ("OK", "WARN"):
        status = "passed"
    conditions = (
        GateCondition(
            each.metric_key,
            each.status != "ERROR",
            each.comparator,
            each.error_threshold,
            each.actual_value,
        )
        for each in told.conditions
    )
    return Gate(status, tuple(conditions))


def measures(answer: MeasuresAnswer) -> Measures:
    told = {each.metric: _number(each.value) for each in answer.component.measures}
    letters = {ours: _letter(told.get(theirs)) for ours, theirs in RATINGS.items()}
    return Measures(
        {ours: letter for ours, letter in letters.items() if letter},
        {ours: told.get(theirs) for ours, theirs in METRICS.items()},
    )


def _number(value: str | None) -> float | None:
    try:
        return float(value) if value is not None else None
    except ValueError:  # a measure of words
        return None


def _letter(rating: float | None) -> Letter | None:
    """1.0 to 5.0 as A to E."""
    return LETTERS[int(rating) - 1] if rating is not None and 1 <= rating < 6 else None
