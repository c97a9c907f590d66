"""SonarQube's issues, hotspots and rules as findings."""

import html
import re
from collections.abc import Mapping

from quality.finding import SEVERITIES, Confidence, Finding, Kind, Place, Severity, Step
from quality.sonarqube.shapes import Component, Hotspot, HotspotDetail, Issue, Rule, Stretch

ENGINE = "sonarqube"
SEVERITY: Mapping[str, Severity] = {
    "BLOCKER": "blocker",
    "CRITICAL": "critical",
    "MAJOR": "major",
    "MINOR": "minor",
    "INFO": "info",
    "HIGH": "critical",
    "MEDIUM": "major",
    "LOW": "minor",
}
_KINDS: Mapping[str, Kind] = {"BUG": "bug", "VULNERABILITY": "vulnerability", "CODE_SMELL": "smell"}
_QUALITIES: Mapping[str, Kind] = {"SECURITY": "vulnerability", "RELIABILITY": "bug"}
_CONFIDENCE: Mapping[str, Confidence] = {"HIGH": "high", "MEDIUM": "medium", "LOW": "low"}
_UNITS = {"min": 1, "h": 60, "d": 480}  # a day of work has eight hours
_CWE = re.compile(r"CWE[-:\s]?(\d{1,5})", re.IGNORECASE)
_FIXES = ("how_to_fix", "fixRecommendations")
LONGEST = 1500  # characters of a remediation


def finding(issue: Issue, paths: Mapping[str, str]) -> Finding:
    """`issue` as a finding; `paths` are those of the components that came with it."""
    return Finding(
        id=issue.key,
        rule=issue.rule,
        engine=ENGINE,
        engines=(ENGINE,),
        kind=_kind(issue),
        severity=_severity(issue),
        place=_place(path_of(issue.component, paths), issue.line, issue.text_range),
        message=issue.message,
        flow=_flow(issue, paths),
        effort_min=minutes(issue.effort or issue.debt),
        confidence="high",
    )


def hotspot(spot: Hotspot, paths: Mapping[str, str]) -> Finding:
    risk = spot.vulnerability_probability
    return Finding(
        id=spot.key,
        rule=spot.rule_key or spot.security_category,
        engine=ENGINE,
        engines=(ENGINE,),
        kind="hotspot",
        severity=SEVERITY.get(risk, "major"),
        place=_place(path_of(spot.component, paths), spot.line, spot.text_range),
        message=spot.message,
        confidence=_CONFIDENCE.get(risk, "medium"),
    )


def hotspot_shown(detail: HotspotDetail) -> Finding:
    risk = detail.rule.vulnerability_probability
    where = detail.component
    return Finding(
        id=detail.key,
        rule=detail.rule.key or detail.rule.security_category,
        engine=ENGINE,
        engines=(ENGINE,),
        kind="hotspot",
        severity=SEVERITY.get(risk, "major"),
        place=_place(where.path or path_of(where.key, {}), detail.line, detail.text_range),
        message=detail.message,
        remediation=plain(detail.rule.fix_recommendations),
        confidence=_CONFIDENCE.get(risk, "medium"),
    )


def remediation(rule: Rule) -> str:
    """What the rule says to do, as plain text; else its name."""
    fixes = [section.content for section in rule.description_sections if section.key in _FIXES]
    return plain(fixes[0] if fixes else rule.html_desc) or rule.name


def weaknesses(rule: Rule) -> tuple[int, ...]:
    """The CWE numbers that the rule names, in its order."""
    text = " ".join(
        (*rule.security_standards, rule.html_desc, *(s.content for s in rule.description_sections))
    )
    return tuple(dict.fromkeys(int(number) for number in _CWE.findall(text)))


def paths_of(components: tuple[Component, ...]) -> dict[str, str]:
    return {each.key: each.path for each in components if each.path}


def path_of(component: str, paths: Mapping[str, str]) -> str:
    """Its path in the project: what was sent, else what its key "project:path" says."""
    return paths.get(component) or component.rpartition(":")[2]


def is_within(path: str, above: str | None) -> bool:
    """Whether `path` is the file `above`, or below that folder; None: all are."""
    return above is None or path == above or path.startswith(f"{above.rstrip('/')}/")


def minutes(effort: str | None) -> int:
    """ "1d 2h 5min" as minutes of work; 5 where none is told."""
    parts = re.findall(r"(\d+)\s*(min|h|d)", effort or "")
    return sum(int(n) * _UNITS[unit] for n, unit in parts) if parts else 5


def plain(markup: str) -> str:
    """The text of a piece of HTML, of at most `LONGEST` characters."""
    text = re.sub(r"<(br|/p|/li|/h\d|/pre|/div|/tr)\b[^>]*>", "\n", markup, flags=re.IGNORECASE)
    text = html.unescape(re.sub(r"<[^>]*>", "", text))
    lines = (line.rstrip() for line in text.splitlines())
    return "\n".join(line for line in lines if line)[:LONGEST].strip()


def _kind(issue: Issue) -> Kind:
    if known := _KINDS.get(issue.type or ""):
        return known
    kinds = [_QUALITIES.get(impact.software_quality, "smell") for impact in issue.impacts]
    return min(kinds, key=("vulnerability", "bug", "smell").index, default="smell")


def _severity(issue: Issue) -> Severity:
    """The worst it is called: before 10.8 an impact cannot say more than HIGH."""
    told = (issue.severity, *(impact.severity for impact in issue.impacts))
    known = [SEVERITY[word] for word in told if word and word in SEVERITY]
    return max(known, key=SEVERITIES.index, default="major")


def _place(path: str, line: int | None, stretch: Stretch | None) -> Place:
    if stretch is None:  # of a file as a whole, where `line` is None
        return Place(path, line or 1, line or 1)
    return Place(
        path,
        stretch.start_line,
        stretch.end_line,
        stretch.start_offset + 1,
        stretch.end_offset + 1 if stretch.end_offset else 0,
    )


def _flow(issue: Issue, paths: Mapping[str, str]) -> tuple[Step, ...]:
    """From the source to the sink; SonarQube sends it the other way round."""
    if not issue.flows:
        return ()
    stops = max(issue.flows, key=lambda flow: len(flow.locations)).locations
    return tuple(
        Step(
            _place(path_of(stop.component or issue.component, paths), None, stop.text_range),
            stop.msg,
        )
        for stop in reversed(stops)
        if stop.text_range
    )
