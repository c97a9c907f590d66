"""The engine "checks"."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from anyio import from_thread, to_thread

from pointsman.quality_settings import QualitySettings
from quality.checks.code import Code
from quality.checks.looking import NAME, Table
from quality.checks.size import Sizes, size_findings
from quality.checks.table import CHECKS
from quality.finding import Analysis, Finding
from quality.python.parse import parse
from quality.source import SourceFile, Tree

_BATCH = 8  # files that a thread is started for


class Checks:
    """Looks at one file at a time; implements `quality.engine.Engine`."""

    name = NAME
    languages: frozenset[str] | None = frozenset({"python"})

    def __init__(self, settings: QualitySettings) -> None:
        self._sizes = Sizes(settings.max_function_lines, settings.max_file_lines)

    @cached_property
    def _table(self) -> Table:
        return Table(CHECKS)  # reads a file, so only the worker thread asks for it

    async def version(self) -> str | None:
        return await to_thread.run_sync(_own_digest)

    def keys(self, tree: Tree) -> Mapping[str, str]:
        salt = repr(self._sizes)
        return {
            file.path: sha256(f"{file.sha256} {file.test} {salt}".encode()).hexdigest()
            for file in tree.files
            if file.language == "python"
        }

    async def analyse(self, stale: Sequence[SourceFile], tree: Tree) -> Analysis:
        del tree  # what one file says depends on no other
        files = [file for file in stale if file.language == "python"]
        findings: list[Finding] = []
        notes: dict[str, str] = {}
        for start in range(0, len(files), _BATCH):
            found, missed = await to_thread.run_sync(self._look, files[start : start + _BATCH])
            findings += found
            notes |= missed
        return Analysis(findings=tuple(findings), notes=notes)

    def _look(self, files: Sequence[SourceFile]) -> tuple[list[Finding], dict[str, str]]:
        """What is found in the files, and which lines nobody could read."""
        findings: list[Finding] = []
        notes: dict[str, str] = {}
        for file in files:
            parsed = parse(file.text)
            code = Code(parsed.tree, file.text, path=file.path, test=file.test)
            said = self._table.findings(code, from_thread.check_cancelled)
            findings += [*said, *size_findings(code, self._sizes)]
            if parsed.broken:
                lines = ", ".join(f"{first}-{last}" for first, last in parsed.broken[:5])
                notes[file.path] = f"lines {lines} could not be read"
        return findings, notes


def _own_digest() -> str:
    """A new one whenever a check or the parser changes, so that no old result is taken for new."""
    digest = sha256()
    for folder in (Path(__file__).parent, Path(__file__).parent.parent / "python"):
        for path in sorted([*folder.glob("*.py"), *folder.glob("*.toml")]):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
