"""Puts together what engines say: by file, by engine, and all as one report."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from quality.finding import Analysis, FileMeasures, Finding
from quality.merging import merge
from quality.report import EngineRun, Report, Totals
from quality.source import SourceFile, Tree
from quality.veiling import veiled


def together(analyses: Collection[Analysis]) -> Analysis:
    """All of them as one."""
    whole = Analysis(findings=tuple(one for part in analyses for one in part.findings))
    for part in analyses:
        whole.measures.update(part.measures)
        whole.unread.update(part.unread)
        whole.notes.update(part.notes)
    return whole


def by_file_of(analysis: Analysis, files: Sequence[SourceFile]) -> dict[str, Analysis]:
    """What is said of each of `files`, of those too of which it is nothing."""
    found: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in analysis.findings:
        found[finding.place.path].append(finding)
    parts = {}
    for path in (file.path for file in files):
        measures, why = analysis.measures.get(path), analysis.unread.get(path)
        note = analysis.notes.get(path)
        parts[path] = Analysis(
            findings=tuple(found[path]),
            measures={} if measures is None else {path: measures},
            unread={} if why is None else {path: why},
            notes={} if note is None else {path: note},
        )
    return parts


def report_of(
    tree: Tree,
    runs: Sequence[EngineRun],
    said: Mapping[str, Analysis],
    unwanted: Collection[str] = (),
) -> Report:
    """The whole report on `tree` of what each engine said, but for the rules `unwanted`.

    Those are named "engine:rule"; what another engine says of the same defect stays.
    """
    measures = {file.path: FileMeasures(lines=file.lines) for file in tree.files}
    for analysis in said.values():
        for path, counted in analysis.measures.items():
            if path in measures:
                measures[path] = _both(measures[path], counted)
    found = (one for part in said.values() for one in part.findings)
    wanted = (one for one in found if f"{one.engine}:{one.rule}" not in unwanted)
    return Report(
        findings=merge(veiled(wanted, tree), tree),
        engines=tuple(sorted(runs, key=lambda run: run.name)),
        measures=measures,
        totals=_totals(measures.values()),
        skipped=Counter(skipped.why for skipped in tree.skipped),
    )


def _both(one: FileMeasures, other: FileMeasures) -> FileMeasures:
    """`other`, and what `one` says where that says nothing."""

    def first(mine: int | None, theirs: int | None) -> int | None:
        return theirs if mine is None else mine

    return FileMeasures(
        lines=first(other.lines, one.lines),
        ncloc=first(other.ncloc, one.ncloc),
        complexity=first(other.complexity, one.complexity),
        cognitive=first(other.cognitive, one.cognitive),
        functions=first(other.functions, one.functions),
        duplicated=one.duplicated if other.duplicated is None else other.duplicated,
    )


def _totals(measures: Collection[FileMeasures]) -> Totals:
    duplicated = [one.duplicated for one in measures if one.duplicated is not None]
    return Totals(
        files=len(measures),
        lines=sum(one.lines or 0 for one in measures),
        ncloc=_sum(one.ncloc for one in measures),
        complexity=_sum(one.complexity for one in measures),
        cognitive=_sum(one.cognitive for one in measures),
        functions=_sum(one.functions for one in measures),
        duplicated_lines=sum(map(_covered, duplicated)) if duplicated else None,
    )


def _sum(counts: Iterable[int | None]) -> int | None:
    counted = [count for count in counts if count is not None]
    return sum(counted) if counted else None


def _covered(ranges: tuple[tuple[int, int], ...]) -> int:
    """How many lines are in at least one of `ranges`."""
    total = end = 0
    for first, last in sorted(ranges):
        total += max(0, last - max(end, first - 1))
        end = max(end, last)
    return total
