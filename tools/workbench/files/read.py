"""The `read_file` tool."""

import os
from pathlib import Path

import anyio.to_thread
from pydantic import Field

from pointsman.errors import InvalidInput
from tools.tool import Arguments, Caller, Result, Tool
from tools.workbench.files.folders import Folders, Spot
from tools.workbench.files.text import Window, by_bytes, by_lines, decoded

CHUNK_BYTES = 1_000_000


class ReadFileArguments(Arguments):
    path: str = Field(max_length=4096)
    start_line: int = Field(default=1, ge=1, le=10**9)
    lines: int | None = Field(default=None, ge=1, le=10**6, description="at most")
    start_byte: int | None = Field(
        default=None, ge=0, le=2**62, description="instead of start_line"
    )


class ReadFileResult(Result):
    path: str
    text: str
    first_line: int | None
    last_line: int | None
    total_lines: int | None = Field(description="None: too long to count")
    bytes: int = Field(description="of the whole file")
    encoding: str
    next_line: int | None = Field(description="to go on with; None: that was all")
    next_byte: int | None = Field(description="to go on with, where a line is too long")
    note: str | None


def read_file_tool(folders: Folders) -> Tool:
    async def run(given: ReadFileArguments, caller: Caller) -> ReadFileResult:
        return await anyio.to_thread.run_sync(_read_file, folders, caller.roots, given)

    return Tool(
        name="read_file",
        title="Read a file",
        description="Read a text file, whole or from a line on.",
        arguments=ReadFileArguments,
        result=ReadFileResult,
        run=run,
        read=_read,
        read_only=True,
        open_world=False,
        idempotent=True,
        untrusted=True,
        toolset="workbench",
    )


def _read_file(
    folders: Folders, roots: tuple[Path, ...], given: ReadFileArguments
) -> ReadFileResult:
    with folders.spot(given.path, roots) as spot:
        descriptor = spot.open_file()
        try:
            with spot.told():
                size = os.fstat(descriptor).st_size
                data = _bytes(descriptor, given.start_byte or 0, folders.max_bytes)
        finally:
            os.close(descriptor)
    return _shown(spot, given, data, max(size, len(data)))


def _bytes(descriptor: int, start: int, most: int) -> bytes:
    """At most so many bytes from `start` on."""
    found = bytearray()
    while len(found) < most:
        more = os.pread(descriptor, min(CHUNK_BYTES, most - len(found)), start + len(found))
        if not more:
            break
        found += more
    return bytes(found)


def _shown(spot: Spot, given: ReadFileArguments, data: bytes, size: int) -> ReadFileResult:
    whole = len(data) == size
    text, encoding = decoded(data, spot.shown)
    wide = encoding.startswith(("utf-16", "utf-32"))
    if wide and not whole:
        raise InvalidInput(f"{spot.shown} is {encoding} and too long to be read ({size:,} bytes).")
    by_line = given.start_byte is None
    window = by_lines(text, given.start_line, given.lines) if by_line else by_bytes(text)
    total = text.count(b"\n") + (not text.endswith(b"\n") and bool(text)) if whole else None
    if by_line and total is None and not window.taken:
        raise InvalidInput(
            f"Line {given.start_line} is not in the first {len(data):,} bytes of {spot.shown}.",
            hint="Read on with start_byte.",
        )
    marks = len(data) - len(text)
    next_line, next_byte = _next(window, text, (given.start_byte or 0) + marks, size)
    if wide:
        next_byte = None  # bytes of the file are not bytes of the text
    return ReadFileResult(
        path=spot.shown,
        text=window.text,
        first_line=window.first_line,
        last_line=window.last_line,
        total_lines=total if by_line else None,
        bytes=size,
        encoding=encoding,
        next_line=next_line,
        next_byte=next_byte,
        note=_note(window, encoding),
    )


def _next(window: Window, text: bytes, start: int, size: int) -> tuple[int | None, int | None]:
    """Where to go on: at a line, or at a byte of the file where no line begins."""
    end = window.skipped + window.taken
    at_line = window.last_line is not None and text[end - 1 : end] == b"\n"
    if end < len(text) and at_line and window.last_line is not None:
        return window.last_line + 1, None
    return None, start + end if start + end < size and window.taken else None


def _note(window: Window, encoding: str) -> str | None:
    notes = {
        "bytes that are not UTF-8 are shown as \ufffd": window.damaged,
        f"it is {encoding}; written back it would be UTF-8 without a mark": encoding != "utf-8",
    }
    return "; ".join(note for note, holds in notes.items() if holds) or None


def _read(result: ReadFileResult) -> str:
    if result.first_line is None:
        place = f"part of {result.bytes:,} bytes"
    elif not result.text:
        place = f"nothing there; {result.total_lines} lines"
    else:
        total = "" if result.total_lines is None else f" of {result.total_lines}"
        place = f"lines {result.first_line}-{result.last_line}{total}"
    on = ""
    if result.next_line is not None:
        on = f"; go on with start_line={result.next_line}"
    elif result.next_byte is not None:
        on = f"; go on with start_byte={result.next_byte}"
    note = f"; {result.note}" if result.note else ""
    return f"[{result.path}: {place}{on}{note}]\n{result.text}"
