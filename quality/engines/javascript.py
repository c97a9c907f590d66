"""javascript: mistakes and dangerous calls in JavaScript and TypeScript, by oxlint."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from anyio import to_thread
from pydantic import BaseModel, ValidationError

from quality.engines.folder import Folder, folder_of
from quality.engines.isolating import isolated
from quality.engines.keys import by_file
from quality.engines.process import Ended, located, run
from quality.engines.table import Meaning, table
from quality.engines.versions import version_of
from quality.engines.working import unreadable
from quality.errors import EngineFailed
from quality.finding import Analysis, Finding, Place
from quality.source import SourceFile, Tree

LANGUAGES = frozenset({"javascript", "typescript", "vue", "svelte"})
_PLUGINS = ("typescript", "unicorn", "oxc", "react", "promise", "vue", "node")
_CODE = re.compile(r"(\w+)\(([\w-]+)\)")
_SYNTAX = Meaning(kind="bug", severity="blocker", effort_min=30)
# Comments by which a file silences a linter; what is suppressed, and why, is decided elsewhere.
_SILENCE = re.compile(r"\b(eslint|oxlint)-disable")

_RULES = table("javascript")


class _Span(BaseModel):
    offset: int  # bytes of UTF-8
    length: int


class _Label(BaseModel):
    span: _Span


class _Told(BaseModel):
    message: str
    filename: str
    code: str | None = None
    help: str = ""
    labels: tuple[_Label, ...] = ()


class _Report(BaseModel):
    diagnostics: tuple[_Told, ...]


class JavaScript:
    """Reads one file at a time; the project's own settings do not count."""

    name = "javascript"
    languages = LANGUAGES

    def __init__(self, path: str = os.defpath) -> None:
        self._path = path  # where it may be

    async def version(self) -> str | None:
        return await version_of("oxlint", await located("oxlint", self._path))

    def keys(self, tree: Tree) -> Mapping[str, str]:
        return by_file(tree, LANGUAGES, _RULES.digest)

    async def analyse(
        self,
        stale: Sequence[SourceFile],
        tree: Tree,  # noqa: ARG002  # it needs no other file
    ) -> Analysis:
        program = await located("oxlint", self._path)
        if program is None:
            raise EngineFailed(self.name, "is not there")
        heard = [replace(file, text=_SILENCE.sub(r"\1_disable", file.text)) for file in stale]
        async with folder_of(()) as own:
            settings = own.path / "settings.json"
            await to_thread.run_sync(settings.write_text, _settings(), "utf-8")
            command = [program, f"--config={settings}", "--disable-nested-config"]
            command += ["--no-ignore", "--format=json", "."]

            async def look(files: Sequence[SourceFile]) -> Analysis:
                async with folder_of(files) as folder:
                    ended = await run(self.name, command, folder.path)
                    texts = {file.path: file.text.encode() for file in files}
                    return await to_thread.run_sync(_analysis, ended, folder, texts)

            return await isolated(heard, look)


def _settings() -> str:
    rules = {}
    for code in _RULES.by_code:
        if match := _CODE.fullmatch(code):
            plugin, rule = match.groups()
            rules[rule if plugin == "eslint" else f"{plugin}/{rule}"] = "error"
    return json.dumps({"plugins": _PLUGINS, "categories": {"correctness": "off"}, "rules": rules})


def _analysis(ended: Ended, folder: Folder, texts: Mapping[str, bytes]) -> Analysis:
    try:
        report = _Report.model_validate_json(ended.output)
    except ValidationError as error:
        raise unreadable("javascript", ended) from error
    findings = []
    broken: set[str] = set()  # what follows from the first error in a file is no news
    for told in report.diagnostics:
        path = folder.original(told.filename)
        if path is None or (told.code is None and path in broken):
            continue
        meaning = _SYNTAX if told.code is None else _RULES.by_code.get(told.code)
        if told.code is None:
            broken.add(path)
        if meaning is not None:
            findings.append(_finding(told, path, meaning, texts[path]))
    return Analysis(findings=tuple(findings))


def _finding(told: _Told, path: str, meaning: Meaning, text: bytes) -> Finding:
    code = _CODE.fullmatch(told.code or "")
    return Finding(
        rule=(code[2] if code else told.code) or "syntax-error",
        engine="javascript",
        kind=meaning.kind,
        severity=meaning.severity,
        place=_place(path, told, text),
        message=told.message,
        cwe=meaning.cwe,
        remediation=meaning.remedy or told.help,
        effort_min=meaning.effort_min,
        confidence=meaning.confidence,
    )


def _place(path: str, told: _Told, text: bytes) -> Place:
    if not told.labels:
        return Place(path, 1, 1)
    span = told.labels[0].span
    line, column = _spot(text, span.offset)
    end_line, end_column = _spot(text, span.offset + span.length)
    return Place(path, line, end_line, column, end_column)


def _spot(text: bytes, offset: int) -> tuple[int, int]:
    """The line and the column, in characters, of a byte; both from 1."""
    before = text[:offset]
    start = before.rfind(b"\n") + 1
    return before.count(b"\n") + 1, len(before[start:].decode(errors="replace")) + 1
