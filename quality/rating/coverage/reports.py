"""The coverage of a tree: its reports found, read and laid onto its files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from quality.rating.coverage.covered import Coverage, Line, Lines, joined
from quality.rating.coverage.errors import BadReport
from quality.rating.coverage.formats import parsed
from quality.rating.coverage.written import Written
from quality.rating.measures import main_files
from quality.rating.paths import Paths
from quality.source import SourceFile, Tree

USUAL = (
    "coverage.xml",
    "coverage.json",
    "lcov.info",
    "coverage.lcov",
    "coverage/lcov.info",
    "coverage/coverage.xml",
    "coverage/cobertura-coverage.xml",
    "reports/coverage.xml",
    "build/coverage.xml",
    "build/coverage/lcov.info",
    "build/reports/jacoco/test/jacocoTestReport.xml",
    "target/site/jacoco/jacoco.xml",
)
_LARGEST = 256 << 20  # bytes of a report


@dataclass(slots=True)
class _Found:
    files: dict[str, Lines] = field(default_factory=dict[str, Lines])
    reports: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])


def read_coverage(tree: Tree, named: Sequence[str] = ()) -> Coverage | None:
    """What the reports of `tree` say together; None: there is no report. It blocks.

    `named` are paths from its root; without them, those at the usual places. A report that cannot
    be read, is older than what it speaks of or speaks of other files is told in the notes.
    """
    found = _Found()
    root = tree.root.resolve()
    paths = Paths(tree)
    sources = {file.path: file for file in tree.files}
    for name in named or USUAL:
        place = root / name
        if not place.is_file():
            if named:
                found.notes.append(f"There is no coverage report {name}.")
        elif not named and not place.resolve().is_relative_to(root):
            found.notes.append(f"{name} leads out of the tree and was not read.")
        else:
            _read(place, name, paths, sources, found)
    if not found.files:
        return Coverage(files={}, reports=(), notes=tuple(found.notes)) if found.notes else None
    _tell_of_others(tree, found)
    return Coverage(files=found.files, reports=tuple(found.reports), notes=tuple(found.notes))


def _read(
    place: Path, name: str, paths: Paths, sources: Mapping[str, SourceFile], found: _Found
) -> None:
    try:
        with place.open("rb") as file:
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise BadReport(f"it is larger than {_LARGEST >> 20} MB")
        written = parsed(data)
        if not written.files:
            raise BadReport("it names no file")
    except (BadReport, OSError) as error:
        found.notes.append(f"The coverage report {name} could not be read: {error}.")
        return
    matched, strange = _matched(written, paths, place)
    if strange:
        found.notes.append(_of("speaks of", strange, "not here", name, len(written.files)))
    if not matched:
        return
    found.reports.append(name)
    longer = [path for path, lines in matched.items() if _past_end(lines, sources[path])]
    older = [path for path in matched if _changed_since(sources[path], place, paths.root)]
    if longer or older:
        stale = sorted({*longer, *older})
        found.notes.append(_of("is older than", stale, "changed since", name, len(matched)))
    for path, lines in matched.items():
        inside = {n: line for n, line in lines.items() if n <= sources[path].lines}
        found.files[path] = joined(found.files.get(path, {}), inside)


def _matched(
    written: Written, paths: Paths, place: Path
) -> tuple[dict[str, Mapping[int, Line]], list[str]]:
    """What a report says of files here, and the paths in it that are not."""
    matched: dict[str, Mapping[int, Line]] = {}
    strange: list[str] = []
    for path, lines in written.files.items():
        here = paths.match(path, written.sources, place)
        if here is None:
            strange.append(path)
        else:
            matched[here] = joined(matched.get(here, {}), lines)
    return matched, strange


def _past_end(lines: Lines, file: SourceFile) -> bool:
    return max(lines, default=0) > file.lines


def _changed_since(file: SourceFile, report: Path, root: Path) -> bool:
    try:
        return (root / file.path).stat().st_mtime > report.stat().st_mtime
    except OSError:
        return False


def _of(verb: str, paths: Sequence[str], fact: str, name: str, whole: int) -> str:
    examples = ", ".join(paths[:3]) + (", ..." if len(paths) > 3 else "")
    return f"The coverage report {name} {verb} files {fact}: {len(paths)} of {whole} ({examples})."


def _tell_of_others(tree: Tree, found: _Found) -> None:
    languages = {file.language for file in tree.files if file.path in found.files}
    alike = [file.path for file in main_files(tree) if file.language in languages]
    if others := [path for path in alike if path not in found.files]:
        found.notes.append(
            f"{len(others)} of {len(alike)} files are in no coverage report and do not count "
            f"in the coverage ({', '.join(others[:3])}{', ...' if len(others) > 3 else ''})."
        )
