"""One connection to an attached server, through the SDK's client of both protocol eras.

Importing this imports the SDK (about a second), which is why nothing here imports it at the top of
a module that a coroutine may be the first to need.
"""

import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Protocol

import anyio
import anyio.to_thread
from mcp import Client, MCPError
from mcp.client._transport import TransportStreams
from mcp.client.streamable_http import streamable_http_client
from mcp.client.subscriptions import SubscriptionLost
from mcp.types import (
    ElicitRequestFormParams,
    ElicitRequestParams,
    ElicitResult,
    Implementation,
    Tool,
    ToolListChangedNotification,
)
from mcp.types.version import MODERN_PROTOCOL_VERSIONS

from agent.attach.config import OURS, Endpoint, Program, ServerConfig
from agent.attach.content import read_result
from agent.attach.failure import Failed
from agent.attach.faults import explain, failure, is_lost
from agent.attach.http import LONGEST, make_http
from agent.attach.stdio import open_program
from agent.attach.traces import Traces
from agent.tool import Progress, ToolResult
from agent.untrusted.cleaning import line
from pointsman import __version__
from pointsman.types import Json

MAX_TOOLS = 1_000
MAX_PAGES = 100
CONNECT_S = 60.0  # `npx` and `uvx` may have to fetch the server first
LIST_S = 30.0
RELISTEN_S = 5.0  # after a stream of changes ended; doubling, since some end at once
LONGEST_S = 600.0

Filled = dict[str, str | int | float | list[str] | None]
# Asks whoever can answer for a server: its name, its words, a JSON Schema; None: they decline.
Elicit = Callable[[str, str, Mapping[str, Json]], Awaitable[Filled | None]]


@dataclass(frozen=True, slots=True)
class Listing:
    """What a server offers."""

    tools: Sequence[Tool]
    fresh_s: float | None  # as the server says; None: it did not say
    cut: bool = False  # it offers more than we take


class OpenLink(Protocol):
    """What `open_link` is, for those who must not import it."""

    def __call__(
        self,
        config: ServerConfig,
        environ: Mapping[str, str],
        traces: Traces,
        elicit: Elicit | None,
        changed: Callable[[], None],
    ) -> AbstractAsyncContextManager["Link"]: ...


class Link:
    """A connection that stands, until `lost` is set."""

    def __init__(self, client: Client, traces: Traces, lost: anyio.Event) -> None:
        self._client = client
        self._traces = traces
        self.lost = lost
        self.protocol = client.protocol_version

    @property
    def is_modern(self) -> bool:
        return self.protocol in MODERN_PROTOCOL_VERSIONS

    @property
    def tells_of_changes(self) -> bool:
        tools = self._client.server_capabilities.tools
        return tools is not None and bool(tools.list_changed)

    async def listing(self) -> Listing:
        """All pages, up to a bound."""
        if self._client.server_capabilities.tools is None:
            return Listing((), None)
        with anyio.fail_after(LIST_S):
            page = await self._client.list_tools(cache_mode="refresh")
            tools = list(page.tools)
            for _ in range(MAX_PAGES):
                if not page.next_cursor or len(tools) >= MAX_TOOLS:
                    break
                page = await self._client.list_tools(cursor=page.next_cursor)
                tools += page.tools
        fresh_s = page.ttl_ms / 1000 if page.ttl_ms else None
        return Listing(tools[:MAX_TOOLS], fresh_s, bool(page.next_cursor) or len(tools) > MAX_TOOLS)

    async def call(self, tool: str, arguments: Mapping[str, Json], alive: Progress) -> ToolResult:
        """What the tool gave back; what goes wrong becomes an error result."""

        async def told(progress: float, total: float | None, message: str | None) -> None:
            await alive(progress, total, line(message or "", 200))

        try:
            result = await self._client.call_tool(tool, dict(arguments), progress_callback=told)
        except Exception as error:  # noqa: BLE001 - a foreign server must not end a run
            if is_lost(error):
                self.lost.set()
            return ToolResult(text=explain(error, self._traces.refusal), is_error=True)
        return read_result(result)

    async def watch(self, changed: Callable[[], None]) -> None:
        """Say when a server of the modern era tells that its tools changed; never returns."""
        for times in count():
            try:
                async with self._client.listen(tools_list_changed=True) as events:
                    async for _ in events:
                        changed()
            except (SubscriptionLost, MCPError, TimeoutError) as error:
                if is_lost(error) and not isinstance(error, SubscriptionLost):
                    self.lost.set()
            await anyio.sleep(min(RELISTEN_S * 2.0**times, LONGEST_S))
            changed()  # what happened meanwhile was not told


@asynccontextmanager
async def open_link(
    config: ServerConfig,
    environ: Mapping[str, str],
    traces: Traces,
    elicit: Elicit | None,
    changed: Callable[[], None],
) -> AsyncGenerator[Link, None]:
    """Connect to the server that `config` describes.

    Raises:
        Failed: it could not be reached, or it or the SDK came up with an error meanwhile.
    """
    traces.refusal = None
    lost = anyio.Event()
    client = Client(
        _streams(config.where, environ, traces, lost),
        mode="legacy" if config.is_legacy else "auto",
        client_info=Implementation(name=OURS, version=__version__),
        elicitation_callback=partial(_elicited, config.name, elicit) if elicit else None,
        message_handler=partial(_heard, changed),
    )
    try:
        with anyio.fail_after(CONNECT_S) as limit:
            async with client:
                limit.deadline = math.inf
                if client.server_info is not None and client.server_info.name.lower() == OURS:
                    raise Failed("it is Pointsman, whose tools are here already", again=False)
                yield Link(client, traces, lost)
    except Exception as error:  # noqa: BLE001 - a foreign server must not end ours
        raise failure(error, traces) from None


@asynccontextmanager
async def _streams(
    where: Program | Endpoint | None, environ: Mapping[str, str], traces: Traces, lost: anyio.Event
) -> AsyncGenerator[TransportStreams, None]:
    if isinstance(where, Program):
        async with open_program(where, environ, traces.tail, lost) as streams:
            yield streams
    elif where is not None:
        client = await anyio.to_thread.run_sync(make_http, where.headers, traces)
        async with (
            client,
            streamable_http_client(
                where.url, http_client=client, max_sse_event_size=LONGEST
            ) as streams,
        ):
            yield streams


async def _heard(changed: Callable[[], None], message: object) -> None:
    if isinstance(message, ToolListChangedNotification):
        changed()


async def _elicited(
    server: str, elicit: Elicit, _context: object, params: ElicitRequestParams
) -> ElicitResult:
    """A form is shown to whoever can answer; a link never is, since it is not ours to open."""
    if not isinstance(params, ElicitRequestFormParams):
        return ElicitResult(action="decline")
    answer = await elicit(server, line(params.message, 1_000), params.requested_schema)
    if answer is None:
        return ElicitResult(action="decline")
    return ElicitResult(action="accept", content=answer)
