"""What is counted: of all the code, and of that which is new."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pointsman.quality_settings import Letter
from quality.finding import FileMeasures, Finding, Kind, Severity
from quality.rating.coverage.covered import Coverage
from quality.rating.letters import (
    debt_ratio_pct,
    maintainability_letter,
    review_letter,
    share_pct,
    worst_letter,
)
from quality.source import SourceFile, Tree

NewLines = Mapping[str, Collection[int]]  # path -> the lines that are new


_DATA = frozenset({"text", "lock", "json", "markdown", "yaml", "toml", "ini", "xml"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratings:
    reliability: Letter
    security: Letter
    maintainability: Letter | None  # None: nobody counted the lines of code
    security_review: Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Of all code; None: nobody counted. Sizes are those of code that is no test."""

    files: int
    ncloc: int | None
    functions: int | None
    complexity: int | None
    cognitive_complexity: int | None
    duplicated_lines: int | None
    duplication_pct: float | None
    coverage_pct: float | None
    line_coverage_pct: float | None
    branch_coverage_pct: float | None
    debt_min: int  # to mend all smells
    debt_ratio_pct: float | None
    reliability_effort_min: int  # to mend all bugs
    security_effort_min: int  # to mend all vulnerabilities
    hotspots_reviewed_pct: float | None
    # These three are of tests too, as what is listed is.
    by_kind: Mapping[Kind, int] = field(default_factory=dict[Kind, int])
    by_severity: Mapping[Severity, int] = field(default_factory=dict[Severity, int])
    by_engine: Mapping[str, int] = field(default_factory=dict[str, int])  # all it was credited with


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMeasures:
    """Of new code; None: nobody counted."""

    lines: int | None  # None: only what is new among the findings is known
    issues: int
    hotspots: int  # not reviewed
    debt_min: int
    coverage_pct: float | None
    duplication_pct: float | None
    ratings: Ratings


def rated(findings: Sequence[Finding], reviewed: Sequence[Finding], ncloc: int | None) -> Ratings:
    """The letters of `findings`, all open; `reviewed` are those suppressed with a reason."""
    debt = effort_min(findings, "smell")
    return Ratings(
        reliability=worst_letter(f.severity for f in findings if f.kind == "bug"),
        security=worst_letter(f.severity for f in findings if f.kind == "vulnerability"),
        maintainability=None if ncloc is None else maintainability_letter(debt, ncloc),
        security_review=review_letter(_reviewed_pct(findings, reviewed)),
    )


def measured(
    findings: Sequence[Finding],
    reviewed: Sequence[Finding],
    tree: Tree,
    of_files: Mapping[str, FileMeasures],
    coverage: Coverage | None,
) -> Measures:
    """The measures of `tree`, whose open findings are `findings`."""
    paths = [file.path for file in main_files(tree)]
    sizes = [of_files[path] for path in paths if path in of_files]
    ncloc = _sum(size.ncloc for size in sizes)
    duplicated = duplicated_lines(paths, of_files)
    main = of_main(findings, tree)
    debt = effort_min(main, "smell")
    covered = coverage.of(paths) if coverage else None
    return Measures(
        files=len(paths),
        ncloc=ncloc,
        functions=_sum(size.functions for size in sizes),
        complexity=_sum(size.complexity for size in sizes),
        cognitive_complexity=_sum(size.cognitive for size in sizes),
        duplicated_lines=None if duplicated is None else sum(map(len, duplicated.values())),
        duplication_pct=_density(duplicated, tree),
        coverage_pct=covered.pct if covered else None,
        line_coverage_pct=covered.line_pct if covered else None,
        branch_coverage_pct=covered.branch_pct if covered else None,
        debt_min=debt,
        debt_ratio_pct=None if ncloc is None else debt_ratio_pct(debt, ncloc),
        reliability_effort_min=effort_min(main, "bug"),
        security_effort_min=effort_min(main, "vulnerability"),
        hotspots_reviewed_pct=_reviewed_pct(main, of_main(reviewed, tree)),
        by_kind=dict(Counter(finding.kind for finding in findings)),
        by_severity=dict(Counter(f.severity for f in findings if is_issue(f))),
        by_engine=dict(Counter(e for f in findings for e in f.engines or (f.engine,))),
    )


def of_main(findings: Iterable[Finding], tree: Tree) -> list[Finding]:
    """Those that letters, debt and new code rest on: not those in tests, as SonarQube judges."""
    main = {file.path for file in main_files(tree)}
    tests = {file.path for file in tree.files if file.test} - main
    return [finding for finding in findings if finding.place.path not in tests]


def main_files(tree: Tree) -> Sequence[SourceFile]:
    """Those of code that hold no tests; the tests, where there is nothing else."""
    code = [file for file in tree.files if file.language not in _DATA]
    return [file for file in code if not file.test] or code


def is_issue(finding: Finding) -> bool:
    """As SonarQube counts: a hotspot is a question, not an issue."""
    return finding.kind != "hotspot"


def effort_min(findings: Iterable[Finding], kind: Kind) -> int:
    return sum(finding.effort_min for finding in findings if finding.kind == kind)


def duplicated_lines(
    paths: Iterable[str], of_files: Mapping[str, FileMeasures]
) -> dict[str, set[int]] | None:
    """By path, each line that is in a duplicated block once; None: nobody looked."""
    known = {path: of_files[path].duplicated for path in paths if path in of_files}
    found = {path: blocks for path, blocks in known.items() if blocks is not None}
    if not found:
        return None
    return {
        path: {line for first, last in blocks for line in range(first, last + 1)}
        for path, blocks in found.items()
    }


def _density(duplicated: Mapping[str, Collection[int]] | None, tree: Tree) -> float | None:
    if duplicated is None:
        return None
    lines = sum(file.lines for file in tree.files if file.path in duplicated)
    return share_pct(sum(map(len, duplicated.values())), lines) or 0.0


def _reviewed_pct(findings: Iterable[Finding], reviewed: Iterable[Finding]) -> float | None:
    waiting = sum(finding.kind == "hotspot" for finding in findings)
    done = sum(finding.kind == "hotspot" for finding in reviewed)
    return share_pct(done, waiting + done)


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
