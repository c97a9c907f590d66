"""HTTP to a backend: one POST, its answer in capped pieces, every foreign exception translated.

Imported at the first call only: httpx and aiohttp cost 0.6 s. The transport under httpx is
aiohttp's, a fifth of the CPU of httpx's own and no collapse at 64 calls at once.
"""

import ssl
import zlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import SimpleNamespace

import aiohttp
import anyio
import anyio.to_thread
import certifi
import httpx
from httpx_aiohttp import AiohttpTransport

from pointsman import __version__
from providers.patience import Lost, Patience

HANDSHAKE_S = 10.0  # DNS, connect and TLS together
LOOPBACK_CONNECT_S = 0.5
KEEPALIVE_S = 30.0
STALE = "on a connection that was used before"
FOREIGN = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, aiohttp.ClientError, OSError)


class Reply:
    """Status and headers, with the body still to come."""

    def __init__(self, response: httpx.Response, cap: int) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers  # names in lower case
        self._response = response
        self.chunks = self._chunks(cap)

    @property
    def content_type(self) -> str:
        return str(self.headers.get("content-type", "")).partition(";")[0].strip().lower()

    async def _chunks(self, cap: int) -> AsyncGenerator[bytes, None]:
        """The decoded body.

        Raises:
            Lost: it broke off, cannot be decoded, or is larger than `cap` bytes.
        """
        encoding = self.headers.get("content-encoding", "identity").lower()
        if encoding not in ("identity", "gzip"):
            raise Lost("the answer has an encoding that was not asked for")
        # Its own limit, since 97 KB of gzip were seen to become 100 MB.
        unzip = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
        try:
            async for raw in self._response.aiter_raw():
                data = unzip.decompress(raw, cap + 1) if unzip else raw
                cap -= len(data)
                if cap < 0:
                    raise Lost("the answer is too large")
                if data:
                    yield data
        except zlib.error:
            raise Lost("the answer is not the gzip it says it is") from None
        except FOREIGN as error:
            raise translated(error) from error


class Http:
    """The one pool of connections to all backends."""

    def __init__(self, client: httpx.AsyncClient, *, connect_s: float, cap: int) -> None:
        self._client = client
        self._connect_s = connect_s
        self._cap = cap  # bytes of an answer

    @asynccontextmanager
    async def post(
        self,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        loopback: bool,
        patience: Patience,
    ) -> AsyncGenerator[Reply, None]:
        """Sends `body` and gives the reply once its headers are there; leaving closes it.

        Raises:
            Lost: there is no reply, or none within `patience`.
        """
        connect_s = min(self._connect_s, LOOPBACK_CONNECT_S) if loopback else self._connect_s
        timeout = httpx.Timeout(None, connect=connect_s, pool=HANDSHAKE_S)
        request = self._client.build_request(
            "POST",
            url,
            content=body,
            headers={"content-type": "application/json", **headers},
            timeout=timeout,
        )
        response = await self._send(request, patience)
        try:
            yield Reply(response, self._cap)
        finally:
            await response.aclose()

    async def _send(self, request: httpx.Request, patience: Patience) -> httpx.Response:
        """Once more, if the connection was an old one that the backend had just closed."""
        try:
            with patience.bound():
                try:
                    return await self._client.send(request, stream=True)
                except FOREIGN as error:
                    if not _was_stale(error):
                        raise
                return await self._client.send(request, stream=True)
        except FOREIGN as error:
            raise translated(error) from error


@asynccontextmanager
async def open_http(*, connect_s: float, cap: int) -> AsyncGenerator[Http, None]:
    """A pool that limits nothing itself: how much goes where is the dispatcher's to say."""
    context = await anyio.to_thread.run_sync(_trust)
    connector = aiohttp.TCPConnector(ssl=context, limit=0, keepalive_timeout=KEEPALIVE_S)
    session = aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trace_configs=[_tracing()]
    )
    async with (
        session,
        httpx.AsyncClient(
            transport=AiohttpTransport(verify=context, client=session),
            headers={"user-agent": f"pointsman/{__version__}", "accept-encoding": "identity"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            trust_env=False,
        ) as client,
    ):
        yield Http(client, connect_s=connect_s, cap=cap)


def _trust() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certifi.where())


def _tracing() -> aiohttp.TraceConfig:
    """Marks the exception of a request that went out on a connection used before."""
    tracing = aiohttp.TraceConfig()

    async def reused(_: object, context: SimpleNamespace, __: object) -> None:
        context.reused = True

    async def failed(
        _: object, context: SimpleNamespace, parameters: aiohttp.TraceRequestExceptionParams
    ) -> None:
        if getattr(context, "reused", False):
            parameters.exception.add_note(STALE)

    tracing.on_connection_reuseconn.append(reused)
    tracing.on_request_exception.append(failed)
    return tracing


def _was_stale(error: BaseException) -> bool:
    """Whether an idle connection was closed under the request, before any byte of a reply.

    That it was not processed is likely, not certain; so it is tried once more, and only once.
    """
    cause = error.__cause__
    if STALE not in getattr(cause, "__notes__", ()):
        return False
    if isinstance(cause, aiohttp.ServerDisconnectedError):
        return isinstance(cause.message, str)  # else it is the half reply that had come
    return isinstance(cause, aiohttp.ClientOSError)


# Told by the aiohttp cause: the transport's own names mislead, as it calls a connection that
# was lost `ConnectTimeout`. The first that fits counts.
MEANINGS: tuple[tuple[tuple[type[BaseException], ...], str, bool, bool], ...] = (
    # what was raised, what to say, never connected, timed out
    ((aiohttp.ConnectionTimeoutError,), "no connection in time", True, True),
    ((aiohttp.ClientConnectorCertificateError,), "its certificate is not trusted", True, False),
    ((aiohttp.ClientSSLError,), "TLS could not be set up", True, False),
    ((aiohttp.ClientConnectorDNSError,), "its name cannot be found", True, False),
    ((aiohttp.ClientConnectorError,), "it cannot be reached", True, False),
    ((aiohttp.InvalidURL, httpx.InvalidURL), "its address is not a URL", True, False),
    ((aiohttp.ServerTimeoutError, httpx.TimeoutException), "no answer in time", False, True),
    ((aiohttp.ClientResponseError,), "the answer is not valid HTTP", False, False),
    ((aiohttp.ClientPayloadError,), "the answer broke off", False, False),
)


def translated(error: BaseException) -> Lost:
    cause = error.__cause__ if isinstance(error.__cause__, aiohttp.ClientError) else error
    for kinds, message, connect, timed_out in MEANINGS:
        if isinstance(cause, kinds):
            return Lost(message, connect=connect, timed_out=timed_out)
    return Lost("the connection was lost")
