"""Runs a command whose time and output are limited, and leaves nothing of it behind."""

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from subprocess import PIPE
from typing import Literal

import anyio
from anyio.abc import ByteReceiveStream, ByteSendStream, Process

from tools.workbench.code.outcome import MOST_PRINTED

MOST_REPORT = 64 * 1024  # bytes on standard error
START_S = 20.0  # until it says something on standard error, which is when its time starts

DYING_S = 2.0  # from the kill to the end; nothing should take this long


@dataclass(slots=True)
class Ended:
    output: bytearray = field(default_factory=bytearray)
    report: bytearray = field(default_factory=bytearray)  # what came on standard error
    exit_code: int | None = None  # negative: the signal that ended it
    stopped: Literal["time", "output"] | None = None


async def run_capped(command: Sequence[str], fed: bytes, seconds: float) -> Ended:
    """What `command` printed and how it ended; it starts with an empty environment.

    Cancelling kills it, with all of its process group.

    Raises:
        OSError: it could not be started.
    """
    ended = Ended()
    with anyio.CancelScope(shield=True):  # there is no process without its `finally`
        process = await anyio.open_process(
            command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env={}, cwd="/", start_new_session=True
        )
    try:
        with anyio.move_on_after(START_S) as scope:
            await _follow(process, fed, ended, scope, seconds)
        if scope.cancelled_caught and ended.stopped is None:
            ended.stopped = "time"
    finally:
        with anyio.CancelScope(shield=True):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            with anyio.move_on_after(DYING_S):
                await _drain(process)
            await process.aclose()
    ended.exit_code = process.returncode
    return ended


async def _follow(
    process: Process, fed: bytes, ended: Ended, scope: anyio.CancelScope, seconds: float
) -> None:
    assert process.stdin is not None  # noqa: S101  # all three are pipes
    assert process.stdout is not None  # noqa: S101
    assert process.stderr is not None  # noqa: S101

    async def collect(stream: ByteReceiveStream, into: bytearray, most: int) -> None:
        async for chunk in stream:
            if into is ended.report and not into:
                scope.deadline = anyio.current_time() + seconds
            into += chunk[: most - len(into)]
            if len(into) >= most:
                ended.stopped = "output"
                scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_feed, process.stdin, fed)
        tasks.start_soon(collect, process.stdout, ended.output, MOST_PRINTED)
        tasks.start_soon(collect, process.stderr, ended.report, MOST_REPORT)
        await process.wait()


async def _drain(process: Process) -> None:
    """Waits for the last of the group: what it holds open is closed when it dies."""
    for stream in (process.stdout, process.stderr):
        assert stream is not None  # noqa: S101
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            async for _ in stream:
                pass


async def _feed(stream: ByteSendStream, fed: bytes) -> None:
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):  # it ended before
        await stream.send(fed)
    await stream.aclose()
