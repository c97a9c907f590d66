"""The engine "checks"."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from hashlib import sha256
from pathlib import Path

from anyio import from_thread, to_thread

from pointsman.quality_settings import QualitySettings
from quality.apart import apart
from quality.checks.code import Code
from quality.checks.looking import NAME, Table, go_on
from quality.checks.size import Sizes, size_findings
from quality.engines.isolating import isolated
from quality.finding import Analysis, Finding
from quality.python.parse import parse
from quality.source import SourceFile, Tree

SMALL = 20_000  # characters that are not worth a process


class Checks:
    """Looks at one file at a time; implements `quality.engine.Engine`."""

    name = NAME
    languages: frozenset[str] | None = frozenset({"python"})

    def __init__(self, settings: QualitySettings) -> None:
        self._sizes = Sizes(settings.max_function_lines, settings.max_file_lines)

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
        if sum(len(file.text) for file in files) > SMALL:
            return await isolated(files, self._apart)
        look = partial(look_at, files, self._sizes, from_thread.check_cancelled)
        return await to_thread.run_sync(look)

    async def _apart(self, files: Sequence[SourceFile]) -> Analysis:
        return await apart(NAME, partial(look_at, files, self._sizes))


def look_at(
    files: Sequence[SourceFile], sizes: Sizes, pause: Callable[[], None] = go_on
) -> Analysis:
    """What is found in the files, and which lines nobody could read.

    `pause` is called again and again; it raises to break off.
    """
    findings: list[Finding] = []
    notes: dict[str, str] = {}
    table = _table()
    for file in files:
        parsed = parse(file.text)
        code = Code(parsed.tree, file.text, path=file.path, test=file.test)
        findings += [*table.findings(code, pause), *size_findings(code, sizes)]
        if parsed.broken:
            lines = ", ".join(f"{first}-{last}" for first, last in parsed.broken[:5])
            notes[file.path] = f"lines {lines} could not be read"
    return Analysis(findings=tuple(findings), notes=notes)


@cache
def _table() -> Table:
    from quality.checks.table import CHECKS  # which an analysis with nothing new does without

    return Table(CHECKS)


def _own_digest() -> str:
    """A new one whenever a check or the parser changes, so that no old result is taken for new."""
    digest = sha256()
    for folder in (Path(__file__).parent, Path(__file__).parent.parent / "python"):
        for path in sorted([*folder.glob("*.py"), *folder.glob("*.toml")]):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
