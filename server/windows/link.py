"""The way to the engine of a home: its socket, and the word it gives when it is there."""

import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
from anyio.abc import SocketStream

from pointsman.errors import ConfigError, NotFound
from server.windows.lines import read_lines

SOCKET = "engine.sock"
POLL_S = 0.05
LONGEST_PATH = 100  # bytes; Linux takes 107, other systems 103


class NoEngine(NotFound):
    """No process answers at the door of this home."""


@dataclass(frozen=True, slots=True)
class Link:
    """A connection on which the engine has said that it is there."""

    stream: SocketStream
    lines: AsyncIterator[bytes | None]


async def open_link(home: Path) -> Link:
    """A link to the engine of `home`; one that is still starting is waited for.

    Raises:
        NoEngine: nobody listens, or whoever did went away.
    """
    stream = await connect(home)
    try:
        lines = read_lines(stream)
        async for line in lines:
            if line is not None and b'"hello"' in line:
                return Link(stream, lines)
    except BaseException:
        await anyio.aclose_forcefully(stream)
        raise
    await stream.aclose()
    raise NoEngine(f"The Pointsman engine of {home} ended before it was ready.")


async def connect(home: Path) -> SocketStream:
    """A connection to the door of `home`, where an engine need not answer yet.

    Raises:
        NoEngine: nobody listens there.
    """
    try:
        with short_path(home) as folder:
            return await anyio.connect_unix(folder / SOCKET)
    except OSError as error:
        raise NoEngine(f"No Pointsman engine runs on {home}.") from error


@contextmanager
def short_path(home: Path) -> Iterator[Path]:
    """A path to `home` that leaves room in a socket's address, however long its own is.

    Raises:
        ConfigError: this system has no such path.
    """
    if len(os.fsencode(home / SOCKET)) <= LONGEST_PATH - len(".new"):
        yield home
        return
    if sys.platform != "linux":
        raise ConfigError(f"The path {home} is too long for a socket; choose a shorter home.")
    fd = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield Path(f"/proc/self/fd/{fd}")
    finally:
        os.close(fd)
