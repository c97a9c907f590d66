"""The findings of one analysis: one for each place and rule, the surest."""

import ast
from dataclasses import replace

from quality.finding import Confidence, Finding, Kind, Place, Severity, Step
from quality.flow.schema import Flow, Pattern
from quality.flow.values import Taint, Trail

ENGINE = "flow"
_KINDS: dict[Kind, int] = {"vulnerability": 3, "bug": 2, "smell": 1, "hotspot": 0}
_CONFIDENCES: dict[Confidence, int] = {"high": 2, "medium": 1, "low": 0}


class Findings:
    def __init__(self) -> None:
        self._found: dict[tuple[str, int, int, str], Finding] = {}
        self._lines: dict[str, list[str]] = {}

    def texts(self, path: str, text: str) -> None:
        """Tell the text of a file, which columns are counted in."""
        if path not in self._lines:
            self._lines[path] = text.splitlines()

    def place(self, path: str, node: ast.AST) -> Place:
        line: int = getattr(node, "lineno", 1)
        end: int = getattr(node, "end_lineno", None) or line
        start = self._column(path, line, getattr(node, "col_offset", 0))
        stop = self._column(path, end, getattr(node, "end_col_offset", None) or 0)
        return Place(path, line, end, start, stop if stop > 1 else 0)

    def _column(self, path: str, line: int, offset: int) -> int:
        lines = self._lines.get(path, [])
        text = lines[line - 1] if 0 < line <= len(lines) else ""
        if text.isascii():
            return offset + 1
        return len(text.encode()[:offset].decode(errors="ignore")) + 1

    def flow(
        self,
        flow: Flow,
        place: Place,
        sink: tuple[str, ast.AST],
        taint: Taint,
        confidence: Confidence,
        severity: Severity,
        message: str,
    ) -> None:
        """Note outside data that reaches a sink."""
        path = (*self._steps(taint.trail), Step(self.place(*sink), "used here"))
        self._add(
            Finding(
                rule=flow.id,
                engine=ENGINE,
                kind="vulnerability",
                severity=severity,
                place=place,
                message=message,
                cwe=flow.cwe,
                remediation=flow.remediation,
                flow=path,
                effort_min=flow.effort_min,
                confidence=confidence,
            )
        )

    def hotspot(self, flow: Flow, place: Place, message: str) -> None:
        """Note a sink that no outside data was seen to reach."""
        self._add(
            Finding(
                rule=flow.id,
                engine=ENGINE,
                kind="hotspot",
                severity=flow.hotspot_severity,
                place=place,
                message=f"{message} Make sure that no outside data comes here.",
                cwe=flow.cwe,
                remediation=flow.remediation,
                effort_min=flow.effort_min,
                confidence="low",
            )
        )

    def pattern(self, pattern: Pattern, place: Place) -> None:
        self._add(
            Finding(
                rule=pattern.id,
                engine=ENGINE,
                kind=pattern.kind,
                severity=pattern.severity,
                place=place,
                message=pattern.message,
                cwe=pattern.cwe,
                remediation=pattern.remediation,
                effort_min=pattern.effort_min,
                confidence=pattern.confidence,
            )
        )

    def _add(self, finding: Finding) -> None:
        key = (finding.place.path, finding.place.line, finding.place.column, finding.rule)
        known = self._found.get(key)
        if known is None or _weight(finding) > _weight(known):
            self._found[key] = finding

    def _steps(self, trail: Trail) -> list[Step]:
        steps: list[Step] = []
        each: Trail | None = trail
        while each:
            step = Step(self.place(each.path, each.node), each.says)
            if not steps or steps[-1].place != step.place:
                steps.append(step)
            each = each.before
        return steps[::-1]

    def all(self, path: str) -> list[Finding]:
        """Those of one file, in the order of its lines."""
        found = [each for each in self._found.values() if each.place.path == path]
        return sorted((replace(f) for f in found), key=lambda f: (f.place, f.rule))


def _weight(finding: Finding) -> tuple[int, int]:
    return _KINDS[finding.kind], _CONFIDENCES[finding.confidence]
