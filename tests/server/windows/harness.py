"""Windows as the tests see them: processes that speak lines of JSON on their standard streams."""

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import orjson
from anyio.abc import Process

from server.windows.lines import read_lines
from server.windows.messages import envelope

ROOT = Path(__file__).parents[3]
INITIALIZE = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}


class Window:
    """One process, its requests numbered from 1."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self._stdin = process.stdin
        self._lines = read_lines(process.stdout)
        self._last = 0

    async def send(self, line: bytes) -> None:
        await self._stdin.send(line + b"\n")

    async def request(self, method: str, **params: Any) -> int:
        """Send a request of a modern client and give its id."""
        self._last += 1
        meta = envelope(**params.pop("meta", {}))
        body = {"jsonrpc": "2.0", "id": self._last, "method": method}
        await self.send(orjson.dumps({**body, "params": {**params, "_meta": meta}}))
        return self._last

    async def call(self, tool: str, **arguments: Any) -> int:
        return await self.request("tools/call", name=tool, arguments=arguments)

    async def message(self) -> Any:
        """The next line on its standard output, which must be JSON."""
        line = await anext(self._lines)
        assert line is not None
        return orjson.loads(line)

    async def echo(self, text: str) -> Any:
        """What the echo tool answers to `text`."""
        id = await self.call("echo", text=text)
        answer = await self.message()
        assert answer["id"] == id, answer
        return answer["result"]

    async def echo_at_last(self, text: str) -> Any:
        """As `echo`, again as long as the answer is that the engine ended meanwhile."""
        while (answer := await self.echo(text))["isError"]:
            assert answer["structuredContent"]["error"]["code"] == "cancelled"
        return answer

    async def close_stdin(self) -> None:
        await self._stdin.aclose()

    async def rest(self) -> list[bytes | None]:
        return [line async for line in self._lines]


@asynccontextmanager
async def open_window(home: Path, kind: str = "stdio") -> AsyncIterator[Window]:
    command = [sys.executable, "-m", "tests.server.windows.window", str(home), kind]
    process = await anyio.open_process(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    async with process:
        try:
            yield Window(process)
        finally:
            if process.returncode is None:
                process.kill()


def pid_of_owner(home: Path) -> int:
    """The process that holds the lock of `home`, as the kernel tells it."""
    inode = (home / "owner.lock").stat().st_ino
    for line in Path("/proc/locks").read_text().splitlines():
        fields = line.split()
        if fields[1] == "FLOCK" and fields[3] == "WRITE" and fields[5].endswith(f":{inode}"):
            return int(fields[4])
    raise LookupError(f"nobody owns {home}")


def rss_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise LookupError(pid)
