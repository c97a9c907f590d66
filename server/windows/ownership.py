"""Who owns a home: its lock, the socket at its door, and how it changes hands.

`owner.lock` is held by the one process whose engine uses the home. A front that finds it free
takes it. `heir.lock` is held, alone, by a process that waits its turn; while it is, no front
competes for the other (they hold it shared, for an instant, when they try). The kernel lets go of
both when their holder dies. `engine.sock` is bound and removed only by the owner.
"""

import fcntl
import os
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import anyio.to_thread
import orjson
from anyio.abc import SocketListener

from pointsman.errors import ConfigError
from server.windows.lines import read_lines
from server.windows.link import POLL_S, SOCKET, NoEngine, connect, short_path

HANDOVER_DRAIN_S = 5.0
HANDOVER = orjson.dumps({"pointsman": "handover"}) + b"\n"
DRAINING = orjson.dumps({"pointsman": "draining"}) + b"\n"


@dataclass(slots=True)
class Door:
    """What the owner of a home holds, until it is asked to let go."""

    home: Path
    listener: SocketListener
    lasting: bool  # an HTTP server, or long work: it never hands the home over
    closing: anyio.Event = field(default_factory=anyio.Event)
    drain_s: float = 0.0  # how long calls under way may still take, once it is closing

    def close(self, drain_s: float) -> None:
        self.drain_s = drain_s
        self.closing.set()


@asynccontextmanager
async def own_home(home: Path, *, lasting: bool = False) -> AsyncIterator[Door | None]:
    """The door of `home`, if it can be owned now; None if it is somebody else's.

    Raises:
        ConfigError: the home cannot be written to.
    """
    with ExitStack() as held:
        if await anyio.to_thread.run_sync(_try_to_own, home, held):
            async with _listening(home) as listener:
                yield Door(home, listener, lasting)
        else:
            yield None


@asynccontextmanager
async def take_home(home: Path, *, patience_s: float = 30.0) -> AsyncIterator[Door]:
    """The door of `home` for an HTTP server; a window that owns it is asked to hand it over.

    Raises:
        ConfigError: another HTTP server or long work owns it, or its owner does not answer.
    """
    with ExitStack() as held:
        with ExitStack() as waiting, anyio.move_on_after(patience_s) as patience:
            await anyio.to_thread.run_sync(make_home, home)
            while not _lock(waiting, home / "heir.lock", fcntl.LOCK_EX):  # noqa: ASYNC110
                await anyio.sleep(POLL_S)  # no event tells of another process's lock
            while not _lock(held, home / "owner.lock", fcntl.LOCK_EX):
                await _ask_for_handover(home)
                await anyio.sleep(POLL_S)
        if patience.cancelled_caught:
            raise ConfigError(f"The Pointsman that owns {home} does not let go; end it and retry.")
        async with _listening(home) as listener:
            yield Door(home, listener, lasting=True)


def is_owned(home: Path) -> bool:
    """Whether a living process owns `home`, even if it does not answer yet. It may block."""
    with ExitStack() as held:
        path = home / "owner.lock"
        return path.exists() and not _lock(held, path, fcntl.LOCK_SH)


def make_home(home: Path) -> None:
    """Make the folder of a home, for this user only.

    Raises:
        ConfigError: it cannot be made.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{home} cannot be used as a home: {error.strerror}.") from error


async def _ask_for_handover(home: Path) -> None:
    """Ask the owner to let go; done when it has said what it will do, or is gone."""
    try:
        stream = await connect(home)
    except NoEngine:
        return  # it is just starting, or ending
    async with stream:
        await stream.send(HANDOVER)
        async for line in read_lines(stream):
            answer = orjson.loads(line or b"{}")
            if answer.get("pointsman") == "handover":
                if not answer["accepted"]:
                    raise ConfigError(
                        f"Another Pointsman (process {answer['pid']}), an HTTP server or long "
                        f"work, owns {home}.",
                        hint="Use that one, or set POINTSMAN_HOME to another folder.",
                    )
                return


def _try_to_own(home: Path, held: ExitStack) -> bool:
    make_home(home)
    with ExitStack() as brief:
        return _lock(brief, home / "heir.lock", fcntl.LOCK_SH) and _lock(
            held, home / "owner.lock", fcntl.LOCK_EX
        )


def _lock(held: ExitStack, path: Path, kind: int) -> bool:
    """Whether `path` could be locked at once; if so, it stays locked as long as `held`.

    Raises:
        ConfigError: the file cannot be made.
    """
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ConfigError(f"{path} cannot be opened: {error.strerror}.") from error
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return False
    held.callback(os.close, fd)  # and with it the lock
    return True


@asynccontextmanager
async def _listening(home: Path) -> AsyncIterator[SocketListener]:
    listener = await SocketListener.from_socket(await anyio.to_thread.run_sync(_bind, home))
    try:
        async with listener:
            yield listener
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.Path(home / SOCKET).unlink(missing_ok=True)


def _bind(home: Path) -> socket.socket:
    """A listening socket, for this user only; it replaces the one of an owner that died."""
    with short_path(home) as folder:
        fresh = folder / f"{SOCKET}.new"
        fresh.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.bind(str(fresh))
        fresh.chmod(0o600)
        listening.listen(128)
        fresh.replace(folder / SOCKET)
    listening.setblocking(False)
    return listening
