"""What is new among the findings and the measures."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from quality.finding import FileMeasures, Finding, Place
from quality.rating.coverage.covered import Coverage
from quality.rating.letters import share_pct
from quality.rating.measures import (
    NewLines,
    NewMeasures,
    duplicated_lines,
    effort_min,
    is_issue,
    main_files,
    rated,
)
from quality.source import Tree

# A change inside a longer stretch (a whole function, a whole file) does not make what is said of
# it new; SonarQube looks at the place where an issue is shown, which is the head of a function.
_STATEMENT = 10  # lines


def marked(
    findings: Iterable[Finding], lines: NewLines | None, known: Collection[str] | None
) -> tuple[Finding, ...]:
    """`findings`, each with whether it is new.

    It is where it is not in the baseline `known` and, given the new `lines`, touches one of them
    itself or on its way there. With neither, nothing is new.
    """
    return tuple(replace(one, new=_is_new(one, lines, known)) for one in findings)


def _is_new(finding: Finding, lines: NewLines | None, known: Collection[str] | None) -> bool:
    if known is not None and finding.id in known:
        return False
    if lines is None:
        return known is not None
    places = [finding.place, *(step.place for step in finding.flow)]
    return any(_touches(place, lines.get(place.path, ())) for place in places)


def _touches(place: Place, lines: Collection[int]) -> bool:
    last = place.end_line if place.end_line - place.line < _STATEMENT else place.line
    return any(number in lines for number in range(place.line, last + 1))


def measured_new(
    findings: Sequence[Finding],
    reviewed: Sequence[Finding],
    tree: Tree,
    of_files: Mapping[str, FileMeasures],
    coverage: Coverage | None,
    lines: NewLines | None,
) -> NewMeasures:
    """The measures of new code; `findings` and `reviewed` are those of main code, marked."""
    new = [finding for finding in findings if finding.new]
    issues = sum(map(is_issue, new))
    counted = lines or {}
    main = {f.path: counted[f.path] for f in main_files(tree) if f.path in counted}
    count = None if lines is None else sum(map(len, main.values()))
    asked = coverage if lines is not None else None
    return NewMeasures(
        lines=count,
        issues=issues,
        hotspots=len(new) - issues,
        debt_min=effort_min(new, "smell"),
        coverage_pct=asked.of_lines(main).pct if asked else None,
        duplication_pct=None if lines is None else _new_duplication(main, tree, of_files),
        ratings=rated(new, [finding for finding in reviewed if finding.new], count),
    )


def _new_duplication(
    new: NewLines, tree: Tree, of_files: Mapping[str, FileMeasures]
) -> float | None:
    everywhere = duplicated_lines((file.path for file in main_files(tree)), of_files)
    if everywhere is None:
        return None
    looked_at = {path: set(numbers) for path, numbers in new.items() if path in everywhere}
    copied = sum(len(numbers & everywhere[path]) for path, numbers in looked_at.items())
    return share_pct(copied, sum(map(len, looked_at.values()))) or 0.0
