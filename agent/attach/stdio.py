"""A server that is a program of ours: its pipes as a transport of the SDK.

The SDK's own transport keeps a line of any length, copies it anew for each chunk, and hands the
program's standard error to ours; hence this one.
"""

import os
import re
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from subprocess import PIPE

import anyio
from anyio.abc import ByteReceiveStream, Process
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client._transport import TransportStreams
from mcp.shared.message import SessionMessage
from mcp.types import INTERNAL_ERROR, ErrorData, JSONRPCError, jsonrpc_message_adapter

from agent.attach.config import Program
from agent.attach.traces import Tail

LONGEST = 16 << 20  # bytes of one message
GRACE_S = 1.0  # to end by itself, once its input is closed; and again once it was told to
INHERITED = frozenset(
    "APPDATA COMSPEC HOME HOMEDRIVE HOMEPATH LANG LC_ALL LOCALAPPDATA LOGNAME PATH PATHEXT "  # noqa: SIM905
    "PROGRAMDATA PROGRAMFILES SHELL SYSTEMDRIVE SYSTEMROOT TEMP TERM TMP TMPDIR USER USERNAME "
    "USERPROFILE".split()
)
ANSWERED = re.compile(rb'"id"\s*:\s*(\d{1,15})\b')
ENDS = (anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError, OSError)

Incoming = SessionMessage | Exception


@asynccontextmanager
async def open_program(
    program: Program, environ: Mapping[str, str], tail: Tail, lost: anyio.Event
) -> AsyncGenerator[TransportStreams, None]:
    """Start `program` and speak to it; in the end it and all of its group are killed.

    It sees a few harmless variables of `environ` and its own. What it writes to its standard error
    goes to `tail`; `lost` is set when it closes its standard output.

    Raises:
        OSError: it could not be started.
    """
    own = {name: value for name, value in environ.items() if name in INHERITED}
    process = await anyio.open_process(
        [program.command, *program.args],
        env=own | dict(program.env),
        cwd=program.cwd,
        stderr=PIPE,
        start_new_session=True,
    )
    # Nothing is awaited between the start and the `try`: a cancellation there would leak it.
    into, incoming = anyio.create_memory_object_stream[Incoming](0)
    outgoing, out_of = anyio.create_memory_object_stream[SessionMessage](0)
    async with anyio.create_task_group() as tasks:
        try:
            tasks.start_soon(_read, process, into, lost)
            tasks.start_soon(_write, process, out_of, into)
            tasks.start_soon(_drain, process, tail)
            yield incoming, outgoing
        finally:
            with anyio.CancelScope(shield=True):
                await _stop(process)
            tasks.cancel_scope.cancel()
            for stream in (into, incoming, outgoing, out_of):
                stream.close()


async def _read(
    process: Process, into: MemoryObjectSendStream[Incoming], lost: anyio.Event
) -> None:
    assert process.stdout is not None  # noqa: S101  # it was opened with a pipe
    with into, suppress(*ENDS):
        async for line in _lines(process.stdout):
            with suppress(ValueError):  # a program that logs to its output is not a broken one
                message = jsonrpc_message_adapter.validate_json(line, by_name=False)
                await into.send(SessionMessage(message))
    lost.set()


async def _lines(stream: ByteReceiveStream) -> AsyncIterator[bytes]:
    """The lines of `stream`; one that is too long becomes an error to the request it answers."""
    buffer = bytearray()
    async for chunk in stream:
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            _grown(buffer, end)
            yield bytes(buffer) if len(buffer) <= LONGEST else _refused(buffer)
            buffer.clear()
        _grown(buffer, rest)


def _grown(buffer: bytearray, more: bytes) -> None:
    """Add `more` to `buffer`; past the limit only its ends are kept, which may name the request."""
    if len(buffer) > LONGEST:
        buffer[-256:] = (buffer[-256:] + more)[-256:]
    else:
        buffer += more


def _refused(buffer: bytearray) -> bytes:
    ids = ANSWERED.findall(buffer[-256:]) or ANSWERED.findall(buffer[:256])
    if not ids:
        return b""
    error = ErrorData(code=INTERNAL_ERROR, message=f"the answer is longer than {LONGEST} bytes")
    return JSONRPCError(jsonrpc="2.0", id=int(ids[-1]), error=error).model_dump_json().encode()


async def _write(
    process: Process,
    out_of: MemoryObjectReceiveStream[SessionMessage],
    into: MemoryObjectSendStream[Incoming],
) -> None:
    assert process.stdin is not None  # noqa: S101  # it was opened with a pipe
    try:
        async for item in out_of:
            line = item.message.model_dump_json(by_alias=True, exclude_unset=True)
            await process.stdin.send(line.encode() + b"\n")
    except ENDS:
        into.close()  # so that nobody waits for an answer


async def _drain(process: Process, tail: Tail) -> None:
    assert process.stderr is not None  # noqa: S101  # it was opened with a pipe
    with suppress(*ENDS):
        async for part in process.stderr:
            tail.add(part)


async def _stop(process: Process) -> None:
    """Close its input, as the protocol says, then tell it to end, then kill all of its group."""
    with suppress(*ENDS):
        if process.stdin is not None:
            await process.stdin.aclose()
    if not await _has_ended(process):
        _signal_group(process, signal.SIGTERM)
        await _has_ended(process)
    _signal_group(process, getattr(signal, "SIGKILL", signal.SIGTERM))
    await _has_ended(process)
    for stream in (process.stdout, process.stderr):
        with suppress(*ENDS):
            if stream is not None:
                await stream.aclose()


async def _has_ended(process: Process) -> bool:
    """Whether it ends within the grace; `wait` would wait for whoever holds its pipes, too."""
    with anyio.move_on_after(GRACE_S):
        while process.returncode is None:  # noqa: ASYNC110 -- no event tells of it
            await anyio.sleep(0.01)
    return process.returncode is not None


def _signal_group(process: Process, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, number)
