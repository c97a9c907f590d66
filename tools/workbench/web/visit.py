"""Visits a page: every hop is checked from the start, and nothing is carried from one to the next.

A name is resolved once. All its addresses must be public, and the connection is made to just these:
a name that changes its mind in between changes nothing.
"""

import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from socket import SOCK_STREAM

import anyio
import anyio.to_thread
import httpcore

from pointsman.errors import InvalidInput, NotFound
from tools.workbench.web.content import Page, kind_of
from tools.workbench.web.exchange import NoAnswer, Pinned, Reply, exchange, make_trust
from tools.workbench.web.public import Address, is_public
from tools.workbench.web.target import DEFAULT_PORTS, Target, follow, read_url

MOST_REDIRECTS = 5
MOST_ADDRESSES = 4  # of a name, that are tried
ACCEPT = "text/html,application/xhtml+xml,text/*;q=0.9,application/json;q=0.9,*/*;q=0.1"
REDIRECTS = (301, 302, 303, 307, 308)

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


async def look_up(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, from the machine's resolver, in a thread.

    Raises:
        OSError: it has none.
    """
    found = await anyio.getaddrinfo(host, port, type=SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What may be reached, and how."""

    resolve: Resolve = look_up
    allowed: Callable[[Address], bool] = is_public
    ports: frozenset[int] = frozenset()  # beside 80 and 443
    trust: Callable[[], ssl.SSLContext] = make_trust


async def visit(url: str, reach: Reach, cap: int) -> Page:
    """The page at `url`, or where it redirects to; at most `cap` bytes of it.

    Raises:
        InvalidInput: it may not be visited, or is not text.
        NotFound: it cannot be reached.
    """
    target = read_url(url)
    for _ in range(MOST_REDIRECTS + 1):
        try:
            found = await _hop(target, reach, cap)
        except NoAnswer as error:
            raise NotFound(f"{target.host}: {error}.") from error
        if isinstance(found, Page):
            return found
        target = found
    raise InvalidInput(f"The page redirects more than {MOST_REDIRECTS} times.")


async def _hop(target: Target, reach: Reach, cap: int) -> Page | Target:
    addresses = await _addresses(target, reach)
    https = target.scheme == "https"
    trust = await anyio.to_thread.run_sync(reach.trust) if https else None
    async with (
        httpcore.AsyncConnectionPool(trust, network_backend=Pinned(addresses)) as pool,
        exchange(pool, "GET", target, {"accept": ACCEPT}) as reply,
    ):
        if reply.status in REDIRECTS and "location" in reply.headers:
            return follow(target, reply.headers["location"])
        return await _page(target, reply, cap)


async def _page(target: Target, reply: Reply, cap: int) -> Page:
    """The body, unless its type says that there is no text in it."""
    content_type = reply.headers.get("content-type", "")
    if kind_of(content_type) == "binary":
        size = reply.headers.get("content-length", "unknown")
        raise InvalidInput(f"This is no text but {content_type[:80]!r}, {size[:20]} bytes.")
    body, cut = await reply.read(cap)
    return Page(target.url, reply.status, content_type, body, cut)


async def _addresses(target: Target, reach: Reach) -> Sequence[Address]:
    """Where to connect to, checked: if one address of a name is not allowed, none is."""
    if target.port not in (*DEFAULT_PORTS.values(), *reach.ports):
        raise InvalidInput(f"Port {target.port} is not for web pages; 80 and 443 are.")
    try:
        addresses = [ip_address(target.host)]
    except ValueError:
        try:
            texts = await reach.resolve(target.host, target.port)
        except (OSError, UnicodeError) as error:
            raise NotFound(f"{target.host}: there is no such host.") from error
        addresses = [ip_address(text) for text in texts]
    if not addresses:
        raise NotFound(f"{target.host}: there is no such host.")
    if not all(reach.allowed(address) for address in addresses):
        # Not which: what a name inside this network resolves to is nobody's business.
        raise InvalidInput(f"{target.host} is not on the public internet.")
    return addresses[:MOST_ADDRESSES]
