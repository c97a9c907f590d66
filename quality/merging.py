"""Makes one finding of all that tell of one defect."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from quality.finding import SEVERITIES, Confidence, Finding, Kind, Place
from quality.same import defect_of, identified, is_shared
from quality.source import Tree

# Whose words are kept: who follows the data, then who knows the language best.
_SPEAKERS = (
    "flow",
    "checks",
    "secrets",
    "types",
    "ruff",
    "javascript",
    "bandit",
    "dependencies",
    "cognitive",
    "metrics",
    "duplication",
    "dead_code",
)
_KINDS: tuple[Kind, ...] = ("vulnerability", "bug", "hotspot", "smell")
_SURE: tuple[Confidence, ...] = ("high", "medium", "low")

# Findings of one defect on a stretch that are compared with each other. More than a few come from
# a file of one line; those that are one stand side by side in any case.
_CROWD = 60

Group = list[Finding]


def merge(findings: Iterable[Finding], tree: Tree) -> tuple[Finding, ...]:
    """One finding for each defect, by place, with its `id` and all the engines that found it.

    The order of `findings` does not matter, and what is merged stays as it is when merged again.
    A hotspot on the way of a proven flow is part of that vulnerability.
    """
    now = _once(findings)
    while len(merged := _once(_pass(now))) < len(now):
        now = merged
    credited = (one if one.engines else replace(one, engines=(one.engine,)) for one in merged)
    return tuple(identified(list(credited), tree))


def _once(findings: Iterable[Finding]) -> list[Finding]:
    """Without repetitions, in an order that is theirs."""
    best: dict[tuple[Place, str, str], Finding] = {}
    for finding in findings:
        key = (finding.place, finding.engine, finding.rule)
        best[key] = min(best[key], finding, key=_rank) if key in best else finding
    return sorted(best.values(), key=lambda one: (one.place, one.engine, one.rule))


def _pass(findings: Sequence[Finding]) -> Iterator[Finding]:
    alike: defaultdict[tuple[str, str], Group] = defaultdict(list)
    for finding in _absorbed(findings):
        alike[finding.place.path, defect_of(finding)].append(finding)
    for (_, defect), group in alike.items():
        if len(group) == 1 or not is_shared(defect):
            yield from group
        else:
            for stretch in _stretches(group):
                for several in _across_engines(_within_engines(stretch)):
                    yield _one(several)


def _stretches(findings: Group) -> Iterator[Group]:
    """`findings`, which are in order of place, parted where no line is of two of them."""
    stretch: Group = []
    end = 0
    for finding in findings:
        if stretch and (finding.place.line > end or len(stretch) == _CROWD):
            yield stretch
            stretch = []
        stretch.append(finding)
        end = max(end, finding.place.end_line) if len(stretch) > 1 else finding.place.end_line
    yield stretch


def _absorbed(findings: Sequence[Finding]) -> Iterator[Finding]:
    """`findings` without the hotspots that stand on the way of a flow of the same defect.

    Not those on its last lines: there, who belongs to whom is for `_across_engines` to say.
    """
    flows: dict[tuple[str, int, str], Finding] = {}
    for finding in findings:
        own = finding.place
        for place in (step.place for step in finding.flow):
            for line in range(place.line, min(place.end_line, place.line + _CROWD) + 1):
                if place.path != own.path or not own.line <= line <= own.end_line:
                    flows.setdefault((place.path, line, defect_of(finding)), finding)
    credited: defaultdict[Finding, Group] = defaultdict(list)
    rest = []
    for finding in findings:
        place = finding.place
        flow = flows.get((place.path, place.line, defect_of(finding)))
        if finding.kind == "hotspot" and not finding.flow and flow is not None:
            credited[flow].append(finding)
        else:
            rest.append(finding)
    for finding in rest:
        yield _one([finding, *credited[finding]]) if finding in credited else finding


def _within_engines(findings: Group) -> list[Group]:
    """Groups of what an engine tells of one stretch by several of its rules."""
    groups: list[Group] = []
    for finding in findings:
        for group in groups:
            if group[0].engine == finding.engine and _one_more_rule(finding, group):
                group.append(finding)
                break
        else:
            groups.append([finding])
    return groups


def _one_more_rule(finding: Finding, group: Group) -> bool:
    return any(_overlap(finding.place, one.place) for one in group) and all(
        one.rule != finding.rule for one in group
    )


def _across_engines(groups: list[Group]) -> list[Group]:
    """Groups of what several engines tell of the same lines, the nearest together first.

    An engine that tells of two stretches knows two defects: these stay two.
    """
    near = sorted(
        (_distance(one, other), first, second)
        for first, one in enumerate(groups)
        for second, other in enumerate(groups[:first])
        if _may_be_one(one, other)
    )
    owner = list(range(len(groups)))
    members: dict[int, Group] = dict(enumerate(groups))
    for _, first, second in near:
        one, other = owner[first], owner[second]
        if one != other and not _engines(members[one]) & _engines(members[other]):
            members[one] = members[one] + members.pop(other)
            owner = [one if of == other else of for of in owner]
    return list(members.values())


def _may_be_one(one: Group, other: Group) -> bool:
    return not _engines(one) & _engines(other) and any(
        a.place.line <= b.place.end_line and b.place.line <= a.place.end_line
        for a in one
        for b in other
    )


def _distance(one: Group, other: Group) -> tuple[bool, int, int]:
    return min(
        (
            not _overlap(a.place, b.place),
            abs(a.place.line - b.place.line),
            abs(a.place.column - b.place.column),
        )
        for a in one
        for b in other
    )


def _overlap(one: Place, other: Place) -> bool:
    return _start(one) < _end(other) and _start(other) < _end(one)


def _start(place: Place) -> tuple[int, float]:
    return place.line, place.column


def _end(place: Place) -> tuple[int, float]:
    return place.end_line, place.end_column or float("inf")


def _one(group: Group) -> Finding:
    """The best of `group`, with what the others know better."""
    best, *others = sorted(group, key=_rank)
    alike = [one for one in group if one.kind == best.kind]
    fixes = sorted((one.fix for one in group if one.fix), key=lambda fix: (not fix.safe, repr(fix)))
    return replace(
        best,
        severity=best.severity if best.flow else max(alike, key=_severity).severity,
        confidence=min((one.confidence for one in alike), key=_SURE.index),
        cwe=tuple(dict.fromkeys(cwe for one in (best, *others) for cwe in one.cwe)),
        remediation=next((one.remediation for one in (best, *others) if one.remediation), ""),
        fix=best.fix or (fixes[0] if fixes else None),
        engines=tuple(sorted(_engines(group))) if others else best.engines,
        new=any(one.new for one in group),
        model_says=all(one.model_says for one in group),
    )


def _engines(group: Group) -> set[str]:
    return {name for one in group for name in (one.engines or (one.engine,))}


def _severity(finding: Finding) -> int:
    return SEVERITIES.index(finding.severity)


def _rank(finding: Finding) -> tuple[object, ...]:
    """The less, the better it tells of the defect."""
    speaker = _SPEAKERS.index(finding.engine) if finding.engine in _SPEAKERS else len(_SPEAKERS)
    return (
        finding.model_says,
        not finding.flow,
        _KINDS.index(finding.kind),
        speaker,
        _SURE.index(finding.confidence),
        -_severity(finding),
        finding.place,
        finding.rule,
        repr(finding),
    )
