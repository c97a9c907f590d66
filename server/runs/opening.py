"""Opens the agent: its workbench, the attached servers, the host of its runs, and their tools."""

from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from starlette.routing import Route

from agent.approval.board import Board
from agent.loop.host import Host
from pointsman.seams import Catalogue, Clock
from pointsman.settings import Settings
from routing.dispatch import Dispatcher
from server.runs.attached import Attached, attach
from server.runs.contexts import compact_of, context_of
from server.runs.http import RunDoors, record
from server.runs.running import Runs
from server.runs.secret import secrets_of
from storage.database import Database
from storage.history import History
from storage.runs import Runs as RunTable
from tools.agent import agent_tool
from tools.panel.ballots import Ballots
from tools.panel.tool import Panel, panel_tool
from tools.search.web_search import open_search, web_search_tool
from tools.tool import Tool
from tools.workbench.calculator.tool import calculator_tool
from tools.workbench.code.tiers import Tiers
from tools.workbench.code.tool import run_code_tool
from tools.workbench.files.folders import Folders
from tools.workbench.files.listing import list_files_tool
from tools.workbench.files.read import read_file_tool
from tools.workbench.files.write import write_file_tool
from tools.workbench.history import query_history_tool
from tools.workbench.web.fetch_url import fetch_url_tool

SEARCH_KEYS = ("SEARXNG_URL", "BRAVE_API_KEY", "TAVILY_API_KEY", "EXA_API_KEY")
DAY_S = 86_400.0
# What an agent is offered of ours beside the workbench; the rest it gets where `tools` says so.
OFFERED = ("complete", "cost_stats", "provider_health", "route", "panel", "cache_stats")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agents:
    """What the doors receive of it."""

    tools: Sequence[Tool]
    doors: RunDoors
    tiers: Tiers
    background: Callable[[], Coroutine[Any, Any, None]]

    def routes(self) -> Sequence[Route]:
        return self.doors.routes()

    async def health(self) -> dict[str, Any]:
        """What runs programs here, and how the attached servers are doing."""
        statuses = self.doors.runs.attached.attachments.statuses()
        return {
            "sandbox": (await self.tiers.probe()).health(),
            "servers": {status.name: status.state for status in statuses},
        }

    async def read_run(self, run_id: str) -> Any:
        """All that is kept of a run.

        Raises:
            NotFound: there is no such run.
        """
        return await record(self.doors.runs, self.doors.board, run_id)


@asynccontextmanager
async def open_agents(
    settings: Settings,
    home: Path,
    environ: Mapping[str, str],
    dispatcher: Dispatcher,
    ledger: Database,
    others: Sequence[Tool],
) -> AsyncGenerator[Agents, None]:
    """The agent of an engine; `others` are the tools it may use of those opened already.

    Raises:
        ConfigError: the mcp.json, a search key or the file of pins cannot be used.
    """
    clock, table = dispatcher.clock, RunTable(ledger)
    tiers, ballots = Tiers(settings.tools), Ballots(clock, dispatcher.new_id)
    keys = {name: environ[name] for name in SEARCH_KEYS if environ.get(name)}
    async with open_search(settings.search, keys, clock) as search:
        bench = [*_workbench(settings, ledger, tiers, clock), web_search_tool(search)]
        panel = panel_tool(Panel(dispatcher=dispatcher, clock=clock, ballots=ballots))
        further = (panel, *context_of(dispatcher, table))
        ours = {tool.name: tool for tool in (*bench, *others, *further)}
        attach_file = _attacher(settings, home, environ, clock, tuple(ours))
        file = settings.agent.servers
        async with attach_file(file or home / "mcp.json", needed=file is not None) as attached:
            runs = Runs(
                host=_host(settings, dispatcher, table),
                tools=ours,
                offered=(*(tool.name for tool in bench), *(n for n in OFFERED if n in ours)),
                attached=attached,
                attach=attach_file,
                secrets=partial(secrets_of, settings, environ),
                catalogue=dispatcher.catalogue,
            )
            agent = agent_tool(runs.run)
            yield Agents(
                tools=(agent, *bench, *further),
                doors=RunDoors(runs=runs, tool=agent, board=Board(), ballots=ballots),
                tiers=tiers,
                background=partial(_keep_house, table, settings.agent.runs_days, clock, tiers),
            )


def _attacher(
    settings: Settings, home: Path, environ: Mapping[str, str], clock: Clock, taken: Sequence[str]
) -> Callable[..., AbstractAsyncContextManager[Attached]]:
    """Attaches the servers of a file; `taken` are the names of our own tools."""
    return partial(
        attach,
        pins=home / "pins.json",
        environ=environ,
        idle_s=settings.agent.tool_s,
        clock=clock,
        taken=taken,
    )


def _workbench(settings: Settings, ledger: Database, tiers: Tiers, clock: Clock) -> list[Tool]:
    """The workbench, the tools of most use first."""
    most_bytes = int(settings.tools.max_file_mb * 1e6)
    closed = (ledger.path.parent,)  # its databases, pins and mcp.json
    folders = Folders(roots=settings.tools.roots, max_bytes=most_bytes, closed=closed)
    return [
        calculator_tool(),
        read_file_tool(folders),
        write_file_tool(folders),
        list_files_tool(folders),
        *([] if settings.tools.code == "off" else [run_code_tool(tiers, clock)]),
        fetch_url_tool(settings.tools),
        query_history_tool(History(ledger.path).query),
    ]


def _host(settings: Settings, dispatcher: Dispatcher, table: RunTable) -> Host:
    return Host(
        complete=dispatcher.complete,
        book=table,
        settings=settings.agent,
        clock=dispatcher.clock,
        new_id=dispatcher.new_id,
        compact=partial(compact_of, dispatcher, table, settings.agent.context),
        window=partial(_window, dispatcher.catalogue),
    )


def _window(catalogue: Catalogue, name: str) -> int | None:
    """The context of the model called `name`; of `auto`, the largest there is."""
    models = [m for m in catalogue.models if name in ("auto", m.id, m.name)]
    return max((model.context for model in models), default=None)


async def _keep_house(table: RunTable, days: float, clock: Clock, tiers: Tiers) -> None:
    """Find out what can run programs, before somebody asks; then delete old runs now and then."""
    await tiers.probe()
    while True:
        await table.sweep(clock.wall() - days * DAY_S)
        await clock.sleep(DAY_S)
