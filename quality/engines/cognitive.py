"""cognitive: how hard Python functions are to follow, as SonarQube counts it, by complexipy."""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel

from quality.engines.isolating import isolated
from quality.engines.keys import by_file
from quality.engines.metrics import Function, too_complex
from quality.engines.versions import package_version
from quality.engines.working import work
from quality.finding import Analysis, FileMeasures
from quality.source import SourceFile, Tree

_PYTHON = frozenset({"python"})


class _File(BaseModel):
    cognitive: int
    functions: tuple[Function, ...]


class _Report(BaseModel):
    results: Mapping[str, _File]
    unread: dict[str, str]


class Cognitive:
    """Counts in all files but tests, and tells of functions that score more than `most`."""

    name = "cognitive"
    languages = _PYTHON

    def __init__(self, most: int) -> None:
        self._most = most  # of a function

    async def version(self) -> str | None:
        return await package_version("complexipy")

    def keys(self, tree: Tree) -> Mapping[str, str]:
        return by_file(tree, _PYTHON, self._most)

    async def analyse(
        self,
        stale: Sequence[SourceFile],
        tree: Tree,  # noqa: ARG002  # it needs no other file
    ) -> Analysis:
        return await isolated([file for file in stale if not file.test], self._look)

    async def _look(self, files: Sequence[SourceFile]) -> Analysis:
        report = await work(self.name, _Report, files)
        findings = (
            too_complex("cognitive-complexity", self.name, path, function, self._most)
            for path, found in report.results.items()
            for function in found.functions
            if function.score > self._most
        )
        return Analysis(
            findings=tuple(findings),
            measures={
                path: FileMeasures(cognitive=found.cognitive)
                for path, found in report.results.items()
            },
            unread=report.unread,
        )
