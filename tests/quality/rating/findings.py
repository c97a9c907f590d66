"""Findings and reports for the tests, with only the fact under test spelt out."""

from collections.abc import Iterable, Mapping
from typing import Any

from quality.finding import FileMeasures, Finding, Place
from quality.report import EngineRun, Report, Totals

ALL = ("checks", "duplication", "flow", "metrics", "ruff")


def finding(path: str = "a.py", line: int = 1, end_line: int = 0, **more: Any) -> Finding:
    said: dict[str, Any] = {"rule": "R1", "engine": "ruff", "kind": "smell", "severity": "major"}
    said |= {"message": "it is wrong", "place": Place(path, line, end_line or line)} | more
    said.setdefault("id", f"{said['rule']}:{path}:{line}")
    return Finding(**said)


def report(
    findings: Iterable[Finding] = (),
    measures: Mapping[str, FileMeasures] | None = None,
    engines: Iterable[EngineRun] | None = None,
) -> Report:
    """One in which every engine that a measure rests on did its work."""
    ran = [EngineRun(name=name, state="ok", files=1) for name in ALL]
    return Report(
        findings=tuple(findings),
        engines=tuple(ran if engines is None else engines),
        measures=measures or {},
        totals=Totals(),
        skipped={},
    )
