"""The attached servers of a process, and their tools."""

from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import anyio

from agent.attach.config import ServerConfig
from agent.attach.definition import Definition
from agent.attach.names import name_tools
from agent.attach.pins import open_pins
from agent.attach.server import Attached, Server, Surroundings, untold
from agent.tool import AgentTool, ToolResult, Use
from pointsman.seams import Clock
from pointsman.types import Json, ToolSpec

if TYPE_CHECKING:  # the SDK takes a second to import
    from agent.attach.link import Elicit


class Attachments:
    """Servers that are connected once somebody asks for their tools."""

    def __init__(self, servers: Sequence[Server], taken: Collection[str]) -> None:
        self._servers = {server.config.name: server for server in servers}
        self._taken = taken

    async def tools(
        self, names: Sequence[str] | None = None, wait_s: float = 10.0
    ) -> Sequence[AgentTool]:
        """The tools of the servers called `names`, or of all, that are there by now.

        It waits up to `wait_s` for servers that are just being connected; one that failed is tried
        again in the background, and holds nobody up.
        """
        chosen = [
            server for name, server in self._servers.items() if names is None or name in names
        ]
        for server in chosen:
            server.want()
        with anyio.move_on_after(wait_s):
            for server in chosen:
                await server.settled()
        return self.now(names)

    def now(self, names: Sequence[str] | None = None) -> Sequence[AgentTool]:
        """The tools that are there at this moment; nothing is waited for, nothing connected."""
        tools = dict[str, AgentTool]()
        for name, server in self._servers.items():
            if names is None or name in names:
                for tool in self._of(server):
                    tools.setdefault(tool.spec.name.casefold(), tool)
        return tuple(tools.values())

    def statuses(self) -> Sequence[Attached]:
        return [server.status for server in self._servers.values()]

    def last_words(self, name: str) -> str:
        """The end of what that server's program wrote to its standard error, if it is one."""
        return self._servers[name].traces.tail.text()

    def _of(self, server: Server) -> Sequence[AgentTool]:
        offers = server.offers
        names = name_tools(server.config.name, tuple(offers.definitions), self._taken)
        return [
            _tool(server, names[one.tool], one, offers.changes.get(one.tool, ()))
            for one in offers.definitions.values()
        ]


def _tool(server: Server, name: str, definition: Definition, changes: tuple[str, ...]) -> AgentTool:
    async def run(arguments: Mapping[str, Json], use: Use) -> ToolResult:
        return await server.call(definition.tool, definition.digest, arguments, use.progress)

    spec = ToolSpec(name=name, description=definition.description, parameters=definition.parameters)
    return AgentTool(
        spec=spec,
        run=run,
        server=server.config.name,
        own_name=definition.tool,
        risk=definition.risk,
        untrusted=True,
        idempotent=definition.idempotent,
        serial=definition.risk == "write",
        idle_s=server.config.idle_s,
        notes=(*changes, *definition.notes),
        accept=partial(server.accept, definition.tool, definition.digest) if changes else None,
    )


@asynccontextmanager
async def open_attachments(
    configs: Sequence[ServerConfig],
    clock: Clock,
    *,
    pins: Path,
    environ: Mapping[str, str],
    random: Random,
    idle_s: float = 60.0,
    taken: Collection[str] = (),
    elicit: "Elicit | None" = None,
    told: Callable[[Attached], None] = untold,
) -> AsyncGenerator[Attachments, None]:
    """The servers of `configs`, none of them connected yet; all are closed in the end.

    `pins` is the file of the accepted definitions, `taken` are the names of our own tools, and
    programs are started with a few harmless variables of `environ`. Without `elicit`, servers are
    told that nobody can be asked anything. `told` hears of every change of a server's status.

    Raises:
        ConfigError: the file of pins is damaged.
    """
    around = Surroundings(
        clock=clock,
        random=random,
        environ=environ,
        pins=await open_pins(pins),
        idle_s=idle_s,
        elicit=elicit,
        told=told,
    )
    servers = [Server(config, around) for config in configs]
    async with _supervised(servers):
        yield Attachments(servers, taken)


@asynccontextmanager
async def _supervised(servers: Sequence[Server]) -> AsyncGenerator[None, None]:
    failure: Exception | None = None
    async with anyio.create_task_group() as tasks:
        for server in servers:
            tasks.start_soon(server.run)
        try:
            yield
        except Exception as error:  # noqa: BLE001 -- raised below, not bundled by the task group
            failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
