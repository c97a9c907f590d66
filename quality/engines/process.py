"""Runs an engine's program, and leaves nothing of it behind."""

import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE
from typing import NamedTuple

import anyio
from anyio import to_thread
from anyio.abc import ByteReceiveStream, ByteSendStream, Process

from quality.errors import EngineFailed

MOST_OUTPUT = 256 << 20  # bytes; a report of 100,000 findings takes about 60 MB
MOST_ERRORS = 64 << 10
DYING_S = 2.0  # from the kill to the end; nothing should take this long


class Ended(NamedTuple):
    output: bytes
    errors: bytes  # the first of what came on standard error
    code: int  # negative: the signal that ended it


def find(program: str, path: str = os.defpath) -> str | None:
    """Where `program` is: beside this Python, or in a folder of `path`; None: nowhere."""
    own = Path(sys.executable).with_name(program)
    if own.is_file() and os.access(own, os.X_OK):
        return str(own)
    absolute = (folder for folder in path.split(os.pathsep) if os.path.isabs(folder))
    return shutil.which(program, path=os.pathsep.join(absolute))


async def located(program: str, path: str) -> str | None:
    """As `find`, which asks the disk."""
    return await to_thread.run_sync(find, program, path)


async def run(
    engine: str,
    command: Sequence[str],
    folder: Path,
    *,
    fed: bytes = b"",
    most: int = MOST_OUTPUT,
    also: Mapping[str, str] | None = None,
) -> Ended:
    """What `command` printed and how it ended, run in `folder`, which is its home too.

    It sees nothing of our environment, but the variables `also`. Cancelled, it is killed, with all
    of its process group.

    Raises:
        EngineFailed: it could not be started, or printed more than `most` bytes.
    """
    try:
        with anyio.CancelScope(shield=True):  # there is no process without its `finally`
            process = await anyio.open_process(
                command,
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                cwd=folder,
                env=_environment(folder) | dict(also or {}),
                start_new_session=True,
            )
    except OSError as error:
        raise EngineFailed(engine, f"could not be started: {error.strerror}") from error
    try:
        output, errors = await _follow(process, fed, most)
    finally:
        with anyio.CancelScope(shield=True):
            await _end(process)
    if len(output) > most:
        raise EngineFailed(engine, f"printed more than {most} bytes")
    return Ended(bytes(output), bytes(errors), process.returncode or 0)


def _environment(home: Path) -> dict[str, str]:
    """Of ours, nothing: what a user has set for a tool does not count, nor do our secrets leak."""
    own = dict.fromkeys(("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), str(home))
    return own | {"LANG": "C.UTF-8", "NO_COLOR": "1", "PATH": os.defpath, "PYTHONUTF8": "1"}


async def _follow(process: Process, fed: bytes, most: int) -> tuple[bytearray, bytearray]:
    """All that it printed, unless it was too much: then one byte more than `most`, at least."""
    output, errors = bytearray(), bytearray()
    assert process.stdin is not None  # noqa: S101  # all three are pipes
    assert process.stdout is not None  # noqa: S101
    assert process.stderr is not None  # noqa: S101

    async def collect(stream: ByteReceiveStream) -> None:
        async for chunk in stream:
            output.extend(chunk)
            if len(output) > most:
                tasks.cancel_scope.cancel()

    async def hear(stream: ByteReceiveStream) -> None:
        async for chunk in stream:
            errors.extend(chunk[: MOST_ERRORS - len(errors)])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_feed, process.stdin, fed)
        tasks.start_soon(collect, process.stdout)
        tasks.start_soon(hear, process.stderr)
        await process.wait()
        _kill(process)  # what it started and left behind
        tasks.cancel_scope.deadline = anyio.current_time() + DYING_S  # something may hold its pipes
    return output, errors


def _kill(process: Process) -> None:
    with suppress(ProcessLookupError, PermissionError):  # on macOS, a group that is all dead
        os.killpg(process.pid, signal.SIGKILL)


async def _end(process: Process) -> None:
    _kill(process)
    with anyio.move_on_after(DYING_S):
        await process.wait()
        for pipe in (process.stdout, process.stderr):  # at its end, each closes its transport
            if pipe is not None:
                await _drained(pipe)
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            await stream.aclose()


async def _drained(stream: ByteReceiveStream) -> None:
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
        async for _ in stream:
            pass


async def _feed(stream: ByteSendStream, fed: bytes) -> None:
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):  # it ended before
        await stream.send(fed)
    with suppress(anyio.BrokenResourceError, OSError):
        await stream.aclose()
