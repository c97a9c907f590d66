"""The MCP door: our tools and resources on the official SDK, for every transport."""

import json
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import structlog
from mcp.server import CacheHint, MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from mcp.server.mcpserver.tools import Tool as SdkTool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from mcp.types import CallToolResult, InputRequiredResult, TextContent, ToolAnnotations
from mcp.types import Tool as ListedTool
from pydantic import Field

from pointsman import __version__
from pointsman.agents import Parked
from pointsman.errors import InvalidInput, NotFound, PointsmanError
from pointsman.records import LOCAL
from server.approving import approver_of, asked_back
from server.reading import Reading
from server.windows.messages import COMMAND_META, ROOTS_META, STREAM_META
from tools.describe import arguments_from, failure, input_schema, output_schema
from tools.tool import Caller, Tool

log = structlog.get_logger("pointsman.mcp")


A_LITTLE = 0.001  # more progress than before, for a message when nothing was finished
HEARTBEAT_S = 5.0  # hosts give up on a silent call after 60 s, some after 5 min without progress
INSTRUCTIONS = (
    "Pointsman sends each model call to the right backend at the right price. Use `complete` for "
    "an answer (model 'auto' routes; prefer= cheap|fast|quality|local), `route` to see why a "
    "prompt would go where, `cost_stats` for what was spent and saved, `provider_health` when "
    "something fails."
)

Say = Callable[[str], Awaitable[None]]


class ServedTool(SdkTool):
    """One of our tools on the SDK: our validation, our errors, our text for the model."""

    served: Tool = Field(exclude=True)
    listed: bool = Field(exclude=True)
    commanded: bool = Field(exclude=True)  # the command line may call it, listed or not
    heartbeat_s: float = Field(exclude=True)

    @property
    def output_schema(self) -> dict[str, Any]:
        return output_schema(self.served)

    async def run(
        self, arguments: dict[str, Any], context: Context[Any, Any], convert_result: bool = False
    ) -> CallToolResult | InputRequiredResult:
        """The tool's result; meanwhile a sign of life, or the answer's text to who asked for it."""
        del convert_result  # ours is a CallToolResult already
        meta: Mapping[str, Any] = context.request_context.meta or {}
        caller = caller_of(context, meta, commanded=self.commanded)
        if not self.listed and not caller.owner:
            return _failed(
                NotFound(
                    f"{self.name} is not among the tools that are enabled here.",
                    hint=f"Add {self.served.toolset!r} to tools.enabled in pointsman.toml.",
                )
            )
        if "progress_token" not in meta:
            return await self._result(arguments, caller)
        signs = _Signs(context)
        if meta.get(STREAM_META) is True:
            return await self._result(arguments, replace(caller, show=signs.say))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_beat, self.name, signs.say, self.heartbeat_s)
            result = await self._result(arguments, replace(caller, progress=signs.progress))
            tasks.cancel_scope.cancel()
        return result

    async def _result(
        self, arguments: dict[str, Any], caller: Caller
    ) -> CallToolResult | InputRequiredResult:
        try:
            given = arguments_from(self.name, self.served.arguments, arguments)
            result = await self.served.run(given, caller)
        except Parked as parked:
            return asked_back(parked)
        except PointsmanError as error:
            log.info("tool.failed", tool=self.name, code=error.code)
            return _failed(error)
        except Exception:
            log.exception("tool.crashed", tool=self.name)
            return _failed(PointsmanError(f"{self.name} failed inside; the server's log says why."))
        return CallToolResult(
            content=[TextContent(type="text", text=self.served.read(result))],
            structured_content=result.model_dump(mode="json", by_alias=True),
        )


def caller_of(
    context: Context[Any, Any], meta: Mapping[str, Any], *, commanded: bool = False
) -> Caller:
    """Who calls, and how they are asked; the command line also says which folders it opens."""
    owner = commanded and meta.get(COMMAND_META) is True
    roots = meta.get(ROOTS_META) if owner else None
    return Caller(
        LOCAL,
        approver=approver_of(context),
        parked=context.request_state,
        owner=owner,
        roots=tuple(Path(root) for root in roots or () if isinstance(root, str)),
    )


class _Server(MCPServer[Any]):
    """Shows the tools of the toolsets that are enabled; the command line may call them all."""

    async def list_tools(self) -> list[ListedTool]:
        hidden = {
            tool.name
            for tool in self._tool_manager.list_tools()
            if isinstance(tool, ServedTool) and not tool.listed
        }
        return [tool for tool in await super().list_tools() if tool.name not in hidden]


def make_mcp(
    tools: Sequence[Tool],
    reading: Reading,
    toolsets: Collection[str] = ("core",),
    *,
    commands: bool = True,
    heartbeat_s: float = HEARTBEAT_S,
) -> MCPServer[Any]:
    """The server that every MCP transport serves; it shows the tools of `toolsets`.

    With `commands`, the command line may call the others too: not for a door that is open to more
    than the owner of the home.
    """
    server = _Server(
        "pointsman",
        title="Pointsman",
        version=__version__,
        instructions=INSTRUCTIONS,
        tools=[
            served(tool, "all" in toolsets or tool.toolset in toolsets, commands, heartbeat_s)
            for tool in tools
        ],
        log_level="WARNING",
        cache_hints={"tools/list": CacheHint(ttl_ms=60_000, scope="public")},
    )
    _add_resources(server, reading)
    return server


def served(tool: Tool, listed: bool, commanded: bool, heartbeat_s: float) -> ServedTool:
    """`tool` as the SDK takes it."""
    return ServedTool(
        fn=tool.run,
        name=tool.name,
        title=tool.title,
        description=tool.description,
        parameters=input_schema(tool),
        fn_metadata=FuncMetadata(arg_model=ArgModelBase),
        is_async=True,
        context_kwarg=None,
        annotations=ToolAnnotations(
            read_only_hint=tool.read_only,
            destructive_hint=tool.destructive,
            idempotent_hint=tool.idempotent or tool.read_only,
            open_world_hint=tool.open_world,
        ),
        served=tool,
        listed=listed,
        commanded=commanded,
        heartbeat_s=heartbeat_s,
    )


def _failed(error: PointsmanError) -> CallToolResult:
    return CallToolResult(
        content=[TextContent(type="text", text=str(error))],
        structured_content=failure(error),
        is_error=True,
    )


class _Signs:
    """Sends progress messages; the protocol wants each one's number above the last."""

    def __init__(self, context: Context[Any, Any]) -> None:
        self._context = context
        self._last: float = 0
        self._total: float | None = None  # once a tool says how much there is to do

    async def say(self, message: str) -> None:
        """A piece of an answer, or a sign of life."""
        await self._send(self._last + (1 if self._total is None else A_LITTLE), message)

    async def progress(self, done: float, total: float | None, message: str) -> None:
        self._total = total
        await self._send(max(done, self._last + A_LITTLE), message)

    async def _send(self, number: float, message: str) -> None:
        self._last = number
        await self._context.report_progress(number, self._total, message)


async def _beat(name: str, say: Say, every_s: float) -> None:
    while True:
        await anyio.sleep(every_s)
        await say(f"{name}: still working")


def _add_resources(server: MCPServer[Any], reading: Reading) -> None:
    kind = "application/json"

    @server.resource("pointsman://models", description="Every model: price, tier", mime_type=kind)
    async def models() -> str:
        return await _read(reading.read_models())

    @server.resource("pointsman://providers", description="Every backend's health", mime_type=kind)
    async def providers() -> str:
        return await _read(reading.read_providers())

    @server.resource(
        "pointsman://decisions/{id}", description="Why a call went where it went", mime_type=kind
    )
    async def decisions(id: str) -> str:
        return await _read(reading.read_decision(id))

    @server.resource(
        "pointsman://runs/{id}", description="A run of the agent: its steps", mime_type=kind
    )
    async def runs(id: str) -> str:
        return await _read(reading.read_run(id))

    @server.resource(
        "pointsman://stats/{since}", description="Spent and saved since 7d, 24h...", mime_type=kind
    )
    async def stats(since: str) -> str:
        return await _read(reading.read_stats(since))

    @server.resource(
        "pointsman://benchmarks/{category}", description="Latest benchmark scores", mime_type=kind
    )
    async def benchmarks(category: str) -> str:
        return await _read(reading.read_benchmarks(category))


async def _read(content: Awaitable[Any]) -> str:
    try:
        return json.dumps(await content, ensure_ascii=False, separators=(",", ":"))
    except (NotFound, InvalidInput) as error:
        raise ResourceNotFoundError(str(error)) from error
    except PointsmanError as error:
        raise ResourceError(str(error)) from error
