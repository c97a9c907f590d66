"""What the three tools take and give."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeVar

from pydantic import Field, model_validator

from quality.finding import Finding, Severity
from tools.tool import Arguments, Caller, Result

A = TypeVar("A", bound=Arguments)
R = TypeVar("R", bound=Result)
Run = Callable[[A, Caller], Awaitable[R]]

Level = Literal["LOW", "MEDIUM", "HIGH", "CRITICAL"]
LEVELS: tuple[Level, ...] = ("LOW", "MEDIUM", "HIGH", "CRITICAL")
# SonarQube's five severities in four words.
LEVEL_OF: dict[Severity, Level] = {
    "info": "LOW",
    "minor": "LOW",
    "major": "MEDIUM",
    "critical": "HIGH",
    "blocker": "CRITICAL",
}
LONGEST_CODE = 2_000_000  # characters


class Subject(Arguments):
    """Code: where it is, or itself."""

    path: str | None = Field(default=None, max_length=4096, description="a file or folder")
    code: str | None = Field(default=None, max_length=LONGEST_CODE, description="or the text")
    language: str | None = Field(default=None, max_length=40, description="of `code`")

    @model_validator(mode="after")
    def _is_one_of_both(self) -> "Subject":
        if (self.path is None) == (self.code is None):
            raise ValueError("give either 'path' or 'code', and not both")
        if self.code is not None and self.language is None:
            raise ValueError("say in which 'language' the code is, as python or typescript")
        if self.code is None and self.language is not None:
            raise ValueError("'language' goes with 'code'; files tell theirs themselves")
        return self


class QualityArguments(Subject):
    new_since: str | None = Field(
        default=None, max_length=200, description="a git ref: judge what changed since"
    )
    question: str | None = Field(default=None, max_length=2000, description="in plain words")
    coverage: str | None = Field(
        default=None, max_length=4096, description="coverage.xml, lcov; else looked for"
    )
    baseline: str | None = Field(default=None, max_length=4096, description="known findings")


class QualityResult(Result):
    gate: dict[str, Any]
    ratings: dict[str, str | None]
    measures: dict[str, Any]
    issues_by_severity: dict[str, int]
    issues: list[dict[str, Any]]
    hotspots: list[dict[str, Any]]
    engines: list[dict[str, Any]]
    skipped: dict[str, int]
    new: dict[str, Any] | None = None
    suppressed: list[dict[str, Any]]
    answer: dict[str, Any] | None = None
    notes: list[str] | None = None


class SecurityArguments(Subject):
    severity: Level = "LOW"


class SecurityResult(Result):
    issues: list[dict[str, Any]]
    hotspots: list[dict[str, Any]]
    engines: list[dict[str, Any]]
    notes: list[str] | None = None


class FixArguments(Arguments):
    issue_id: str | None = Field(default=None, max_length=64)
    path: str | None = Field(default=None, max_length=4096, description="or a file, with its line")
    line: int | None = Field(default=None, ge=1)
    apply: bool = Field(default=False, description="write what was verified")

    @model_validator(mode="after")
    def _is_one_of_both(self) -> "FixArguments":
        if (self.issue_id is None) == (self.path is None):
            raise ValueError("give either 'issue_id' or 'path', and not both")
        if self.line is not None and self.path is None:
            raise ValueError("'line' goes with 'path'")
        return self


class FixResult(Result):
    fixes: list[dict[str, Any]]
    refused: list[dict[str, Any]] | None = None
    notes: list[str] | None = None


def shown(finding: Finding) -> dict[str, Any]:
    """A finding as JSON, without what it has not."""
    place = finding.place
    told: dict[str, Any] = {
        "id": finding.id,
        "rule": finding.rule,
        "engine": finding.engine,
        "kind": finding.kind,
        "severity": finding.severity,
        "file": place.path,
        "line": place.line,
        "end_line": place.end_line,
        "message": finding.message,
        "remediation": finding.remediation,
        "effort_min": finding.effort_min,
        "confidence": finding.confidence,
    }
    if finding.cwe:
        told["cwe"] = f"CWE-{finding.cwe[0]}"
        told["cwes"] = [f"CWE-{number}" for number in finding.cwe]
    if len(finding.engines) > 1:
        told["engines"] = list(finding.engines)
    if finding.flow:
        told["flow"] = [
            {"file": s.place.path, "line": s.place.line, "says": s.says} for s in finding.flow
        ]
    if finding.new:
        told["new"] = True
    if finding.model_says:
        told["model_says"] = True
    return told
