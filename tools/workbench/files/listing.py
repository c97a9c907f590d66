"""The `list_files` tool."""

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

import anyio.to_thread
from pydantic import Field

from pointsman.errors import InvalidInput, PointsmanError
from tools.tool import Arguments, Caller, Result, Tool
from tools.workbench.files.beneath import FOLDER
from tools.workbench.files.folders import Folders, Spot, clean
from tools.workbench.files.protected import is_protected

MOST_SEEN = 20_000  # entries that are looked at
MOST_DEPTH = 16
Kind = Literal["file", "folder", "link", "other"]


class ListFilesArguments(Arguments):
    path: str = Field(default=".", max_length=4096, description="of a folder")
    pattern: str | None = Field(default=None, max_length=200, description='"*.py", "src/**/*.md"')
    depth: int | None = Field(default=None, ge=1, le=MOST_DEPTH, description="of folders; 1: flat")
    hidden: bool = False
    limit: int = Field(default=200, ge=1, le=2000)


class Entry(Result):
    path: str
    kind: Kind
    bytes: int | None
    modified: str


class ListFilesResult(Result):
    path: str
    entries: list[Entry]
    more: int = Field(description="entries that are left out")
    complete: bool = Field(description="False: there was too much to look at all of it")


def list_files_tool(folders: Folders) -> Tool:
    async def run(given: ListFilesArguments, caller: Caller) -> ListFilesResult:
        return await anyio.to_thread.run_sync(_list, folders, caller.roots, given)

    return Tool(
        name="list_files",
        title="List files",
        description="List the files and folders in a folder, or find files by name.",
        arguments=ListFilesArguments,
        result=ListFilesResult,
        run=run,
        read=_read,
        read_only=True,
        open_world=False,
        idempotent=True,
        untrusted=True,
        toolset="workbench",
    )


class Walk:
    """A walk through a folder, from open folder to open folder; no link is followed."""

    def __init__(self, spot: Spot, given: ListFilesArguments) -> None:
        self.complete = True
        self._spot = spot
        self._hidden = given.hidden
        self._depth = given.depth or (MOST_DEPTH if given.pattern else 1)
        self._seen = 0

    def entries(
        self, parts: tuple[str, ...] = ()
    ) -> Iterator[tuple[tuple[str, ...], os.stat_result]]:
        """All entries below `parts` and what they are."""
        try:
            folder = self._spot.open((*self._spot.parts, *parts), FOLDER)
        except PointsmanError:
            if not parts:
                raise
            return  # it is protected, or went away
        try:
            below = list(self._of(folder))
        finally:
            os.close(folder)
        for name, found in below:
            yield (*parts, name), found
            if stat.S_ISDIR(found.st_mode) and len(parts) + 1 < self._depth:
                yield from self.entries((*parts, name))

    def _of(self, folder: int) -> Iterator[tuple[str, os.stat_result]]:
        with self._spot.told(), os.scandir(folder) as entries:
            for entry in entries:
                if self._seen >= MOST_SEEN:
                    self.complete = False
                    return
                self._seen += 1
                if entry.name.startswith(".") and not self._hidden:
                    continue
                try:
                    yield entry.name, entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue  # it went away


def _list(folders: Folders, roots: tuple[Path, ...], given: ListFilesArguments) -> ListFilesResult:
    pattern = None if given.pattern is None else _pattern(given.pattern)
    with folders.spot(given.path, roots) as spot:
        walk = Walk(spot, given)
        found = sorted(
            (parts, status)
            for parts, status in walk.entries()
            if pattern is None or _fits(parts, pattern)
        )
        return ListFilesResult(
            path=spot.shown,
            entries=[_entry(spot, parts, status) for parts, status in found[: given.limit]],
            more=max(0, len(found) - given.limit),
            complete=walk.complete,
        )


def _entry(spot: Spot, parts: tuple[str, ...], found: os.stat_result) -> Entry:
    kinds: dict[int, Kind] = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}
    kind = kinds.get(stat.S_IFMT(found.st_mode), "other")
    shown = kind == "file" and not is_protected((*spot.parts, *parts), spot.granted)
    return Entry(
        path=clean("/".join((*spot.parts, *parts))),
        kind=kind,
        bytes=found.st_size if shown else None,
        modified=_time(found.st_mtime),
    )


def _time(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(int(seconds), UTC).isoformat()
    except (OverflowError, ValueError, OSError):
        return "unknown"  # a clock said the year 60,000


def _pattern(text: str) -> list[str]:
    """The names of a pattern; one without `/` is looked for in every folder."""
    names = text.removeprefix("./").split("/")
    if ".." in names or "" in names:
        raise InvalidInput(f"{clean(text)} is no pattern.", hint='Such as "*.py" or "src/**/*.md".')
    return names if len(names) > 1 else ["**", *names]


def _fits(parts: tuple[str, ...], pattern: list[str]) -> bool:
    """Whether the names match, `**` standing for any number of them; in time of their product."""
    reached = {0}  # how much of the pattern the names so far may have used up
    for part in parts:
        reached = _past_stars(reached, pattern)
        reached = {
            n if pattern[n] == "**" else n + 1
            for n in reached
            if n < len(pattern) and (pattern[n] == "**" or fnmatchcase(part, pattern[n]))
        }
    return len(pattern) in _past_stars(reached, pattern)


def _past_stars(reached: set[int], pattern: list[str]) -> set[int]:
    found = set(reached)
    for n in sorted(reached):
        while n < len(pattern) and pattern[n] == "**":
            n += 1
            found.add(n)
    return found


def _read(result: ListFilesResult) -> str:
    lines = [
        f"{entry.path}/" if entry.kind == "folder" else f"{entry.path}{_details(entry)}"
        for entry in result.entries
    ]
    if result.more:
        lines.append(f"and {result.more} more; narrow it with a pattern, or raise limit")
    if not result.complete:
        lines.append(f"only the first {MOST_SEEN:,} entries were looked at; name a smaller folder")
    return "\n".join(lines) or f"Nothing is in {result.path} that fits."


def _details(entry: Entry) -> str:
    size = "" if entry.bytes is None else f"  {entry.bytes:,} bytes"
    kind = "" if entry.kind == "file" else f"  ({entry.kind})"
    return f"{kind}{size}  {entry.modified[:16]}"
