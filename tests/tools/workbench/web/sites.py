"""Servers on the loopback, and names that lead to them.

`SITE` plays the public internet: tests let it be reached. `SECRET` is what nobody may reach.
"""

import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Any

import anyio
from anyio.abc import Listener, SocketAttribute
from anyio.streams.tls import TLSListener

from pointsman.agent_settings import ToolSettings
from tests.chaos import ChaosUpstream, Exchange, Handler
from tools.tool import Caller
from tools.workbench.web.fetch_url import FetchUrlArguments, FetchUrlResult, fetch_url_tool
from tools.workbench.web.public import Address, is_public
from tools.workbench.web.visit import Reach

SITE, SECRET = "127.0.0.2", "127.0.0.1"
QUICK = ToolSettings(fetch_s=10, fetch_mb=1)


@asynccontextmanager
async def listening(
    host: str, tls: ssl.SSLContext | None = None
) -> AsyncGenerator[ChaosUpstream, None]:
    """A server on a free port of `host` that answers with a short page, unless told otherwise."""
    plain = await anyio.create_tcp_listener(local_host=host)
    port = plain.extra(SocketAttribute.local_port)  # noqa: S610 - anyio, not Django
    listener: Listener[Any] = plain
    if tls:
        listener = TLSListener(plain, tls, standard_compatible=False)
    upstream = ChaosUpstream(f"http://{host}:{port}", page("<p>hello"))
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, upstream.serve)
        yield upstream
        tasks.cancel_scope.cancel()


def port_of(upstream: ChaosUpstream) -> int:
    return int(upstream.url.rpartition(":")[2])


def page(
    body: str | bytes, content_type: str = "text/html", status: int = 200, **headers: str
) -> Handler:
    data = body.encode() if isinstance(body, str) else body
    more = {name.replace("_", "-"): value for name, value in headers.items()}

    async def answer(exchange: Exchange) -> None:
        await exchange.reply(status, data, more, content_type)

    return answer


def redirect(location: str, status: int = 302) -> Handler:
    return page("", status=status, location=location)


def names(table: Mapping[str, Sequence[str]]) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    """A resolver that knows these names, and no other."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        if host not in table:
            raise OSError(f"no such host: {host}")
        return table[host]

    return resolve


def but_for_site(address: Address) -> bool:
    """The strict rule, if `SITE` were a public address."""
    return address == ip_address(SITE) or is_public(address)


async def fetch(
    url: str, reach: Reach, settings: ToolSettings = QUICK, **more: int
) -> FetchUrlResult:
    given = FetchUrlArguments.model_validate({"url": url, **more})
    with anyio.fail_after(30):
        result = await fetch_url_tool(settings, reach).run(given, Caller())
    assert isinstance(result, FetchUrlResult)
    return result
