"""Findings, counts, the gate and the engines, in words."""

from collections import Counter
from collections.abc import Iterator, Sequence
from posixpath import dirname

from quality.files.languages import holds_tests
from quality.finding import SEVERITIES, Finding
from quality.question.facts import Facts
from quality.question.filter import Filter, Group
from quality.question.paths import fits
from quality.rating.gate import Condition

_NAMED = {"bug": ("bug", "bugs"), "vulnerability": ("vulnerability", "vulnerabilities"),
          "hotspot": ("hotspot", "hotspots"), "smell": ("smell", "smells")}  # fmt: skip


def subject(asked: Filter, count: int) -> str:
    """What is counted: "new critical or worse bugs in shop/"."""
    many = count != 1
    kinds = [_NAMED[kind][many] for kind in sorted(asked.kinds)]
    noun = " or ".join(kinds) or ("findings" if many else "finding")
    parts = [
        "new" if asked.new else "",
        f"{asked.severity} or worse" if asked.severity and asked.severity != "blocker" else "",
        "blocker" if asked.severity == "blocker" else "",
        noun,
        f"of {asked.named}" if asked.named else "",
        f"(CWE {', '.join(map(str, asked.cwe))})" if asked.named == "weakness" else "",
        f"by {asked.engine}" if asked.engine else "",
        f"in {asked.path}" if asked.path else "",
    ]
    return " ".join(part for part in parts if part)


def counted(asked: Filter, found: Sequence[Finding]) -> str:
    """How many fit, and how severe they are."""
    severities = Counter(finding.severity for finding in found)
    split = ", ".join(f"{severities[s]} {s}" for s in reversed(SEVERITIES) if severities[s])
    return f"{len(found)} {subject(asked, len(found))}" + (f": {split}." if split else ".")


def listed(found: Sequence[Finding], limit: int) -> list[str]:
    lines = [line(finding) for finding in found[:limit]]
    if len(found) > limit:
        lines.append(f"... and {len(found) - limit} more.")
    return lines


def line(finding: Finding) -> str:
    """One finding, with its id, its place and what is wrong."""
    cwe = f" CWE-{finding.cwe[0]}" if finding.cwe else ""
    said = "a model's opinion, " if finding.model_says else ""
    place = f"{finding.place.path}:{finding.place.line}"
    message = " ".join(finding.message.split())
    return f"- [{finding.id}] {said}{finding.severity} {finding.kind}{cwe} at {place}: {message}"


def grouped(found: Sequence[Finding], group: Group, limit: int) -> list[str]:
    """How many there are of each, the most first, with the id of the worst."""
    groups: dict[str, list[Finding]] = {}
    for finding in found:
        for name in _names(finding, group):
            groups.setdefault(name, []).append(finding)
    order = sorted(groups.items(), key=lambda each: (-len(each[1]), each[0]))
    lines = [f"- {name}: {len(each)}, the first is [{each[0].id}]" for name, each in order[:limit]]
    return lines + ([f"... and {len(order) - limit} more."] if len(order) > limit else [])


def _names(finding: Finding, group: Group) -> Iterator[str]:
    match group:
        case "file":
            yield finding.place.path
        case "folder":
            yield f"{dirname(finding.place.path) or '.'}/"
        case "severity":
            yield finding.severity
        case "kind":
            yield finding.kind
        case "rule":
            yield f"{finding.engine} {finding.rule}"
        case "engine":
            yield from finding.engines or (finding.engine,)
        case "cwe":
            yield from (f"CWE-{number}" for number in finding.cwe) if finding.cwe else ("no CWE",)


def first(found: Sequence[Finding], limit: int) -> list[str]:
    """What to mend, with the minutes it takes and what to do."""
    return [
        f"{line(finding)} ({finding.effort_min} min"
        + (", an engine offers a fix" if finding.fix else "")
        + (f"). {finding.remediation}" if finding.remediation else ").")
        for finding in found[:limit]
    ]


def doubts(facts: Facts, asked: Filter) -> list[str]:
    """Why nothing found is not the same as nothing there."""
    ran = sorted(run.name for run in facts.engines if run.state == "ok")
    lacking = sorted(run.name for run in facts.engines if run.state not in ("ok", "skipped"))
    unread = {p for run in facts.engines for p in run.unread if fits(p, asked.path)}
    lines = [f"Looked: {', '.join(ran) or 'nobody'}. That none is found is no proof."]
    if asked.path and not any(fits(path, asked.path) for path in facts.files):
        lines = [f"Nobody looked: no file that was analysed is {asked.path}."]
    if lacking:
        lines.append(f"Did not look: {', '.join(lacking)}.")
    if unread:
        lines.append(f"Not read by every engine: {', '.join(sorted(unread)[:5])}.")
    return lines


def about_gate(facts: Facts) -> tuple[list[str], list[Finding]]:
    """Each condition that fails, and the findings that make it."""
    if facts.gate is None:
        return ["The gate was not judged."], []
    failed = [each for each in facts.gate.conditions if each.blocks]
    lines = [f"The gate {facts.gate.status}."]
    named: list[Finding] = []
    for condition in failed:
        lines.append(_condition(condition))
        why = _causes(facts, condition)
        lines += (f"  {text}" for text in listed(why, 5))
        named += why[:5]
    unmeasured = [each for each in facts.gate.conditions if each.status == "not_measured"]
    lines += (_condition(each) for each in unmeasured if each not in failed)
    return lines, named


def _condition(condition: Condition) -> str:
    name = f"{'new ' if condition.on == 'new' else ''}{condition.metric.replace('_', ' ')}"
    if condition.actual is None:
        return f"- {name} was not measured: {condition.note or 'nobody counted'}."
    wanted = "at most" if condition.operator == "<=" else "at least"
    note = f" ({condition.note})" if condition.note else ""
    return f"- {name} is {condition.actual}, wanted is {wanted} {condition.threshold}{note}."


def _causes(facts: Facts, condition: Condition) -> list[Finding]:
    """The findings that a condition counts, the worst first."""
    kinds = {
        "reliability": ("bug",),
        "security": ("vulnerability",),
        "maintainability": ("smell",),
        "hotspots": ("hotspot",),
        "issues": ("bug", "vulnerability", "smell"),
    }.get(condition.metric, ())
    severity = condition.metric.removesuffix("_issues")
    found = [
        finding
        for finding in facts.findings
        if not finding.model_says
        and (finding.kind in kinds or (finding.severity == severity and finding.kind != "hotspot"))
        and (finding.new or condition.on == "all")
    ]
    main = [finding for finding in found if not holds_tests(finding.place.path)]
    return sorted(main or found, key=lambda each: -SEVERITIES.index(each.severity))


def about_engines(facts: Facts) -> list[str]:
    lines = [
        f"- {run.name} {run.version or ''}".rstrip()
        + f": {run.state}"
        + (f", {run.files} files" if run.files else "")
        + (f", {len(run.unread)} not read" if run.unread else "")
        + (f" ({run.why})" if run.why else "")
        for run in sorted(facts.engines, key=lambda run: run.name)
    ]
    left = ", ".join(f"{count} {why}" for why, count in sorted(facts.skipped.items()) if count)
    return [*lines, f"Files not analysed: {left or 'none'}."]
