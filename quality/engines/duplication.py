"""duplication: code that stands in two places, by jscpd."""

import os
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from anyio import to_thread
from pydantic import BaseModel, ValidationError

from quality.engines.folder import Folder, folder_of
from quality.engines.keys import by_tree, in_languages
from quality.engines.process import located, run
from quality.engines.versions import version_of
from quality.engines.working import unreadable
from quality.errors import EngineFailed
from quality.finding import Analysis, FileMeasures, Finding, Place
from quality.source import SourceFile, Tree

LANGUAGES = frozenset(
    "python javascript typescript vue svelte go java kotlin scala groovy c cpp objective-c csharp "  # noqa: SIM905
    "swift rust ruby php perl lua elixir erlang dart r julia sql shell powershell terraform "
    "solidity zig fortran".split()
)
LEAST_TOKENS = 100  # as SonarQube counts: so many, over so many lines
LEAST_LINES = 10
_REPORT = "jscpd-report.json"
_MOST_MB = 100  # of a file: how large one may be is decided when it is read
_SILENCE = re.compile(r"jscpd:ignore")


class _Spot(BaseModel):
    line: int


class _Side(BaseModel):
    name: str
    startLoc: _Spot  # noqa: N815  # as jscpd spells it
    endLoc: _Spot  # noqa: N815


class _Clone(BaseModel):
    firstFile: _Side  # noqa: N815
    secondFile: _Side  # noqa: N815
    lines: int = 0


class _Report(BaseModel):
    duplicates: tuple[_Clone, ...]


class Duplication:
    """Compares all files with each other, those of tests too."""

    name = "duplication"
    languages = LANGUAGES

    def __init__(self, path: str = os.defpath) -> None:
        self._path = path  # where it may be

    async def version(self) -> str | None:
        return await version_of("jscpd", await located("jscpd", self._path))

    def keys(self, tree: Tree) -> Mapping[str, str]:
        return by_tree(tree, LANGUAGES, LEAST_TOKENS, LEAST_LINES)

    async def analyse(self, stale: Sequence[SourceFile], tree: Tree) -> Analysis:
        program = await located("jscpd", self._path)
        if program is None:
            raise EngineFailed(self.name, "is not there")
        files = in_languages(tree, LANGUAGES)
        heard = [replace(file, text=_SILENCE.sub("jscpd_ignore", file.text)) for file in files]
        async with folder_of(heard) as folder, folder_of(()) as out:
            command = [program, "--reporters=json", f"--output={out.path}", "--no-colors"]
            command += [f"--min-tokens={LEAST_TOKENS}", f"--min-lines={LEAST_LINES}"]
            command += ["--max-lines=100000", f"--max-size={_MOST_MB}mb", "--no-gitignore", "."]
            ended = await run(self.name, command, folder.path)
            try:
                raw = await to_thread.run_sync((out.path / _REPORT).read_bytes)
                report = _Report.model_validate_json(raw)
            except (OSError, ValidationError) as error:
                raise unreadable(self.name, ended) from error
            return await to_thread.run_sync(
                _analysis, report, folder, [file.path for file in stale]
            )


def _analysis(report: _Report, folder: Folder, wanted: Sequence[str]) -> Analysis:
    findings: list[Finding] = []
    ranges: defaultdict[str, set[tuple[int, int]]] = defaultdict(set)
    for clone in report.duplicates:
        sides = [_place(clone.firstFile, folder), _place(clone.secondFile, folder)]
        for place, other in (sides, reversed(sides)):
            if place is not None and other is not None:
                ranges[place.path].add((place.line, place.end_line))
                findings.append(_finding(place, other))
    measures = {path: FileMeasures(duplicated=tuple(sorted(ranges[path]))) for path in wanted}
    return Analysis(findings=tuple(findings), measures=measures)


def _place(side: _Side, folder: Folder) -> Place | None:
    path = folder.original(side.name)
    if path is None:
        return None
    first = side.startLoc.line
    return Place(path, first, max(first, side.endLoc.line))


def _finding(place: Place, other: Place) -> Finding:
    lines = place.end_line - place.line + 1
    return Finding(
        rule="duplicate",
        engine="duplication",
        kind="smell",
        severity="major",
        place=place,
        message=f"These {lines} lines stand at {other.path}:{other.line} too.",
        remediation="Write them once, and use them from both places.",
        effort_min=10 + lines // 2,
        confidence="high",
    )
