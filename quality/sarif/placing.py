"""Where in the tree the locations of a log are."""

from functools import cached_property
from pathlib import Path

from quality.finding import Place
from quality.rating.paths import Paths
from quality.sarif.shapes import ArtifactLocation, Location, Region, Run
from quality.sarif.uris import base_of, path_of
from quality.source import Tree


class Placing:
    """The locations of one run, in files of a tree."""

    def __init__(self, run: Run, tree: Tree, paths: Paths, log: Path) -> None:
        self._run = run
        self._paths = paths
        self._log = log
        self._texts = {file.path: file.text for file in tree.files}
        self._known: dict[tuple[str, str | None], str | None] = {}
        self._lines: dict[str, list[str]] = {}

    def place(self, location: Location) -> Place | None:
        """Where `location` is; None: in no file here."""
        physical = location.physicalLocation
        path = self._path(physical.artifactLocation) if physical else None
        if physical is None or path is None:
            return None
        lines = self._lines.setdefault(path, self._texts[path].split("\n"))
        region = physical.region
        line = min(max(self._line(region, path), 1), len(lines))
        end_line = min(max(region.endLine or line, line), len(lines))
        return Place(
            path=path,
            line=line,
            end_line=end_line,
            column=max(self._column(lines[line - 1], region.startColumn), 1),
            end_column=self._column(lines[end_line - 1], region.endColumn or 0),
        )

    def _line(self, region: Region, path: str) -> int:
        if region.startLine is None and region.charOffset > 0:
            return self._texts[path].count("\n", 0, region.charOffset) + 1
        return region.startLine or 1

    def _column(self, line: str, column: int) -> int:
        """A column in characters; a log counts in units of UTF-16 unless it says otherwise."""
        if column <= 1 or not self._in_units or line.isascii():
            return column
        before = line.encode("utf-16-le", "surrogatepass")[: 2 * (column - 1)]
        past = max(column - 1 - len(line.encode("utf-16-le", "surrogatepass")) // 2, 0)
        return len(before.decode("utf-16-le", "replace")) + past + 1

    @cached_property
    def _in_units(self) -> bool:
        return self._run.columnKind == "utf16CodeUnits"

    def _path(self, artifact: ArtifactLocation) -> str | None:
        if artifact.uri is None and 0 <= artifact.index < len(self._run.artifacts):
            artifact = self._run.artifacts[artifact.index].location
        if artifact.uri is None:
            return None
        key = (artifact.uri, artifact.uriBaseId)
        if key not in self._known:
            base = base_of(artifact.uriBaseId, self._run.originalUriBaseIds)
            sources = [base] if base else []
            self._known[key] = self._paths.match(path_of(artifact.uri), sources, self._log)
        return self._known[key]
