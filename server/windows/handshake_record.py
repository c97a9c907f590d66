"""Record what the real server answers to a window that asks what it is.

`make snapshot` rewrites `handshake.json`; run it when a test says that it is out of date.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
import mcp_types
import orjson
from mcp.server import MCPServer
from mcp.server.runner import serve_dual_era_loop
from mcp.shared.message import SessionMessage
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from pointsman import __version__
from pointsman.settings import Settings
from server.app import open_app
from server.mcp import make_mcp
from server.windows.handshake import ASKED, FILE, Answers, key_of
from server.windows.messages import MODERN, envelope

TOOLSETS = (("core",), ("all",))


class Asking:
    """A conversation with a server in this process."""

    def __init__(self, send: Any, receive: Any) -> None:
        self._send = send
        self._receive = receive

    async def request(self, method: str, params: dict[str, Any]) -> dict[str, Any] | None:
        """The result of `method`; None if the server refuses it."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        await self._send.send(message_of(body))
        answer = (await self._receive.receive()).message
        if isinstance(answer, mcp_types.JSONRPCError):
            return None
        result: dict[str, Any] = answer.result
        return result

    async def notify(self, method: str) -> None:
        await self._send.send(message_of({"jsonrpc": "2.0", "method": method}))


async def record(server: MCPServer[Any], state: object) -> Answers:
    """Every recorded question with the answer of `server`, for every revision it speaks."""
    answers = {version: await _of_handshake(server, state, version) for version in _old()}
    answers[MODERN] = {}
    async with _asking(server, state) as asking:
        for method in ("server/discover", *ASKED):
            result = await asking.request(method, {"_meta": envelope()})
            if result is not None:
                answers[MODERN][method] = result
    return answers


async def record_ours(toolsets: tuple[str, ...], home: Path) -> Answers:
    """The answers of our own server with these toolsets, on an empty `home`."""
    settings = Settings.model_validate(
        {"tools": {"enabled": toolsets}, "local": {"enabled": False}}
    )
    async with open_app(settings, home, {}) as app:
        return await record(make_mcp(app.tools, app.reading, app.toolsets), app)


async def _of_handshake(
    server: MCPServer[Any], state: object, version: str
) -> dict[str, dict[str, Any]]:
    client = {"name": "recorder", "version": "1"}
    params = {"protocolVersion": version, "capabilities": {}, "clientInfo": client}
    answers = dict[str, dict[str, Any]]()
    async with _asking(server, state) as asking:
        if (result := await asking.request("initialize", params)) is not None:
            answers["initialize"] = result
        await asking.notify("notifications/initialized")
        for method in ASKED:
            if (result := await asking.request(method, {})) is not None:
                answers[method] = result
    return answers


@asynccontextmanager
async def _asking(server: MCPServer[Any], state: object) -> AsyncIterator[Asking]:
    to_server, from_client = anyio.create_memory_object_stream[SessionMessage | Exception](1)
    to_client, from_server = anyio.create_memory_object_stream[SessionMessage](1)
    low = server._lowlevel_server
    async with anyio.create_task_group() as tasks, to_server, from_server:
        tasks.start_soon(
            lambda: serve_dual_era_loop(low, from_client, to_client, lifespan_state=state)
        )
        yield Asking(to_server, from_server)
        tasks.cancel_scope.cancel()


def message_of(body: dict[str, Any]) -> SessionMessage:
    return SessionMessage(mcp_types.jsonrpc_message_adapter.validate_python(body, by_name=False))


def _old() -> list[str]:
    return sorted(HANDSHAKE_PROTOCOL_VERSIONS)


def pack(recorded: Mapping[str, Answers]) -> bytes:
    """The file's content: every different result once, on a line of its own."""
    lines = list[bytes]()

    def place(result: object) -> int:
        line = orjson.dumps(result)
        if line not in lines:
            lines.append(line)
        return lines.index(line)

    places = {
        key: {v: {m: place(result) for m, result in by.items()} for v, by in answers.items()}
        for key, answers in recorded.items()
    }
    head = b'{"version":%b,"answers":%b,"results":[\n'
    return head % (orjson.dumps(__version__), orjson.dumps(places)) + b",\n".join(lines) + b"\n]}\n"


async def _main(folder: Path) -> None:
    recorded = {key_of(t): await record_ours(t, folder / key_of(t)) for t in TOOLSETS}
    await anyio.Path(FILE).write_bytes(pack(recorded))


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        anyio.run(_main, Path(folder))
