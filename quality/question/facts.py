"""All that a question may be answered from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from quality.finding import SEVERITIES, FileMeasures, Finding, Kind
from quality.question.filter import Filter
from quality.question.paths import fits
from quality.rating.gate import Gate
from quality.rating.measures import Measures, Ratings
from quality.report import EngineRun

# What harms sooner is told first.
_KINDS: tuple[Kind, ...] = ("vulnerability", "bug", "hotspot", "smell")
_CONFIDENCES = ("high", "medium", "low")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One analysis and its judgement; None: that was not judged."""

    findings: Sequence[Finding]  # open ones
    files: Mapping[str, FileMeasures]  # by path
    engines: Sequence[EngineRun] = ()
    gate: Gate | None = None
    ratings: Ratings | None = None
    measures: Measures | None = None
    skipped: Mapping[str, int] = field(default_factory=dict[str, int])  # why -> how many files


def chosen(facts: Facts, asked: Filter) -> list[Finding]:
    """The findings that fit, in the order that is asked for."""
    least = SEVERITIES.index(asked.severity) if asked.severity else 0
    fitting = [
        finding
        for finding in facts.findings
        if (not asked.ids or finding.id in asked.ids)
        and (not asked.kinds or finding.kind in asked.kinds)
        and SEVERITIES.index(finding.severity) >= least
        and (not asked.cwe or set(asked.cwe) & set(finding.cwe))
        and fits(finding.place.path, asked.path)
        and (not asked.engine or asked.engine in (finding.engine, *finding.engines))
        and (finding.new or not asked.new)
    ]
    return sorted(fitting, key=by_effort if asked.sort == "effort" else by_harm)


def by_harm(finding: Finding) -> tuple[object, ...]:
    """What to look at first: a model's opinion last, then the worst, the surest, the newest."""
    return (
        finding.model_says,
        -SEVERITIES.index(finding.severity),
        _KINDS.index(finding.kind),
        _CONFIDENCES.index(finding.confidence),
        not finding.new,
        finding.effort_min,
        finding.place,
    )


def by_effort(finding: Finding) -> tuple[object, ...]:
    return (finding.effort_min, *by_harm(finding))
