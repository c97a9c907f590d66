"""A whole analysis as one SARIF 2.1.0 log."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from quality.finding import Finding, Place, ToolFix
from quality.rating.allowed.applied import Suppressed
from quality.rating.judging import Judgement
from quality.report import EngineRun, Report
from quality.sarif.levels import LEVEL
from quality.sarif.rules import Catalogue, rule_id
from quality.sarif.uris import ROOT, uri_of

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
FINGERPRINT = "pointsman/v1"
_TROUBLE = {  # id -> what it means
    "engine-failed": "An engine broke off or ran out of time; what it would find is not here.",
    "engine-missing": "An engine is not installed; what it would find is not here.",
    "file-unread": "An engine could not read a file.",
    "file-partly-read": "An engine did not judge a part of a file.",
    "note": "What the reader should know of this analysis.",
}


def sarif_log(report: Report, judgement: Judgement, root: Path, version: str) -> dict[str, Any]:
    """`report` and how it was judged, as one run whose extensions are the engines.

    Suppressed findings are in it, marked so. Write it with `json.dumps`: a path that is no UTF-8
    is in it percent-encoded, a message may hold any character. `version` is Pointsman's own.
    """
    hidden = {one.finding.id: one for one in judgement.suppressed}
    findings = [*judgement.findings, *(one.finding for one in judgement.suppressed)]
    findings.sort(key=lambda one: (one.place, rule_id(one)))
    catalogue = Catalogue(findings)
    compared = judgement.new is not None
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": _tool(report, catalogue, version),
                "taxonomies": [catalogue.taxonomy()],
                "automationDetails": {"id": "pointsman/quality/"},
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {ROOT: {"uri": f"{root.as_uri().rstrip('/')}/"}},
                "invocations": [_invocation(report, judgement)],
                "results": [
                    _result(one, catalogue, hidden.get(one.id), compared) for one in findings
                ],
                "properties": _properties(judgement),
            }
        ],
    }


def _tool(report: Report, catalogue: Catalogue, version: str) -> dict[str, Any]:
    return {
        "driver": {
            "name": "Pointsman",
            "version": version,
            "supportedTaxonomies": [{"name": "CWE", "index": 0}],
            "rules": catalogue.rules,
            "notifications": [
                {"id": name, "shortDescription": {"text": text}} for name, text in _TROUBLE.items()
            ],
        },
        "extensions": [
            {"name": run.name} | ({"version": run.version} if run.version else {})
            for run in report.engines
        ],
    }


def _invocation(report: Report, judgement: Judgement) -> dict[str, Any]:
    broken = any(run.state in ("failed", "timed out") for run in report.engines)
    told = [_notification("note", "note", note) for note in judgement.notes]
    return {
        "executionSuccessful": not broken,
        "toolExecutionNotifications": [n for run in report.engines for n in _troubles(run)] + told,
    }


def _troubles(run: EngineRun) -> Iterator[dict[str, Any]]:
    if run.state in ("failed", "timed out"):
        yield _notification("engine-failed", "error", f"{run.name} {run.state}: {run.why}")
    elif run.state == "missing":
        yield _notification("engine-missing", "warning", f"{run.name} is missing: {run.why}")
    for path, why in run.unread.items():
        yield _notification("file-unread", "warning", f"{run.name}: {why}", path)
    for path, why in run.notes.items():
        yield _notification("file-partly-read", "note", f"{run.name}: {why}", path)


def _notification(name: str, level: str, text: str, path: str = "") -> dict[str, Any]:
    told: dict[str, Any] = {"descriptor": {"id": name}, "level": level, "message": {"text": text}}
    if path:
        told["locations"] = [{"physicalLocation": {"artifactLocation": _artifact(path)}}]
    return told


def _result(
    finding: Finding, catalogue: Catalogue, hidden: Suppressed | None, compared: bool
) -> dict[str, Any]:
    name = rule_id(finding)
    result: dict[str, Any] = {
        "ruleId": name,
        "ruleIndex": catalogue.index[name],
        "level": LEVEL[finding.severity],
        "message": {"text": finding.message or finding.rule},
        "locations": [{"physicalLocation": _physical(finding.place)}],
        "suppressions": [_suppression(hidden, finding)] if hidden else [],
        "properties": {
            "kind": finding.kind,
            "severity": finding.severity,
            "confidence": finding.confidence,
            "effort_min": finding.effort_min,
            "engines": list(finding.engines or (finding.engine,)),
            "model_says": finding.model_says,
        },
    }
    if finding.id:
        result["partialFingerprints"] = {FINGERPRINT: finding.id}
    if compared:
        result["baselineState"] = "new" if finding.new else "unchanged"
    if finding.cwe:
        result["taxa"] = catalogue.taxa(finding.cwe)
    if finding.flow:
        steps = [
            {"location": {"physicalLocation": _physical(s.place), "message": {"text": s.says}}}
            for s in finding.flow
        ]
        result["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
    if finding.fix and finding.fix.edits:
        result["fixes"] = [_fix(finding.fix, finding.engine)]
    return result


def _suppression(hidden: Suppressed, finding: Finding) -> dict[str, Any]:
    at = Place(finding.place.path, hidden.line, hidden.line)
    return {
        "kind": "inSource",
        "justification": hidden.reason,
        "location": {"physicalLocation": _physical(at)},
    }


def _fix(fix: ToolFix, engine: str) -> dict[str, Any]:
    of_file: dict[str, list[dict[str, Any]]] = {}
    for edit in fix.edits:
        of_file.setdefault(edit.place.path, []).append(
            {"deletedRegion": _region(edit.place), "insertedContent": {"text": edit.text}}
        )
    return {
        "description": {"text": fix.says or f"The fix that {engine} proposes"},
        "artifactChanges": [
            {"artifactLocation": _artifact(path), "replacements": replacements}
            for path, replacements in of_file.items()
        ],
        "properties": {"safe": fix.safe},
    }


def _physical(place: Place) -> dict[str, Any]:
    return {"artifactLocation": _artifact(place.path), "region": _region(place)}


def _artifact(path: str) -> dict[str, Any]:
    return {"uri": uri_of(path), "uriBaseId": ROOT}


def _region(place: Place) -> dict[str, Any]:
    """Ours and SARIF's both end before `endColumn`, or at the end of the line without one."""
    region = {"startLine": place.line, "startColumn": place.column, "endLine": place.end_line}
    if place.end_column:
        region["endColumn"] = place.end_column
    return region


def _properties(judgement: Judgement) -> dict[str, Any]:
    return {
        "gate": asdict(judgement.gate),
        "ratings": asdict(judgement.ratings),
        "measures": asdict(judgement.measures),
        "new": asdict(judgement.new) if judgement.new else None,
        "fixed": [asdict(one) for one in judgement.fixed],
    }
