"""The process's standard streams as the protocol's wire."""

import fcntl
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
from anyio.abc import ByteReceiveStream, ByteSendStream

CHUNK = 64 * 1024
ATOMIC = 4096  # a pipe that polls writable takes this much without blocking


class WireIn(ByteReceiveStream):
    """A descriptor to read from; it stays in blocking mode, which is shared with the parent."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    async def receive(self, max_bytes: int = CHUNK) -> bytes:
        await _ready(anyio.wait_readable, self._fd)
        try:
            data = os.read(self._fd, max_bytes)
        except OSError as error:  # a terminal that has gone
            raise anyio.EndOfStream from error
        if not data:
            raise anyio.EndOfStream
        return data

    async def aclose(self) -> None:
        os.close(self._fd)


class WireOut(ByteSendStream):
    """A descriptor to write to, one sender at a time."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    async def send(self, item: bytes) -> None:
        rest = memoryview(item)
        while rest:
            await _ready(anyio.wait_writable, self._fd)
            try:
                rest = rest[os.write(self._fd, rest[:ATOMIC]) :]
            except OSError as error:
                raise anyio.BrokenResourceError from error

    async def aclose(self) -> None:
        os.close(self._fd)


@asynccontextmanager
async def standard_streams() -> AsyncIterator[tuple[WireIn, WireOut]]:
    """The wire, taken away from everybody else for good.

    Descriptor 0 becomes empty and 1 becomes standard error, and stays so: what a library prints,
    even from a buffer flushed at exit, must not end up between two messages.
    """
    sys.stdout.flush()
    wire_in = WireIn(fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, 3))
    wire_out = WireOut(fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, 3))
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    os.dup2(2, 1)
    async with wire_in, wire_out:
        yield wire_in, wire_out


async def _ready(wait: Callable[[int], Awaitable[None]], fd: int) -> None:
    try:
        await wait(fd)
    except PermissionError:  # a regular file or /dev/null: epoll refuses it, it never blocks
        await anyio.lowlevel.checkpoint()
