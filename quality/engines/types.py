"""types: Python that fails when it runs, as its types show, by ty."""

import os
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from anyio import to_thread
from pydantic import BaseModel, TypeAdapter, ValidationError

from quality.engines.folder import Folder, folder_of
from quality.engines.imports import digests
from quality.engines.isolating import isolated
from quality.engines.keys import in_languages
from quality.engines.process import Ended, located, run
from quality.engines.table import table
from quality.engines.versions import version_of
from quality.engines.working import unreadable
from quality.errors import EngineFailed
from quality.finding import Analysis, Finding, Place
from quality.source import SourceFile, Tree

_PYTHON = frozenset({"python"})
_NEWEST = "3.14"
_NOT_FOUND = ("import-not-found", "unresolved-import")
_MODULE = re.compile(r"module `([\w.]+)`")
_TASTE = ("invalid-argument-type", "invalid-assignment", "invalid-explicit-return")
_TASTE_TOO = ("invalid-return-type", "invalid-parameter-default")
_PLAIN = r"(?:int|str|bytes|float|bool|None|Literal\[[^`|]*\]|(?:list|dict|set|tuple)\[[a-z, .]*\])"
_BOTH_PLAIN = re.compile(
    rf"[Ee]xpected `(?!Literal)({_PLAIN})`, found `{_PLAIN}`"
    rf"|of type `{_PLAIN}` is not assignable to (?:\w+ )*`(?!Literal){_PLAIN}`"
)
# It may be so, or it is a private name, of which the stubs say nothing.
_UNSURE = re.compile(r"\bmay (?:not )?be\b|has no member `_|not defined on `(?!None`)")
_MOST_NAMED = 5_000  # files on one command line

_RULES = table("types")


class _Spot(BaseModel):
    line: int
    column: int


class _Positions(BaseModel):
    begin: _Spot
    end: _Spot


class _Location(BaseModel):
    path: str
    positions: _Positions


class _Told(BaseModel):
    check_name: str
    description: str
    location: _Location


_REPORT = TypeAdapter(list[_Told])


class Types:
    """Reads the files that are no tests, and all that they import from the project.

    It sees no installed package and no settings: what comes from outside the project has no type,
    and never is a finding. The imports that it did not find are in the notes.
    """

    name = "types"
    languages = _PYTHON

    def __init__(self, path: str = os.defpath) -> None:
        self._path = path  # where it may be

    async def version(self) -> str | None:
        return await version_of("ty", await located("ty", self._path))

    def keys(self, tree: Tree) -> Mapping[str, str]:
        tests = {file.path: "test" for file in in_languages(tree, _PYTHON) if file.test}
        return tests | digests(_code(tree))

    async def analyse(self, stale: Sequence[SourceFile], tree: Tree) -> Analysis:
        program = await located("ty", self._path)
        if program is None:
            raise EngineFailed(self.name, "is not there")
        wanted = [file for file in stale if not file.test]
        if not wanted:
            return Analysis()
        async with folder_of(_code(tree)) as folder, folder_of(()) as bare:
            await to_thread.run_sync(_furnish, bare.path)
            names = {path: name for name, path in folder.originals.items()}

            async def look(files: Sequence[SourceFile]) -> Analysis:
                paths = {file.path for file in files}
                some = [names[path] for path in paths] if len(paths) <= _MOST_NAMED else ["."]
                command = [program, *_arguments(bare.path), *some]
                ended = await run(self.name, command, folder.path)
                return await to_thread.run_sync(_analysis, ended, folder, paths)

            return await isolated(wanted, look)


def _code(tree: Tree) -> list[SourceFile]:
    return [file for file in in_languages(tree, _PYTHON) if not file.test]


def _furnish(bare: Path) -> None:
    """Make of an empty folder a Python environment that has nothing installed."""
    (bare / "lib" / f"python{_NEWEST}" / "site-packages").mkdir(parents=True)
    (bare / "pyvenv.cfg").write_text(
        f"home = {bare}\nversion_info = {_NEWEST}.0\n", encoding="utf-8"
    )
    (bare / "ty.toml").write_text("", encoding="utf-8")


def _arguments(bare: Path) -> list[str]:
    return [
        "check",
        "--exit-zero",
        "--no-progress",
        "--no-respect-ignore-files",
        "--output-format=gitlab",
        "--error=unused-awaitable",
        "--ignore=deprecated",
        f"--python={bare}",
        f"--python-version={_NEWEST}",
        f"--config-file={bare / 'ty.toml'}",
    ]


def _analysis(ended: Ended, folder: Folder, wanted: set[str]) -> Analysis:
    try:
        report = _REPORT.validate_json(ended.output)
    except ValidationError as error:
        raise unreadable("types", ended) from error
    findings = []
    absent: defaultdict[str, set[str]] = defaultdict(set)
    for told in report:
        path = folder.original(told.location.path)
        if path not in wanted or path is None:
            continue
        if told.check_name in _NOT_FOUND:
            absent[path].update(_MODULE.findall(told.description))
        elif (finding := _finding(told, path)) is not None:
            findings.append(finding)
    notes = {
        path: f"Not found, so what uses them was not judged: {', '.join(sorted(modules))}."
        for path, modules in absent.items()
    }
    return Analysis(findings=tuple(findings), notes=notes)


def _finding(told: _Told, path: str) -> Finding | None:
    """What is told, if it is clear that it fails."""
    meaning = _RULES.by_code.get(told.check_name)
    says = told.description.removeprefix(f"{told.check_name}: ")
    if meaning is None or _UNSURE.search(says):
        return None
    if told.check_name in (*_TASTE, *_TASTE_TOO) and not _BOTH_PLAIN.search(says):
        return None
    begin, end = told.location.positions.begin, told.location.positions.end
    return Finding(
        rule=told.check_name,
        engine="types",
        kind=meaning.kind,
        severity=meaning.severity,
        place=Place(path, begin.line, end.line, begin.column, end.column),
        message=says,
        cwe=meaning.cwe,
        remediation=meaning.remedy,
        effort_min=meaning.effort_min,
        confidence=meaning.confidence,
    )
