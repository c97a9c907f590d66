"""ruff: mistakes, dangerous calls and clumsy code in Python, with fixes for many."""

import os
from collections.abc import Mapping, Sequence

from anyio import to_thread
from pydantic import BaseModel, TypeAdapter, ValidationError

from quality.engines.folder import Folder, folder_of
from quality.engines.isolating import isolated
from quality.engines.keys import by_file
from quality.engines.process import Ended, located, run
from quality.engines.table import Meaning, table
from quality.engines.versions import version_of
from quality.engines.working import unreadable
from quality.errors import EngineFailed
from quality.finding import Analysis, Edit, Finding, Place, ToolFix
from quality.source import SourceFile, Tree

_PYTHON = frozenset({"python"})
_NEWEST = "py314"  # what a later Python may say is no error
_UNREADABLE = "E999"  # ruff's old name for what Python cannot parse; now it has none
# Advice that holds only from a Python on that the project may not have.
_TOO_NEW = (
    "UP040",
    "UP046",
    "UP047",
    "UP049",
    "UP050",
    "UP007",
    "UP045",
    "UP017",
    "UP041",
    "UP042",
    "UP037",
    "UP043",
)

_RULES = table("ruff")


class _Spot(BaseModel):
    row: int
    column: int


class _Edit(BaseModel):
    content: str
    location: _Spot
    end_location: _Spot


class _Fix(BaseModel):
    applicability: str
    edits: tuple[_Edit, ...]
    message: str | None = None


class _Told(BaseModel):
    code: str | None
    filename: str
    message: str
    location: _Spot
    end_location: _Spot
    fix: _Fix | None = None


_REPORT = TypeAdapter(list[_Told])


class Ruff:
    """Reads one file at a time; the project's own settings and `noqa` comments do not count.

    What is suppressed, and why, is told of and decided in one place for all engines.
    """

    name = "ruff"
    languages = _PYTHON

    def __init__(self, path: str = os.defpath) -> None:
        self._path = path  # where it may be

    async def version(self) -> str | None:
        return await version_of("ruff", await located("ruff", self._path))

    def keys(self, tree: Tree) -> Mapping[str, str]:
        return by_file(tree, _PYTHON, _RULES.digest)

    async def analyse(
        self,
        stale: Sequence[SourceFile],
        tree: Tree,  # noqa: ARG002  # it needs no other file
    ) -> Analysis:
        program = await located("ruff", self._path)
        if program is None:
            raise EngineFailed(self.name, "is not there")

        async def look(files: Sequence[SourceFile]) -> Analysis:
            async with folder_of(files) as folder:
                ended = await run(self.name, [program, *_arguments()], folder.path)
                tests = {file.path for file in files if file.test}
                return await to_thread.run_sync(_analysis, ended, folder, tests)

        return await isolated(stale, look)


def _arguments() -> list[str]:
    codes = ",".join(code for code in _RULES.by_code if code != _UNREADABLE)
    return [
        "check",
        "--isolated",
        "--no-cache",
        "--no-respect-gitignore",
        "--ignore-noqa",
        "--exit-zero",
        "--quiet",
        "--config=exclude=[]",
        "--config=lint.pylint.max-args=7",  # as SonarQube asks
        f"--target-version={_NEWEST}",
        f"--select={codes}",
        f"--ignore={','.join(_TOO_NEW)}",
        "--output-format=json",
        ".",
    ]


def _analysis(ended: Ended, folder: Folder, tests: set[str]) -> Analysis:
    try:
        told = _REPORT.validate_json(ended.output)
    except ValidationError as error:
        raise unreadable("ruff", ended) from error
    findings = []
    broken: set[str] = set()  # what follows from the first error in a file is no news
    for one in told:
        path = folder.original(one.filename)
        code = one.code if one.code and one.code != "invalid-syntax" else _UNREADABLE
        if code == _UNREADABLE and path is not None:
            if path in broken:
                continue
            broken.add(path)
        meaning = _RULES.meaning(code)
        if path is not None and meaning is not None and (meaning.tests or path not in tests):
            findings.append(_finding(one, code, path, meaning))
    return Analysis(findings=tuple(findings))


def _finding(told: _Told, code: str, path: str, meaning: Meaning) -> Finding:
    return Finding(
        rule="syntax-error" if code == _UNREADABLE else code,
        engine="ruff",
        kind=meaning.kind,
        severity=meaning.severity,
        place=_place(path, told.location, told.end_location),
        message=told.message,
        cwe=meaning.cwe,
        remediation=meaning.remedy,
        effort_min=meaning.effort_min,
        confidence=meaning.confidence,
        fix=_fix(path, told.fix),
    )


def _fix(path: str, fix: _Fix | None) -> ToolFix | None:
    if fix is None or fix.applicability not in ("safe", "unsafe"):
        return None
    edits = (
        Edit(_place(path, edit.location, edit.end_location), edit.content) for edit in fix.edits
    )
    return ToolFix(edits=tuple(edits), safe=fix.applicability == "safe", says=fix.message or "")


def _place(path: str, start: _Spot, end: _Spot) -> Place:
    return Place(path, max(1, start.row), max(1, end.row), max(1, start.column), max(1, end.column))
