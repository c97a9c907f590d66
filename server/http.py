"""The HTTP door: one ASGI app with MCP at /mcp and the state of things at /health."""

import signal
import socket
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio
import orjson
import structlog
import uvicorn
from mcp.server import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from pointsman import __version__
from pointsman.errors import Code, ConfigError
from pointsman.settings import Settings
from server.api import LARGEST_BODY, api_routes, refused
from server.app import App, open_app
from server.logs import configure_logs
from server.mcp import make_mcp
from server.windows.ownership import take_home
from server.windows.serving import serve_windows

log = structlog.get_logger("pointsman.http")

LOOPBACK = ("127.0.0.1", "localhost", "::1")


async def serve_http(
    settings: Settings,
    home: Path,
    environ: Mapping[str, str],
    *,
    host: str,
    port: int,
    plain_json: bool,
) -> None:
    """Serve until SIGINT or SIGTERM; windows on the same home share this engine.

    Raises:
        ConfigError: the address cannot be bound, or is not one that is safe without a key.
    """
    configure_logs(settings.log)
    if host not in LOOPBACK:
        raise ConfigError(
            f"Serving on {host} would let everybody who reaches it spend your money.",
            hint="Bind 127.0.0.1; keys for other addresses are not in this version.",
        )
    with _bound(host, port) as listening:
        async with take_home(home) as door, open_app(settings, home, environ) as app:
            app.start()
            server = make_mcp(app.tools, app.reading, app.toolsets, commands=False)
            windows = make_mcp(app.tools, app.reading, app.toolsets)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(serve_windows, windows, app, door)
                log.warning("http.serving", url=f"http://{host}:{listening.getsockname()[1]}")
                await _run(make_http(app, server, plain_json=plain_json), listening)
                tasks.cancel_scope.cancel()


def make_http(app: App, server: MCPServer[Any], *, plain_json: bool = False) -> ASGIApp:
    """Everything that HTTP offers, behind one guard."""
    mcp_app = server.streamable_http_app(
        json_response=plain_json,
        # The guard below checks Host and Origin for every route; the SDK's own check would refuse
        # a Host without a port, which is what a proxy on port 80 sends.
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )

    async def health(_request: Request) -> Response:
        told = {**app.reading.summary(), **await app.agents.health()}
        return Response(orjson.dumps(told), media_type="application/json")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None, None]:
        async with server.session_manager.run():
            yield

    routes = [
        Route("/health", health),
        *api_routes(app.tool),
        *app.agents.routes(),
        *mcp_app.routes,
    ]
    handlers = {HTTPException: refused}
    return Guard(Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers))


class Guard:
    """Lets through what was addressed to this server by name and not sent by a foreign page.

    A browser on this machine must not reach us under another name (DNS rebinding), whatever the
    route. It also trims `mcp-*` header values, which httptools leaves padded.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = [(k, v.strip() if k.startswith(b"mcp-") else v) for k, v in scope["headers"]]
        objection = _objection(dict(headers))
        if objection is not None:
            await objection(scope, receive, send)
            return
        await self._app({**scope, "headers": headers}, receive, send)


def _objection(headers: Mapping[bytes, bytes]) -> Response | None:
    """The refusal of a request with these headers; None if it may pass."""
    if not _is_ours(headers.get(b"host", b"").decode("latin-1")):
        return _refusal(421, "This server does not answer to that Host.")
    origin = headers.get(b"origin")
    if origin is not None and not _is_our_origin(origin.decode("latin-1")):
        return _refusal(403, "Requests of that Origin are refused.")
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length) > LARGEST_BODY:
        message = (
            f"The request has {int(length):,} bytes; at most {LARGEST_BODY:,} are taken. "
            "Send the part that matters, or split it."
        )
        return _refusal(413, message, "invalid_input")
    return None


def _is_ours(authority: str) -> bool:
    """Whether `authority` (a host, perhaps with a port) is a loopback name."""
    if authority.startswith("["):
        name, _, rest = authority[1:].partition("]")
        port = rest[1:] if rest.startswith(":") else rest and "x"
    else:
        name, _, port = authority.partition(":")
    return name in LOOPBACK and (not port or port.isdecimal())


def _is_our_origin(origin: str) -> bool:
    scheme, separator, authority = origin.partition("://")
    return bool(separator) and scheme in ("http", "https") and _is_ours(authority)


def _refusal(status: int, message: str, code: Code = "forbidden") -> Response:
    body = orjson.dumps({"error": {"code": code, "message": message}})
    return Response(body, status_code=status, media_type="application/json")


@contextmanager
def _bound(host: str, port: int) -> Generator[socket.socket, None, None]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
        except (OSError, OverflowError) as error:
            raise ConfigError(
                f"{host}:{port} cannot be used: {getattr(error, 'strerror', None) or error}.",
                hint="Another program may be listening there; choose another --port.",
            ) from error
        yield listening
    finally:
        listening.close()


class _Uvicorn(uvicorn.Server):
    """A server that leaves the signals to us: its own way would skip the app's closing."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


async def _run(app: ASGIApp, listening: socket.socket) -> None:
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=20,
        headers=[("server", f"pointsman/{__version__}")],
    )  # fmt: skip
    server = _Uvicorn(config)

    async def watch() -> None:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for _ in signals:
                server.force_exit = server.should_exit  # the second one does not wait
                server.should_exit = True

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        await server.serve(sockets=[listening])
        tasks.cancel_scope.cancel()
