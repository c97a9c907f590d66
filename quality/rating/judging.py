"""From what the engines found to ratings, measures and the gate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import anyio

from pointsman.quality_settings import QualitySettings
from quality.finding import Finding
from quality.rating.allowed.applied import Suppressed, applied
from quality.rating.allowed.baseline import Baseline, Fixed, fixed, read_baseline
from quality.rating.coverage.covered import Coverage
from quality.rating.coverage.reports import read_coverage
from quality.rating.gate import Gate, judged
from quality.rating.measured_by import EVERY, doubts
from quality.rating.measures import Measures, NewMeasures, Ratings, measured, of_main, rated
from quality.rating.new.comparing import NewCode
from quality.rating.new.since import new_since
from quality.rating.newness import marked, measured_new
from quality.report import Report
from quality.source import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How good a tree is."""

    findings: tuple[Finding, ...]  # that are open, each with whether it is new
    suppressed: tuple[Suppressed, ...]  # that the code allows, with the reason it gives
    foreign: Mapping[str, int]  # comments that other tools heed: how many say "noqa", "nosec"...
    fixed: tuple[Fixed, ...]  # entries of the baseline whose finding is gone
    ratings: Ratings
    measures: Measures
    new: NewMeasures | None  # None: there is nothing to compare with
    gate: Gate
    notes: tuple[str, ...]  # what the reader should know of how it was judged


async def judge(
    report: Report,
    tree: Tree,
    settings: QualitySettings,
    *,
    ref: str | None = None,
    notes: Sequence[str] = (),
) -> Judgement:
    """The ratings, the measures and the gate of `report`, which is of `tree`.

    `ref` is the commit since which code counts as new; `notes` are passed on with ours.

    Raises:
        InvalidInput: `ref` names no commit that this clone can be compared with, or the baseline
            cannot be read.
        EngineFailed: git took too long.
    """
    new = await new_since(tree, ref, settings.engine_s) if ref is not None else None
    place = tree.root / settings.baseline
    baseline = await anyio.to_thread.run_sync(read_baseline, place)
    coverage = await anyio.to_thread.run_sync(read_coverage, tree, settings.coverage)
    work = partial(_judged, report, tree, settings, new, baseline, coverage)
    judgement = await anyio.to_thread.run_sync(work)
    return replace(judgement, notes=(*notes, *judgement.notes))


def _judged(
    report: Report,
    tree: Tree,
    settings: QualitySettings,
    new: NewCode | None,
    baseline: Baseline | None,
    coverage: Coverage | None,
) -> Judgement:
    ran = {run.name for run in report.engines if run.state == "ok"}
    complete = ran >= EVERY
    sorted_out = applied(report.findings, tree, complete=complete)
    lines = new.lines if new else None
    known = None if baseline is None else baseline.keys()
    findings = marked(sorted_out.findings, lines, known)
    reviewed = marked((one.finding for one in sorted_out.suppressed), lines, known)
    # A model's opinion is shown, but no engine backs it, so no letter rests on it.
    backed = [finding for finding in findings if not finding.model_says]
    whole = measured(backed, reviewed, tree, report.measures, coverage)
    main, seen = of_main(backed, tree), of_main(reviewed, tree)
    of_new = None
    if new or baseline is not None:
        of_new = measured_new(main, seen, tree, report.measures, coverage, lines)
    ratings = rated(main, seen, whole.ncloc)
    return Judgement(
        findings=findings,
        suppressed=sorted_out.suppressed,
        foreign=sorted_out.foreign,
        fixed=_gone(baseline, report, tree),
        ratings=ratings,
        measures=whole,
        new=of_new,
        gate=judged(settings.gate, ratings, whole, of_new, doubts(report.engines)),
        notes=tuple(filter(None, (new.note if new else "", *(coverage.notes if coverage else ())))),
    )


def _gone(baseline: Baseline | None, report: Report, tree: Tree) -> tuple[Fixed, ...]:
    """What of the baseline is fixed; a file that was not looked at and is there says nothing."""
    if baseline is None:
        return ()
    here = {file.path for file in tree.files}
    others = {known.path for known in baseline.values()} - here
    gone = {path for path in others if not (tree.root / path).exists()}
    return fixed(baseline, report.findings, here | gone)
