"""Many windows, one engine: every IDE window starts its own `pointsman serve`.

The first process on a home owns it (`owner.lock`) and runs the engine: databases, models, the MCP
server. Every process, the owner's included, is a thin *front*: it carries newline-delimited
JSON-RPC between its standard streams and the engine's socket (`engine.sock`), and needs neither
`mcp` nor pydantic for that. When the owner ends, one of the other fronts becomes it.

How the rest of server/ uses this:

    # `pointsman serve`: returns when the window has closed (then exit 0)
    await serve_stdio(home, load_engine, snapshot=load_snapshot(toolsets))

    def load_engine() -> RunEngine:      # called in a worker thread: put the slow imports here
        from server.app import run_engine
        return run_engine

    async def run_engine(door: Door) -> None:       # called in the event loop, at most once
        async with open_app(...) as app:
            await serve_windows(make_mcp(app), app, door)   # until the door closes

    # `pointsman serve --http`: asks a stdio owner to hand over; ConfigError if HTTP owns the home
    async with take_home(home) as door, open_app(...) as app, create_task_group() as tasks:
        tasks.start_soon(serve_windows, server, app, door)
        ...uvicorn...

    # the command line
    try:
        result = await call_engine(home, "complete", {"prompt": "hi"}, on_progress=show)
    except NoEngine:
        ...open the app in this process: `async with own_home(home) as door` (None: too late)

Where: `server.windows.front.serve_stdio`; `server.windows.ownership.{Door, own_home, take_home}`;
`server.windows.serving.serve_windows` (imports mcp); `server.windows.client.call_engine`;
`server.windows.link.NoEngine`; `server.windows.handshake.load_snapshot`.
"""

import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from pointsman.errors import EngineGone, PointsmanError
from server.windows.handshake import Snapshot
from server.windows.lines import read_lines
from server.windows.link import POLL_S, Link, NoEngine, open_link
from server.windows.ownership import Door, own_home
from server.windows.relay import Relay
from server.windows.stdio import WireIn, WireOut, standard_streams

RunEngine = Callable[[Door], Coroutine[Any, Any, None]]
LoadEngine = Callable[[], RunEngine]
PATIENCE_S = 30.0  # a request waits this long for an engine: a cold start reads 40 MB of code
GRACE_S = 1.0  # after the window has closed, what is under way may still be answered
ENDING_S = 0.8  # and this long the engine may take to put its things away


async def serve_stdio(
    home: Path, load_engine: LoadEngine, *, snapshot: Snapshot | None = None
) -> None:
    """Serve the window at our standard streams until it closes, or SIGTERM or SIGINT comes.

    Raises:
        Exception: what `load_engine` or the engine raised; the window has been told by then.
    """
    async with standard_streams() as (wire_in, wire_out):
        front = Front(home, load_engine, wire_out, snapshot)
        await front.serve(wire_in)
    if front.failure is not None:
        raise front.failure


class Front:
    """One window's process: always its relay, and the owner of the home when its turn comes."""

    def __init__(
        self, home: Path, load_engine: LoadEngine, wire_out: WireOut, snapshot: Snapshot | None
    ) -> None:
        self.failure: Exception | None = None
        self._home = home
        self._load_engine = load_engine
        self._wire_out = wire_out
        self._relay = Relay(self._write, snapshot)
        self._reading = anyio.CancelScope()
        self._leaving = False
        self._door: Door | None = None
        self._owning: anyio.Event | None = None  # set when we have stopped trying or being it

    async def serve(self, wire_in: WireIn) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._stop_on_signal)
            tasks.start_soon(self._stay_linked, tasks)
            with self._reading:
                async for line in read_lines(wire_in):
                    await self._relay.from_window(line)
            await self._finish()
            tasks.cancel_scope.cancel()

    async def _write(self, line: bytes) -> None:
        try:
            await self._wire_out.send(line)
        except anyio.BrokenResourceError:
            self._reading.cancel()  # nobody reads what we write

    async def _stop_on_signal(self) -> None:
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            async for _ in signals:
                self._reading.cancel()

    async def _stay_linked(self, tasks: TaskGroup) -> None:
        while True:
            async with anyio.create_task_group() as meanwhile:
                meanwhile.start_soon(self._lose_patience)
                link = await self._find_engine(tasks)
                meanwhile.cancel_scope.cancel()
            await self._relay.carry(link)

    async def _lose_patience(self) -> None:
        while True:
            await anyio.sleep(1)
            await self._relay.refuse_waiting(PATIENCE_S)

    async def _find_engine(self, tasks: TaskGroup) -> Link:
        """A link to whatever engine the home has; while it has none, try to become it."""
        while True:
            try:
                return await open_link(self._home)
            except NoEngine:
                free = self._owning is None or self._owning.is_set()
                if free and not self._leaving:
                    self._owning = anyio.Event()
                    tasks.start_soon(self._own, self._owning)
                await anyio.sleep(POLL_S)

    async def _own(self, over: anyio.Event) -> None:
        """Own the home and run its engine, if nobody else does."""
        try:
            async with own_home(self._home) as self._door:
                if self._door is not None:
                    run_engine = await anyio.to_thread.run_sync(
                        self._load_engine, abandon_on_cancel=True
                    )
                    if not self._door.closing.is_set():
                        await run_engine(self._door)
        except Exception as error:  # noqa: BLE001  # `serve_stdio` raises it to the outermost edge
            self.failure = error
            told = error if isinstance(error, PointsmanError) else EngineGone("The engine failed.")
            await self._relay.refuse_waiting(0, told)
            self._reading.cancel()
        finally:
            self._door = None
            over.set()

    async def _finish(self) -> None:
        """Let what is under way end, but not for long: a host kills what does not leave."""
        self._leaving = True
        if self._door is not None:
            self._door.close(GRACE_S)
        with anyio.move_on_after(GRACE_S):
            await self._relay.until_quiet()
        if self._owning is not None:
            with anyio.move_on_after(ENDING_S):
                await self._owning.wait()
