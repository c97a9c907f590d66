"""An examination as the tools' results have it."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from quality.examining import Examination
from quality.finding import SEVERITIES, Finding
from quality.rating.gate import Gate
from quality.rating.measures import Measures, is_issue
from quality.report import EngineRun
from tools.quality.forms import LEVEL_OF, LEVELS, Level, QualityResult, SecurityResult, shown

FIRST = 50  # issues of `code_quality`
MOST_DANGERS = 2_000  # of `find_security_issues`
MOST_UNREAD = 20  # files that are named
# Weaknesses that bugs are often given and that are rarely dangerous: coding standards, resources
# left to the interpreter to close, results that nobody looks at.
UNTIDY = frozenset({710, 404, 772, 775, 252, 754})


def quality_result(
    examination: Examination, *, first: int | None = FIRST, answer: dict[str, Any] | None = None
) -> QualityResult:
    """What a caller is told, with the `first` issues, the worst before the others; None: all."""
    judgement, report = examination.judgement, examination.report
    issues = [finding for finding in judgement.findings if is_issue(finding)]
    hotspots = [finding for finding in judgement.findings if not is_issue(finding)]
    return QualityResult(
        gate=gate(judgement.gate),
        ratings=asdict(judgement.ratings),
        measures=measures(judgement.measures),
        issues_by_severity={
            severity: judgement.measures.by_severity.get(severity, 0)
            for severity in reversed(SEVERITIES)
        },
        issues=[shown(finding) for finding in worst(issues)[:first]],
        hotspots=[shown(finding) for finding in worst(hotspots)[:first]],
        engines=[engine(run) for run in report.engines],
        skipped={why: count for why, count in report.skipped.items() if count},
        new=None if judgement.new is None else asdict(judgement.new),
        suppressed=[
            {**shown(one.finding), "reason": one.reason} for one in judgement.suppressed[:first]
        ],
        answer=answer,
        notes=list(judgement.notes) or None,
    )


def security_result(examination: Examination, least: Level) -> SecurityResult:
    """The vulnerabilities of at least the level `least`, and the hotspots of it.

    A bug that is a weakness of the CWE (a race, a number that overflows, a lost error) is told
    as a vulnerability is.
    """
    wanted = set(LEVELS[LEVELS.index(least) :])
    found = [f for f in examination.judgement.findings if LEVEL_OF[f.severity] in wanted]
    issues = worst(finding for finding in found if _is_danger(finding))
    hotspots = worst(finding for finding in found if finding.kind == "hotspot")
    notes = list(examination.judgement.notes)
    for name, findings in (("issues", issues), ("hotspots", hotspots)):
        if len(findings) > MOST_DANGERS:
            notes.append(f"Of {len(findings)} {name}, the first {MOST_DANGERS} are told.")
    return SecurityResult(
        issues=[leveled(finding) for finding in issues[:MOST_DANGERS]],
        hotspots=[leveled(finding) for finding in hotspots[:MOST_DANGERS]],
        engines=[engine(run) for run in examination.report.engines],
        notes=notes or None,
    )


def _is_danger(finding: Finding) -> bool:
    weak = finding.kind == "bug" and finding.cwe and finding.cwe[0] not in UNTIDY
    return finding.kind == "vulnerability" or bool(weak)


def worst(findings: Iterable[Finding]) -> list[Finding]:
    """The worst first, then by place."""
    return sorted(findings, key=lambda f: (-SEVERITIES.index(f.severity), f.place, f.rule))


def leveled(finding: Finding) -> dict[str, Any]:
    return {**shown(finding), "severity": LEVEL_OF[finding.severity]}


def gate(gate: Gate) -> dict[str, Any]:
    conditions = []
    for condition in gate.conditions:
        told = asdict(condition)
        blocks = told.pop("blocks")
        conditions.append({k: v for k, v in told.items() if v != ""} | {"blocks": blocks})
    return {"status": gate.status, "conditions": conditions}


def measures(measures: Measures) -> dict[str, Any]:
    """What was counted; what nobody counted is None, but for coverage, which is left out."""
    told = asdict(measures)
    for name in ("coverage_pct", "line_coverage_pct", "branch_coverage_pct"):
        if told[name] is None:
            del told[name]
    return {
        name: round(value, 2) if isinstance(value, float) else value for name, value in told.items()
    }


def engine(run: EngineRun) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": run.name,
        "version": run.version,
        "state": run.state,
        "files": run.files,
        "elapsed_ms": run.elapsed_ms,
    }
    if run.why:
        told["why"] = run.why
    if run.unread:
        told["unread"] = dict(list(run.unread.items())[:MOST_UNREAD])
        told["unread_files"] = len(run.unread)
    if run.notes:
        told["notes"] = dict(list(run.notes.items())[:MOST_UNREAD])
    return told
