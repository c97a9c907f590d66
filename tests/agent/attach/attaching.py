"""Servers to attach in tests, and a clock that moves when told."""

import json
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import anyio

from agent.attach.attachments import Attachments, open_attachments
from agent.attach.config import read_config
from agent.attach.server import Attached, State
from agent.tool import AgentTool, Progress, Use
from pointsman.seams import Clock

HERE = Path(__file__).parent
PATH = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nowhere", "SECRET": "not for servers"}


def rogue(*arguments: object) -> dict[str, Any]:
    return {"command": sys.executable, "args": [str(HERE / "rogue.py"), *map(str, arguments)]}


def kit(*arguments: object, **more: Any) -> dict[str, Any]:
    """A server made with the SDK, which speaks both eras."""
    return {
        "command": sys.executable,
        "args": [str(HERE / "kit.py"), *map(str, arguments)],
        **more,
    }


class ToldClock:
    """Time that stands still until `advance`; whoever sleeps past it wakes."""

    def __init__(self) -> None:
        self.now = 0.0
        self._moved = anyio.Event()
        self.asleep = anyio.Event()  # somebody sleeps

    def clock(self) -> Clock:
        return Clock(monotonic=lambda: self.now, wall=lambda: self.now, sleep=self.sleep)

    async def sleep(self, seconds: float) -> None:
        until = self.now + seconds
        while self.now < until:
            self.asleep.set()
            await self._moved.wait()

    def advance(self, seconds: float) -> None:
        self.now += seconds
        self._moved.set()
        self._moved = anyio.Event()


class Heard:
    """The statuses that were told, to be waited for."""

    def __init__(self) -> None:
        self.all = list[Attached]()
        self._more = anyio.Event()

    def __call__(self, status: Attached) -> None:
        self.all.append(status)
        self._more.set()
        self._more = anyio.Event()

    async def until(self, name: str, state: State, *, times: int = 1, since: int = 0) -> Attached:
        """The status of that name when it has become that for so many times, since a moment that
        is the number of statuses told before it."""
        while True:
            found = [one for one in self.all[since:] if (one.name, one.state) == (name, state)]
            if len(found) >= times:
                return found[times - 1]
            await self._more.wait()


@asynccontextmanager
async def attached(
    home: Path, servers: Mapping[str, Any], *, clock: Clock | None = None, **more: Any
) -> AsyncGenerator[tuple[Attachments, Heard], None]:
    heard = Heard()
    async with open_attachments(
        read_config(json.dumps({"mcpServers": servers}), PATH, "mcp.json"),
        clock or ToldClock().clock(),
        pins=home / "pins.json",
        environ=PATH,
        random=Random(1),
        told=heard,
        **more,
    ) as attachments:
        yield attachments, heard


async def named(attachments: Attachments, name: str) -> AgentTool:
    """The tool of that name, once all servers have settled."""
    tools = {tool.spec.name: tool for tool in await attachments.tools(wait_s=45)}
    return tools[name]


def use(progress: Progress | None = None) -> Use:
    plain = Use(call_id="c1", run_id="r1")
    return replace(plain, progress=progress) if progress else plain
