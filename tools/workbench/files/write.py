"""The `write_file` tool."""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

import anyio.to_thread
from pydantic import Field

from pointsman.errors import InvalidInput, NotFound
from tools.tool import Arguments, Caller, Result, Tool
from tools.workbench.files.beneath import FOLDER
from tools.workbench.files.folders import Folders, Spot

Mode = Literal["create", "overwrite", "append"]
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
MORE = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NONBLOCK", 0)
NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)  # of this kind of disk


class WriteFileArguments(Arguments):
    path: str = Field(max_length=4096)
    content: str
    mode: Mode = Field(default="create", description="create fails if the file is there")
    parents: bool = Field(default=False, description="make missing folders")


class WriteFileResult(Result):
    path: str
    bytes: int = Field(description="of the whole file now")
    created: bool


def write_file_tool(folders: Folders) -> Tool:
    async def run(given: WriteFileArguments, caller: Caller) -> WriteFileResult:
        return await anyio.to_thread.run_sync(_write_file, folders, caller.roots, given)

    return Tool(
        name="write_file",
        title="Write a file",
        description="Write text to a file: a new one, in place of one, or at its end.",
        arguments=WriteFileArguments,
        result=WriteFileResult,
        run=run,
        read=_read,
        read_only=False,
        open_world=False,
        destructive=True,
        risk="write",
        toolset="workbench",
    )


def _write_file(
    folders: Folders, roots: tuple[Path, ...], given: WriteFileArguments
) -> WriteFileResult:
    try:
        content = given.content.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput("The content is no text: it has half of a character in it.") from error
    with folders.spot(given.path, roots) as spot:
        if not spot.parts:
            raise InvalidInput(f"{spot.shown} is a folder.")
        with _parent(spot, make=given.parents) as parent, spot.told():
            before = _before(spot, parent)
            held = before.st_size if before and given.mode == "append" else 0
            if held + len(content) > folders.max_bytes:
                raise InvalidInput(
                    f"{spot.shown} would have {held + len(content):,} bytes; "
                    f"the most is {folders.max_bytes:,}."
                )
            size = _put(spot, parent, content, given.mode, before)
    return WriteFileResult(path=spot.shown, bytes=size, created=before is None)


@contextmanager
def _parent(spot: Spot, *, make: bool) -> Iterator[int]:
    """A descriptor of the folder that the file is in."""
    *above, name = spot.parts
    if make:
        _make_folders(spot, above)
    try:
        descriptor = spot.open(above, FOLDER, name=name)
    except NotFound as error:
        raise NotFound(
            f"There is no folder for {spot.shown}.", hint="Set parents to true to make it."
        ) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _make_folders(spot: Spot, above: list[str]) -> None:
    for number, name in enumerate(above):
        folder = spot.open(above[:number], FOLDER, name=name)
        try:
            with spot.told(), suppress(FileExistsError):
                os.mkdir(name, dir_fd=folder)
        finally:
            os.close(folder)


def _before(spot: Spot, parent: int) -> os.stat_result | None:
    """The file that is there, None if there is none.

    Raises:
        InvalidInput: what is there is no file.
    """
    try:
        found = os.stat(spot.parts[-1], dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return None
    spot.check_file(found.st_mode)
    return found


def _put(spot: Spot, parent: int, content: bytes, mode: Mode, before: os.stat_result | None) -> int:
    if mode == "create" and before is not None:
        raise _there(spot)
    if mode == "append" and before is not None:
        return _append(spot, parent, content)
    name = spot.parts[-1]
    with _temporary(parent, content, before) as temporary:
        if mode == "overwrite":
            os.rename(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
        else:
            _name_new(spot, parent, temporary, name)
    with suppress(OSError):  # not every disk can do it for a folder
        os.fsync(parent)
    return len(content)


def _there(spot: Spot) -> InvalidInput:
    return InvalidInput(
        f"{spot.shown} is there already.",
        hint='Set mode to "overwrite" to replace it, or to "append" to add to it.',
    )


@contextmanager
def _temporary(parent: int, content: bytes, before: os.stat_result | None) -> Iterator[str]:
    """The name of a new file with that content, on the disk; it is gone at the end."""
    name = f".{secrets.token_hex(8)}.tmp"
    descriptor = os.open(name, NEW | os.O_CLOEXEC, 0o666, dir_fd=parent)
    try:
        try:
            if before is not None:
                os.fchmod(descriptor, stat.S_IMODE(before.st_mode) & 0o777)
            _write(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        yield name
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=parent)


def _name_new(spot: Spot, parent: int, temporary: str, name: str) -> None:
    """Give the file its name, if nobody took it meanwhile."""
    try:
        try:
            os.link(temporary, name, src_dir_fd=parent, dst_dir_fd=parent, follow_symlinks=False)
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            os.close(os.open(name, NEW | os.O_CLOEXEC, 0o666, dir_fd=parent))  # takes the name
            os.rename(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
    except FileExistsError as error:
        raise _there(spot) from error


def _append(spot: Spot, parent: int, content: bytes) -> int:
    """Add at the end; what is only half written is taken back."""
    flags = MORE | getattr(os, "O_NOFOLLOW", 0) | os.O_CLOEXEC
    descriptor = os.open(spot.parts[-1], flags, dir_fd=parent)
    try:
        held = os.fstat(descriptor)
        spot.check_file(held.st_mode)
        try:
            _write(descriptor, content)
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, held.st_size)
            raise
        return held.st_size + len(content)
    finally:
        os.close(descriptor)


def _write(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def _read(result: WriteFileResult) -> str:
    return f"{'Created' if result.created else 'Wrote'} {result.path} ({result.bytes:,} bytes)."
