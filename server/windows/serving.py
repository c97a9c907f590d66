"""The engine's side of the wire: one MCP server for every window that connects to its door."""

import os
import socket
import struct
from collections.abc import Callable
from typing import Generic, TypeVar

import anyio
import mcp_types
import orjson
import structlog
from anyio.abc import SocketAttribute, SocketStream
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server import MCPServer
from mcp.server.runner import serve_dual_era_loop
from mcp.shared.message import SessionMessage
from pydantic import ValidationError

from pointsman import __version__
from server.windows.lines import MAX_LINE, read_lines
from server.windows.messages import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    Id,
    NotAMessage,
    error_line,
    parse,
)
from server.windows.ownership import DRAINING, HANDOVER_DRAIN_S, Door

log = structlog.get_logger("pointsman.windows")
State = TypeVar("State")


async def serve_windows(server: MCPServer[State], state: State, door: Door) -> None:
    """Serve every window that comes to `door` until it closes, then end what is under way.

    `state` is what handlers find as `lifespan_context`; the server's own lifespan is not entered.
    """
    engine = Engine(server, state, door)
    async with anyio.create_task_group() as tasks:
        async with anyio.create_task_group() as accepting:
            accepting.start_soon(door.listener.serve, engine.welcome, tasks)
            await door.closing.wait()
            accepting.cancel_scope.cancel()
        await engine.drain()
        tasks.cancel_scope.cancel()


class Engine(Generic[State]):
    """The windows that are connected."""

    def __init__(self, server: MCPServer[State], state: State, door: Door) -> None:
        self._server = server._lowlevel_server  # no public door to its loop takes a lifespan state
        self._state = state
        self._door = door
        self._windows: set[Window] = set()
        self._calm = anyio.Event()

    async def welcome(self, stream: SocketStream) -> None:
        """Serve one window to its end; no failure of it ends the engine."""
        async with stream:
            if not _same_user(stream):
                log.warning("window.refused", reason="another user")
                return
            window = Window(stream, self._notice)
            self._windows.add(window)
            try:
                await self._serve(window)
            except* (anyio.BrokenResourceError, anyio.ClosedResourceError):
                pass  # it went away while something was on its way to it
            except* Exception:
                log.exception("window.failed")
            finally:
                self._windows.discard(window)
                self._notice()

    async def _serve(self, window: "Window") -> None:
        await window.say({"pointsman": "hello", "version": __version__, "pid": os.getpid()})
        to_loop, from_window = anyio.create_memory_object_stream[SessionMessage | Exception]()
        to_window, from_loop = anyio.create_memory_object_stream[SessionMessage]()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._read, window, to_loop)
            tasks.start_soon(window.write, from_loop)
            await serve_dual_era_loop(
                self._server,
                from_window,
                to_window,
                lifespan_state=self._state,
                init_options=self._server.create_initialization_options(),
            )
            tasks.cancel_scope.cancel()

    async def _read(
        self, window: "Window", to_loop: MemoryObjectSendStream[SessionMessage | Exception]
    ) -> None:
        async with to_loop:
            async for line in read_lines(window.stream):
                if line is not None and b'"pointsman"' in line[:16] and b'"handover"' in line:
                    await self._hand_over(window)
                elif line is not None and (message := await window.understand(line)) is not None:
                    await to_loop.send(message)

    async def _hand_over(self, window: "Window") -> None:
        accepted = not self._door.lasting
        await window.say({"pointsman": "handover", "accepted": accepted, "pid": os.getpid()})
        if accepted:
            self._door.close(HANDOVER_DRAIN_S)

    async def drain(self) -> None:
        """Let the calls under way finish in the time the door allows, then hang up."""
        for window in list(self._windows):
            await window.send(DRAINING)
        with anyio.move_on_after(self._door.drain_s):
            while any(window.open for window in self._windows):
                self._calm = anyio.Event()
                await self._calm.wait()
        for window in list(self._windows):
            await window.hang_up()

    def _notice(self) -> None:
        self._calm.set()


class Window:
    """One connection, and the requests on it that have no answer yet."""

    def __init__(self, stream: SocketStream, on_answer: Callable[[], None]) -> None:
        self.stream = stream
        self.open: set[Id] = set()
        self._on_answer = on_answer
        self._sending = anyio.Lock()
        self._gone = False

    async def understand(self, line: bytes) -> SessionMessage | None:
        """`line` as the SDK wants it; None if it was not understood, which the window is told."""
        try:
            heard = parse(line)
        except NotAMessage as error:
            await self.send(error_line(error.id, error.code, str(error)))
            return None
        try:
            message = mcp_types.jsonrpc_message_adapter.validate_json(line, by_name=False)
        except ValidationError:
            id = heard.id if heard.kind == "request" else None
            await self.send(error_line(id, INVALID_REQUEST, "Invalid request"))
            return None
        if heard.kind == "request" and heard.method != "subscriptions/listen":
            self.open.add(heard.id)
        elif heard.kind == "notification" and heard.method == "notifications/cancelled":
            self._settled(heard.params.get("requestId"))
        return SessionMessage(message)

    async def write(self, from_loop: MemoryObjectReceiveStream[SessionMessage]) -> None:
        async with from_loop:  # once it is closed, a loop that is ending has nothing to wait for
            async for item in from_loop:
                await self._write(item.message)

    async def _write(self, message: mcp_types.JSONRPCMessage) -> None:
        line = message.model_dump_json(by_alias=True, exclude_unset=True).encode()
        match message:
            case mcp_types.JSONRPCResponse() | mcp_types.JSONRPCError():
                id = message.id
            case _:
                id = None
        if len(line) >= MAX_LINE:
            line = error_line(id, INTERNAL_ERROR, "The answer is too long to send.").rstrip()
        await self.send(line + b"\n")
        self._settled(id)

    async def say(self, control: dict[str, object]) -> None:
        await self.send(orjson.dumps(control) + b"\n")

    async def send(self, line: bytes) -> None:
        async with self._sending:
            if not self._gone:
                try:
                    await self.stream.send(line)
                except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                    self._gone = True  # its reader ends, and with it its calls

    async def hang_up(self) -> None:
        """End the connection before its calls: their errors are not for the window to see."""
        self._gone = True
        await self.stream.aclose()

    def _settled(self, id: object) -> None:
        if isinstance(id, str | int):
            self.open.discard(id)
        self._on_answer()


def _same_user(stream: SocketStream) -> bool:
    """Whether the process at the other end runs as we do, where the system can say."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True  # the folder and the socket have been closed to others
    raw: socket.socket = stream.extra(SocketAttribute.raw_socket)  # noqa: S610  # not Django's
    _, uid, _ = struct.unpack("3i", raw.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return bool(uid == os.geteuid())
