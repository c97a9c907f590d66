"""The three tools answered by a SonarQube server."""

from typing import Any

from pointsman.errors import InvalidInput
from quality.finding import SEVERITIES
from quality.sonarqube.answers import Gate
from quality.sonarqube.server import SonarQube
from quality.sonarqube.words import ENGINE
from tools.quality.forms import (
    LEVEL_OF,
    LEVELS,
    FixArguments,
    QualityArguments,
    QualityResult,
    SecurityArguments,
    SecurityResult,
    shown,
)
from tools.quality.telling import FIRST, leveled, worst

RATINGS = ("reliability", "security", "maintainability")


async def quality_of(server: SonarQube, given: QualityArguments) -> QualityResult:
    """What the server says of a project; `path` is its key, "key:folder", or "." for the default.

    Raises:
        PointsmanError: as `quality.sonarqube.errors` says.
    """
    _refuse(given)
    project, path = _project(given.path)
    gate, measures = await server.gate(project), await server.measures(project, path=path)
    issues = await server.issues(project, path=path)
    hotspots = await server.hotspots(project, path=path)
    counts: dict[str, int] = dict.fromkeys(reversed(SEVERITIES), 0)
    for finding in issues.findings:
        counts[finding.severity] += 1
    values = {name: _whole(value) for name, value in measures.values.items()}
    if values.get("coverage_pct") is None:
        values.pop("coverage_pct", None)
    values["hotspots"] = hotspots.total
    notes = [] if gate.status != "none" else ["The server has not analysed this project yet."]
    if issues.total > len(issues.findings):
        notes.append(f"The server has {issues.total} issues and gives {len(issues.findings)}.")
    return QualityResult(
        gate=_gate(gate),
        ratings={name: measures.ratings.get(name) for name in RATINGS},
        measures=values,
        issues_by_severity=counts,
        issues=[shown(finding) for finding in worst(issues.findings)[:FIRST]],
        hotspots=[shown(finding) for finding in worst(hotspots.findings)[:FIRST]],
        engines=[{"name": ENGINE, "state": "ok", "version": None}],
        skipped={},
        suppressed=[],
        notes=notes or None,
    )


async def dangers_of(server: SonarQube, given: SecurityArguments) -> SecurityResult:
    """The vulnerabilities and hotspots of a project, of at least the severity asked for.

    Raises:
        PointsmanError: as `quality.sonarqube.errors` says.
    """
    project, path = _project(given.path)
    found = await server.security_issues(project, path=path)
    wanted = set(LEVELS[LEVELS.index(given.severity) :])
    findings = worst(one for one in found.findings if LEVEL_OF[one.severity] in wanted)
    notes = []
    if found.total > len(found.findings):
        notes.append(f"The server has {found.total} and gives {len(found.findings)}.")
    return SecurityResult(
        issues=[leveled(one) for one in findings if one.kind == "vulnerability"],
        hotspots=[leveled(one) for one in findings if one.kind == "hotspot"],
        engines=[{"name": ENGINE, "state": "ok", "version": None}],
        notes=notes or None,
    )


async def local_of(server: SonarQube, issue_id: str, apply: bool) -> FixArguments:
    """Where an issue of the server is in the code here: a fix is only offered where our own
    engines see the defect too, and see it gone.

    Raises:
        PointsmanError: as `quality.sonarqube.errors` says.
    """
    finding = await server.finding(issue_id)
    return FixArguments(path=finding.place.path, line=finding.place.line, apply=apply)


def _refuse(given: QualityArguments) -> None:
    if given.question is not None:
        raise InvalidInput(
            "Questions are answered from our own analysis, not from a SonarQube server's.",
            hint="Leave 'question' out, or give 'code'.",
        )
    for name in ("new_since", "coverage", "baseline"):
        if getattr(given, name) is not None:
            raise InvalidInput(
                f"{name!r} cannot be asked of a SonarQube server.",
                hint="Its quality gate judges new code by itself.",
            )


def _project(path: str | None) -> tuple[str | None, str | None]:
    """The key of a project, and a path in it; None: the default, all of it."""
    key, _, within = (path or "").partition(":")
    return (None if key in ("", ".") else key), within or None


def _whole(value: float | None) -> float | int | None:
    return int(value) if value is not None and value == int(value) else value


def _gate(gate: Gate) -> dict[str, Any]:
    """A project without a gate has not passed one."""
    return {
        "status": "passed" if gate.status == "passed" else "failed",
        "conditions": [
            {
                "metric": each.metric,
                "on": "new" if each.metric.startswith("new_") else "all",
                "operator": "<=" if each.comparator == "GT" else ">=",
                "threshold": each.threshold,
                "actual": each.actual,
                "status": "ok" if each.passed else "failed",
                "blocks": not each.passed,
            }
            for each in gate.conditions
        ],
    }
