"""A report on code for a person at a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from quality.examining import Examination
from quality.finding import SEVERITIES, Finding
from quality.rating.gate import Condition
from quality.rating.letters import in_days
from quality.rating.measures import Measures, is_issue
from quality.report import EngineRun
from tools.quality.telling import worst

RED, GREEN, YELLOW, CYAN, BOLD, DIM = 31, 32, 33, 36, 1, 2
OF_SEVERITY = {"blocker": RED, "critical": RED, "major": YELLOW, "minor": CYAN, "info": DIM}
OF_LETTER = {"A": GREEN, "B": GREEN, "C": YELLOW, "D": RED, "E": RED}
UNREAD_SHOWN = 5


class _Paper:
    def __init__(self, colour: bool) -> None:
        self._colour = colour

    def ink(self, text: str, code: int) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text

    def plain(self, text: str) -> str:
        """Text of others on one line, and nothing in it that moves a cursor."""
        return "".join(c if c.isprintable() else " " for c in text)


def written(
    examination: Examination, *, colour: bool, limit: int, answer: dict[str, Any] | None = None
) -> str:
    """The report, with at most `limit` findings."""
    paper = _Paper(colour)
    judgement = examination.judgement
    lines = [*_answer(paper, answer), *_gate(paper, examination), ""]
    lines += [*_ratings(paper, examination), *_measures(judgement.measures), ""]
    lines += _findings(paper, judgement.findings, limit)
    lines += [*_engines(paper, examination.report.engines), *_rest(paper, examination)]
    return "\n".join(lines)


def _answer(paper: _Paper, answer: dict[str, Any] | None) -> Iterator[str]:
    if answer:
        yield from (paper.plain(line) for line in str(answer["text"]).splitlines())
        yield ""


def _gate(paper: _Paper, examination: Examination) -> Iterator[str]:
    gate = examination.judgement.gate
    passed = gate.status == "passed"
    yield paper.ink("Quality gate  ", BOLD) + paper.ink(
        "PASSED" if passed else "FAILED", GREEN if passed else RED
    )
    for condition in gate.conditions:
        if condition.blocks or condition.status == "not_measured":
            sign = paper.ink("x", RED) if condition.blocks else paper.ink("?", DIM)
            yield f"  {sign} {_condition(condition)}"


def _condition(condition: Condition) -> str:
    name = condition.metric.replace("_pct", " %").replace("_", " ")
    of_new = " of new code" if condition.on == "new" else ""
    actual = "not measured" if condition.actual is None else _number(condition.actual)
    wanted = "at most" if condition.operator == "<=" else "at least"
    note = f": {condition.note}" if condition.note else ""
    return f"{name}{of_new}: {actual} ({wanted} {_number(condition.threshold)}){note}"


def _number(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def _ratings(paper: _Paper, examination: Examination) -> Iterator[str]:
    ratings = examination.judgement.ratings
    letters = {
        "reliability": ratings.reliability,
        "security": ratings.security,
        "maintainability": ratings.maintainability,
        "security review": ratings.security_review,
    }
    told = (
        f"{name} {paper.ink(letter, OF_LETTER[letter]) if letter else '-'}"
        for name, letter in letters.items()
    )
    yield "Ratings       " + "   ".join(told)


def _measures(measures: Measures) -> Iterator[str]:
    parts = [
        (measures.ncloc, "{:,} lines of code"),
        (measures.files, "{:,} files"),
        (measures.complexity, "complexity {:,}"),
        (measures.cognitive_complexity, "cognitive {:,}"),
        (measures.duplication_pct, "{:.1f} % duplicated"),
        (measures.coverage_pct, "{:.1f} % covered"),
    ]
    told = [form.format(value) for value, form in parts if value is not None]
    yield "Measures      " + "   ".join([*told, f"debt {in_days(measures.debt_min)}"])
    counts = [f"{n} {s}" for s in reversed(SEVERITIES) if (n := measures.by_severity.get(s, 0))]
    hotspots = measures.by_kind.get("hotspot", 0)
    yield "Issues        " + "   ".join([*counts, f"{hotspots} hotspots"])


def _findings(paper: _Paper, findings: Sequence[Finding], limit: int) -> Iterator[str]:
    issues_first = sorted(worst(findings), key=lambda finding: not is_issue(finding))
    told = sorted(issues_first[:limit], key=lambda finding: finding.place)
    for path, group in groupby(told, key=lambda finding: finding.place.path):
        yield paper.ink(paper.plain(path), BOLD)
        for finding in group:
            yield from _finding(paper, finding)
        yield ""
    if len(findings) > len(told):
        yield paper.ink(f"{len(findings) - len(told)} more: --limit {len(findings)}", DIM)
        yield ""


def _finding(paper: _Paper, finding: Finding) -> Iterator[str]:
    word = finding.severity if is_issue(finding) else "hotspot"
    cwe = f"  CWE-{finding.cwe[0]}" if finding.cwe else ""
    new = paper.ink("  new", GREEN) if finding.new else ""
    opinion = "  (a model's opinion)" if finding.model_says else ""
    credit = paper.ink(f"[{'+'.join(finding.engines)}:{finding.rule} {finding.id}]", DIM)
    yield (
        f"  {finding.place.line:>5}  {paper.ink(f'{word:8}', OF_SEVERITY[finding.severity])}{new}"
        f"{cwe}  {paper.plain(finding.message)}{opinion}  {credit}"
    )
    for step in finding.flow:
        at = f"{step.place.path}:{step.place.line}"
        yield paper.ink(f"         {paper.plain(at)}  {paper.plain(step.says)}", DIM)


def _engines(paper: _Paper, engines: Sequence[EngineRun]) -> Iterator[str]:
    done = (f"{run.name} {run.version}" for run in engines if run.state == "ok")
    yield paper.ink("Engines  " + ", ".join(done), DIM)
    for run in engines:
        if run.state in ("missing", "failed", "timed out"):
            yield paper.ink(f"  {run.name} {run.state}: {paper.plain(run.why)}", YELLOW)
        yield from _partly(paper, f"{run.name} did not read", run.unread, YELLOW)
        yield from _partly(paper, f"{run.name} did not judge all of", run.notes, DIM)


def _partly(paper: _Paper, says: str, files: Mapping[str, str], code: int) -> Iterator[str]:
    for path, why in list(files.items())[:UNREAD_SHOWN]:
        yield paper.ink(paper.plain(f"  {says} {path}: {why}"), code)
    if (more := len(files) - UNREAD_SHOWN) > 0:
        yield paper.ink(f"  {says} {more} more files", code)


def _rest(paper: _Paper, examination: Examination) -> Iterator[str]:
    judgement = examination.judgement
    if skipped := {why: n for why, n in examination.report.skipped.items() if n}:
        told = ", ".join(f"{count} {why}" for why, count in sorted(skipped.items()))
        yield paper.ink(f"Left out  {told}", DIM)
    if judgement.suppressed:
        yield paper.ink(f"Allowed, with a reason  {len(judgement.suppressed)}", DIM)
    if judgement.fixed:
        yield paper.ink(f"Fixed since the baseline  {len(judgement.fixed)}", DIM)
    yield from (paper.ink(paper.plain(note), DIM) for note in judgement.notes)
