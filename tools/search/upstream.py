"""Asks a search provider over HTTP."""

from collections.abc import Sequence

import anyio
import httpcore
from pydantic import ValidationError

from pointsman.errors import InvalidInput
from tools.search.backends import Asked, Backend
from tools.search.found import Failed, Found
from tools.workbench.web.exchange import NoAnswer, Reply, exchange, make_trust
from tools.workbench.web.target import read_url

MOST_BYTES = 1024 * 1024  # of an answer
MOST_WAIT_S = 600.0  # that a provider may ask for
USED_UP = (402, 429, 432, 433)  # the last two are Tavily's


def make_pool() -> httpcore.AsyncConnectionPool:
    """Reads the trusted certificates: call it in a thread."""
    return httpcore.AsyncConnectionPool(make_trust(), max_connections=16, keepalive_expiry=30)


class Upstream:
    """A provider, and the way to it."""

    def __init__(
        self, backend: Backend, pool: httpcore.AsyncConnectionPool, timeout_s: float
    ) -> None:
        self.name = backend.name
        self._backend = backend
        self._pool = pool
        self._timeout_s = timeout_s

    async def find(self, query: str, count: int) -> Sequence[Found]:
        try:
            with anyio.fail_after(self._timeout_s):
                body = await self._body(self._backend.ask(query, count))
            return self._backend.read(body)
        except TimeoutError:
            raise Failed(f"no answer within {self._timeout_s:g} s", code="timeout") from None
        except NoAnswer as error:
            raise Failed(str(error)) from None
        except InvalidInput as error:
            raise Failed(error.message, code="invalid_input") from None
        except ValidationError:
            raise Failed("its answer cannot be read", code="invalid_answer") from None

    async def _body(self, asked: Asked) -> bytes:
        target = read_url(asked.url)
        method = "POST" if asked.body else "GET"
        async with exchange(self._pool, method, target, asked.headers, asked.body) as reply:
            self._check(reply)
            body, cut = await reply.read(MOST_BYTES)
        if cut:
            raise Failed("its answer is too large", code="invalid_answer")
        return body

    def _check(self, reply: Reply) -> None:
        if reply.status == 200:
            return
        if reply.status in (401, 403):
            raise Failed(self._backend.forbidden, code="unauthorized")
        if reply.status in USED_UP:
            wait_s = _seconds(reply.headers.get("retry-after", ""))
            raise Failed("its limit is used up", code="rate_limited", retry_after_s=wait_s)
        if 300 <= reply.status < 400:
            raise Failed("it redirects, which is not followed")
        raise Failed(f"it answered with HTTP status {reply.status}")


def _seconds(text: str) -> float | None:
    return min(float(text), MOST_WAIT_S) if text.isascii() and text.isdigit() else None
