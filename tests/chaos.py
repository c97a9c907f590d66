"""A backend made of a raw socket: it answers as OpenAI and as Anthropic do, or as told.

    async with chaos_upstream() as upstream:
        upstream.script(status(429, headers={"retry-after": "2"}))  # once; then good answers
        ... provider at upstream.url ...
        assert upstream.requests[0].json["model"] == "acme-large"

The faults to script are in `tests/faults.py`. A handler is `async def handler(exchange) -> None`.
"""

import socket
import struct
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import anyio
import orjson
from anyio.abc import SocketAttribute, SocketStream

DialectName = Literal["openai", "anthropic"]
GONE = (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream)


@dataclass(frozen=True)
class Request:
    path: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    connection: int  # from 1: which connection it came over

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def dialect(self) -> DialectName:
        return "anthropic" if self.path.endswith("/messages") else "openai"

    @property
    def stream(self) -> bool:
        return bool(self.json.get("stream"))


@dataclass
class Exchange:
    """One request, and the socket to answer it on."""

    request: Request
    socket: SocketStream
    keep: bool = True  # the connection, for another request

    async def send(self, data: bytes) -> None:
        await self.socket.send(data)

    async def reply(
        self,
        status: int = 200,
        body: object = b"",
        headers: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> None:
        """A whole answer; a `body` that is not bytes is sent as JSON."""
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        fields = {"content-type": content_type, "content-length": str(len(data)), **(headers or {})}
        await self.send(head(status, fields) + data)

    async def begin(self, content_type: str = "text/event-stream") -> None:
        """The head of a chunked answer."""
        fields = {"content-type": content_type, "transfer-encoding": "chunked"}
        await self.send(head(200, fields))

    async def chunk(self, data: bytes) -> None:
        await self.send(b"%x\r\n%b\r\n" % (len(data), data))

    async def end(self) -> None:
        await self.send(b"0\r\n\r\n")

    async def close(self) -> None:
        """FIN."""
        self.keep = False
        await self.socket.aclose()

    async def reset(self) -> None:
        """RST: what was sent may be lost on its way."""
        self.keep = False
        raw = self.socket.extra(SocketAttribute.raw_socket)  # noqa: S610 - anyio, not Django
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await anyio.aclose_forcefully(self.socket)

    async def until_gone(self) -> None:
        """Says nothing more; returns when the caller has closed the connection."""
        self.keep = False
        while True:
            await self.socket.receive()


Handler = Callable[[Exchange], Awaitable[None]]


def head(status: int, fields: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} -", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


@dataclass
class ChaosUpstream:
    url: str
    otherwise: Handler  # answers what no script is left for
    requests: list[Request] = field(default_factory=list[Request])
    connections: int = 0  # ever accepted
    open_connections: int = 0
    busy: int = 0  # exchanges under way
    _script: deque[Handler] = field(default_factory=deque[Handler])
    _changed: anyio.Event = field(default_factory=anyio.Event)

    def script(self, *handlers: Handler) -> None:
        """The next requests are answered by `handlers`, one each."""
        self._script.extend(handlers)

    async def quiet(self) -> None:
        """Waits until no exchange is under way: nobody holds on to an answer."""
        while self.busy:
            await self._changed.wait()

    async def closed(self) -> None:
        """Waits until no connection is open."""
        while self.open_connections:
            await self._changed.wait()

    async def serve(self, stream: SocketStream) -> None:
        self.connections += 1
        number = self.connections
        self._count(connections=1)
        try:
            async with stream:
                while await self._one(stream, number):
                    pass
        except GONE:
            pass
        finally:
            self._count(connections=-1)

    async def _one(self, stream: SocketStream, number: int) -> bool:
        """Answers one request; whether the connection can take another."""
        request = await _receive(stream, number)
        self.requests.append(request)
        exchange = Exchange(request, stream)
        handler = self._script.popleft() if self._script else self.otherwise
        self._count(busy=1)
        try:
            await handler(exchange)
        finally:
            self._count(busy=-1)
        return exchange.keep

    def _count(self, *, connections: int = 0, busy: int = 0) -> None:
        self.open_connections += connections
        self.busy += busy
        self._changed.set()
        self._changed = anyio.Event()


async def _receive(stream: SocketStream, number: int) -> Request:
    data = b""
    while b"\r\n\r\n" not in data:
        data += await stream.receive()
    top, _, body = data.partition(b"\r\n\r\n")
    first, *lines = top.decode("latin-1").split("\r\n")
    headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += await stream.receive()
    return Request(first.split(" ")[1], headers, body, number)


@asynccontextmanager
async def chaos_upstream(otherwise: Handler | None = None) -> AsyncGenerator[ChaosUpstream, None]:
    """An upstream on a free port of the loopback; its URL is the root, without `/v1`."""
    from tests.faults import answering

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - anyio, not Django
    upstream = ChaosUpstream(f"http://127.0.0.1:{port}", otherwise or answering())
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, upstream.serve)
        yield upstream
        tasks.cancel_scope.cancel()
