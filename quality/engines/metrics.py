"""metrics: size and cyclomatic complexity in many languages, by lizard."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pydantic import BaseModel

from pointsman.quality_settings import QualitySettings
from quality.engines.isolating import isolated
from quality.engines.keys import by_file
from quality.engines.versions import package_version
from quality.engines.working import work
from quality.finding import Analysis, FileMeasures, Finding, Place
from quality.source import SourceFile, Tree

LANGUAGES = frozenset(
    "python javascript typescript vue go java kotlin scala c cpp objective-c csharp swift rust zig "  # noqa: SIM905
    "ruby php perl lua erlang r fortran solidity".split()
)

_COMMENT = {  # how one begins, in languages in which lines alone are counted
    "shell": "#",
    "powershell": "#",
    "terraform": "#",
    "docker": "#",
    "make": "#",
    "elixir": "#",
    "julia": "#",
    "groovy": "//",
    "dart": "//",
    "svelte": "//",
    "sql": "--",
    "html": "<!--",
    "css": "/*",
}
_ALL = LANGUAGES | _COMMENT.keys()


class Function(BaseModel):
    name: str
    score: int
    line: int
    end_line: int


class _File(BaseModel):
    ncloc: int
    functions: tuple[Function, ...]


class _Report(BaseModel):
    results: Mapping[str, _File]
    unread: dict[str, str]


class Metrics:
    """Counts, and tells of functions and files that are more than one head can hold.

    Tests are not counted, as SonarQube does not: they are long and flat, and that is well.
    """

    name = "metrics"
    languages = _ALL

    def __init__(self, settings: QualitySettings) -> None:
        self._settings = settings

    async def version(self) -> str | None:
        return await package_version("lizard")

    def keys(self, tree: Tree) -> Mapping[str, str]:
        most = self._settings
        limits = (most.max_complexity, most.max_function_lines, most.max_file_lines)
        return by_file(tree, _ALL, *limits)

    async def analyse(
        self,
        stale: Sequence[SourceFile],
        tree: Tree,  # noqa: ARG002  # it needs no other file
    ) -> Analysis:
        files = [file for file in stale if not file.test]
        counted = await isolated([one for one in files if one.language in LANGUAGES], self._count)
        most = self._settings.max_file_lines
        lines = {
            one.path: FileMeasures(ncloc=_ncloc(one.text, _COMMENT[one.language]))
            for one in files
            if one.language in _COMMENT
        }
        large = (_large(one.path, one.lines, most) for one in files if one.lines > most)
        return replace(
            counted,
            findings=(*counted.findings, *large),
            measures=lines | counted.measures,
        )

    async def _count(self, files: Sequence[SourceFile]) -> Analysis:
        report = await work(self.name, _Report, files)
        return Analysis(
            findings=tuple(
                one for path, found in report.results.items() for one in self._too_much(path, found)
            ),
            measures={path: _measures(found) for path, found in report.results.items()},
            unread=report.unread,
        )

    def _too_much(self, path: str, found: _File) -> Iterator[Finding]:
        limits = self._settings
        for one in found.functions:
            if one.score > limits.max_complexity:
                yield too_complex("complexity", "metrics", path, one, limits.max_complexity)
            length = one.end_line - one.line + 1
            if length > limits.max_function_lines:
                yield _too_long(path, one, length, limits.max_function_lines)


def _measures(found: _File) -> FileMeasures:
    return FileMeasures(
        ncloc=found.ncloc,
        complexity=sum(one.score for one in found.functions),
        functions=len(found.functions),
    )


def _ncloc(text: str, comment: str) -> int:
    lines = (line.strip() for line in text.split("\n"))
    return sum(1 for line in lines if line and not line.startswith(comment))


def too_complex(rule: str, engine: str, path: str, function: Function, most: int) -> Finding:
    """A function that scores more than `most`; each point above is a minute more to mend."""
    kind = "cognitive" if engine == "cognitive" else "cyclomatic"
    return Finding(
        rule=rule,
        engine=engine,
        kind="smell",
        severity="major" if kind == "cognitive" or function.score > 2 * most else "minor",
        place=Place(path, max(1, function.line), max(1, function.end_line)),
        message=f"`{function.name}` has a {kind} complexity of {function.score}; at most {most}.",
        cwe=(1121,),
        remediation="Give its parts names: functions of their own, or a table for branches.",
        effort_min=10 + function.score - most,
        confidence="high",
    )


def _too_long(path: str, function: Function, length: int, most: int) -> Finding:
    return Finding(
        rule="long-function",
        engine="metrics",
        kind="smell",
        severity="major",
        place=Place(path, function.line, function.end_line),
        message=f"`{function.name}` is {length} lines long; {most} are allowed.",
        cwe=(1080,),
        remediation="Give its parts names: functions of their own.",
        effort_min=20,
        confidence="high",
    )


def _large(path: str, lines: int, most: int) -> Finding:
    return Finding(
        rule="long-file",
        engine="metrics",
        kind="smell",
        severity="major",
        place=Place(path, 1, lines),
        message=f"The file has {lines} lines; {most} are allowed.",
        cwe=(1080,),
        remediation="Divide it by what its parts are about.",
        effort_min=60,
        confidence="high",
    )
