"""A private copy of what a tool is to read.

Nothing but text in its languages is in there, under names that are no surprise: no settings of the
analysed project that could run code or hide findings, no links, no name that reads like an option.
"""

import os
import re
import shutil
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp

import anyio
from anyio import to_thread

from quality.files.languages import ending_of
from quality.source import SourceFile

_PLAIN = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}(?:/(?!$)|$)){1,10}")
_SETTINGS = re.compile(r"oxlint", re.IGNORECASE)  # oxlint.config.ts is a program that it would run
_KNOWN = {  # the endings by which tools tell these languages
    "python": {".py", ".pyi"},
    "javascript": {".js", ".jsx", ".mjs", ".cjs"},
    "typescript": {".ts", ".tsx", ".mts", ".cts"},
}


@dataclass(frozen=True, slots=True)
class Folder:
    path: Path
    originals: dict[str, str]  # name in here -> path in the tree

    def original(self, name: str) -> str | None:
        """The path in the tree of what a tool calls `name`; None: it is none of ours."""
        return self.originals.get(name.removeprefix(f"{self.path}/").removeprefix("./"))


@asynccontextmanager
async def folder_of(files: Sequence[SourceFile]) -> AsyncGenerator[Folder]:
    """A folder that holds `files` in UTF-8, and is gone in the end; it is the caller's alone."""
    path = Path(await to_thread.run_sync(lambda: os.path.realpath(mkdtemp(prefix="pointsman-"))))
    try:
        yield Folder(path, await to_thread.run_sync(_write, path, files))
    finally:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(lambda: shutil.rmtree(path, ignore_errors=True))


def _write(folder: Path, files: Sequence[SourceFile]) -> dict[str, str]:
    odd = "odd"
    while any(file.path.startswith(f"{odd}/") for file in files):
        odd += "_"
    originals: dict[str, str] = {}
    made: set[Path] = set()
    for number, file in enumerate(files):
        name = _name(file, f"{odd}/{number}")
        target = folder / name
        if target.parent not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.add(target.parent)
        target.write_text(file.text, encoding="utf-8", errors="replace", newline="")
        originals[name] = file.path
    return originals


def _name(file: SourceFile, odd: str) -> str:
    """Its own path where a tool will take it for what it is, else one in the folder `odd`."""
    path = PurePosixPath(file.path)
    known = path.suffix in _KNOWN.get(file.language, {path.suffix})
    if not known or _SETTINGS.match(path.name):
        return f"{odd}/file{ending_of(file.language)}"
    return file.path if _PLAIN.fullmatch(file.path) else f"{odd}/file{path.suffix}"
