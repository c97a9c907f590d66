"""The HTTP below a server that is spoken to over streamable HTTP."""

import ssl
from collections.abc import AsyncIterator, Mapping

import certifi
import httpx2

from agent.attach.traces import Traces

LONGEST = 16 << 20  # bytes of one message
TIMEOUT = httpx2.Timeout(30.0, read=300.0)  # a stream may be silent for long; calls have their own


class TooLong(httpx2.TransportError):
    """An answer is longer than a message may be."""


class Watched(httpx2.AsyncBaseTransport):
    """HTTP that traces the last refusal, which the SDK does not tell, and bounds what it reads."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, traces: Traces) -> None:
        self._inner = inner
        self._traces = traces

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._inner.handle_async_request(request)
        if request.method == "POST":  # a stream of its own, by GET, may be refused without harm
            self._traces.refusal = response.status_code if response.status_code >= 400 else None
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise httpx2.DecodingError("it packs what it was asked to send plainly")
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            assert isinstance(response.stream, httpx2.AsyncByteStream)  # noqa: S101
            response.stream = _Bounded(response.stream)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = LONGEST
        async for part in self._inner:
            left -= len(part)
            if left < 0:
                raise TooLong("its answer is too long")
            yield part

    async def aclose(self) -> None:
        await self._inner.aclose()


def make_http(headers: Mapping[str, str], traces: Traces) -> httpx2.AsyncClient:
    """A client of its own for one server. It follows no redirect and reads no environment.

    It reads the certificates from disk: call it in a thread.
    """
    trust = ssl.create_default_context(cafile=certifi.where())
    return httpx2.AsyncClient(
        headers={**headers, "accept-encoding": "identity"},
        timeout=TIMEOUT,
        transport=Watched(httpx2.AsyncHTTPTransport(verify=trust), traces),
        trust_env=False,
        follow_redirects=False,
    )
