"""One HTTP exchange with somebody who is not trusted: capped, without memory, straight there.

No proxy, cookie, credential or redirect is followed or sent unless the caller says so. httpcore
lets a connection be made by its caller, which is how a page's address stays the checked one.
"""

import ssl
import zlib
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address

import certifi
import httpcore

from pointsman import __version__
from tools.workbench.web.public import Address
from tools.workbench.web.target import Target

CONNECT_S = 5.0  # to one address
USER_AGENT = f"pointsman/{__version__}"

_MEANINGS: tuple[tuple[type[BaseException], str], ...] = (
    (httpcore.TimeoutException, "no connection in time"),
    (httpcore.ConnectError, "it cannot be reached"),
    (httpcore.NetworkError, "the connection was lost"),
    (httpcore.ProtocolError, "the answer is not valid HTTP"),
    (OSError, "the connection was lost"),
)
_FOREIGN = tuple(kind for kind, _ in _MEANINGS)


class NoAnswer(Exception):
    """There is no answer, or no whole one; the text says why, and names no address."""


class Reply:
    """Status and headers, with the body still to come."""

    def __init__(self, response: httpcore.Response) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = {
            name.decode("latin-1").lower(): value.decode("utf-8", "replace").strip()
            for name, value in reversed(response.headers)  # of several, the first counts
        }
        self._response = response

    async def read(self, cap: int) -> tuple[bytes, bool]:
        """The first `cap` bytes of the decoded body, and whether there was more.

        Raises:
            NoAnswer: it broke off, or cannot be decoded.
        """
        encoding = self.headers.get("content-encoding", "").lower() or "identity"
        if encoding not in ("identity", "gzip", "x-gzip"):
            raise NoAnswer("the answer is packed in a way that was not asked for")
        unzip = None if encoding == "identity" else zlib.decompressobj(wbits=31)
        body, came = bytearray(), 0
        try:
            async for raw in self._response.aiter_stream():
                came += len(raw)
                body += unzip.decompress(raw, cap + 1 - len(body)) if unzip else raw
                if len(body) > cap or came > cap:
                    return bytes(body[:cap]), True
        except zlib.error:
            raise NoAnswer("the answer is not the gzip it says it is") from None
        except _FOREIGN as error:
            raise _translated(error) from error
        return bytes(body), unzip is not None and came > 0 and not unzip.eof


@asynccontextmanager
async def exchange(
    pool: httpcore.AsyncConnectionPool,
    method: str,
    target: Target,
    headers: Mapping[str, str],
    content: bytes = b"",
) -> AsyncGenerator[Reply, None]:
    """Sends a request; leaving drops what of the answer was not read.

    Raises:
        NoAnswer: there is none.
    """
    fields = {"host": target.authority, "user-agent": USER_AGENT, "accept-encoding": "gzip"}
    if content:
        fields["content-length"] = str(len(content))
    request = httpcore.Request(
        method,
        httpcore.URL(
            scheme=target.scheme.encode(),
            host=target.host.encode(),
            port=target.port,
            target=target.path.encode(),
        ),
        headers=list((fields | dict(headers)).items()),
        content=content or None,
    )
    try:
        response = await pool.handle_async_request(request)
    except _FOREIGN as error:
        raise _translated(error) from error
    try:
        yield Reply(response)
    finally:
        await response.aclose()


class Pinned(httpcore.AsyncNetworkBackend):
    """Connects to the addresses it was given, whatever the name."""

    def __init__(self, addresses: Sequence[Address]) -> None:
        self._addresses = addresses
        self._sockets = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the seam is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        del host, timeout, local_address, socket_options
        failure: Exception = httpcore.ConnectError("no address")
        for address in self._addresses:
            try:
                stream = await self._sockets.connect_tcp(str(address), port, CONNECT_S)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
                continue
            peer = stream.get_extra_info("server_addr")
            if peer is not None and ip_address(peer[0]) == address:
                return stream
            await stream.aclose()
            raise httpcore.ConnectError("another address answered")
        raise failure


def make_trust() -> ssl.SSLContext:
    """The certificates that servers must show; reads a file, so call it in a thread."""
    return ssl.create_default_context(cafile=certifi.where())


def _translated(error: BaseException) -> NoAnswer:
    below: BaseException | None = error
    while below is not None:
        if isinstance(below, ssl.SSLCertVerificationError):
            return NoAnswer("its certificate is not trusted, or not for this name")
        if isinstance(below, ssl.SSLError):
            return NoAnswer("TLS could not be set up")
        below = below.__cause__ or below.__context__
    return NoAnswer(next(text for kind, text in _MEANINGS if isinstance(error, kind)))
