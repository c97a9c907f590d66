"""The tools of one run: ours and the attached ones, searched where there are too many to show."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Literal

import anyio.to_thread

from agent.attach.attachments import Attachments
from agent.attach.search import best, size_tokens
from agent.tool import AgentTool, ToolResult, Use
from pointsman.types import Json, ToolSpec

SEARCH = "search_tools"
FOUND = 5  # tools that a search shows, where the model does not say
MOST_FOUND = 20
SUGGESTED = 3  # tools that are shown unasked, for what is to be done
FIRST_WAIT_S = 10.0  # for servers that are being connected as the run begins
WAIT_S = 1.0  # in later turns
SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "properties": {
        "query": {"type": "string", "description": "What the tool should do, in a few words"},
        "count": {"type": "integer", "minimum": 1, "maximum": MOST_FOUND, "default": FOUND},
    },
    "required": ["query"],
    "additionalProperties": False,
}


class AttachedToolbox:
    """The tools of a run; a `Toolbox` of the loop."""

    def __init__(
        self,
        own: Sequence[AgentTool],
        attachments: Attachments | None = None,
        *,
        servers: Sequence[str] | None = None,
        definitions_tokens: int = 8_000,
        essential: Collection[str] | None = None,
        only: Collection[str] | None = None,
        task: str = "",
    ) -> None:
        """`servers`: of these only. `essential`: tools of ours that are always shown; None: as
        many of `own`, in their order, as half of `definitions_tokens` holds. `only`: tools by
        these names, which may also be `server/own name`. `task`: what is to be done; where tools
        are searched, those that fit it best are shown from the beginning."""
        self._only = None if only is None else frozenset(only)
        self._task = task
        self._own = tuple(own)
        self._attachments = attachments
        self._servers = servers
        self._most = definitions_tokens
        self._pinned = tuple(essential if essential is not None else self._first_half())
        self._wanted = dict[str, None]()  # found or called, the latest last
        self._searching = False
        self._all: Mapping[str, AgentTool] = self._named(self._own)
        self._shown = 0

    @property
    def mode(self) -> Literal["all", "search"]:
        """Whether all tools are shown, or some, and the rest is searched."""
        return "search" if self._searching else "all"

    @property
    def note(self) -> str:
        """For a person: which of the two, and with how many tools."""
        if not self._searching:
            return f"all {len(self._all)} tools are shown"
        return f"tool search is in use: {self._shown} of {len(self._all)} tools are shown"

    async def tools(self, turn: int) -> Sequence[AgentTool]:
        """Those that the model is shown in this turn, the steady ones first."""
        del turn
        if self._attachments is not None:
            wait_s = WAIT_S if self._shown else FIRST_WAIT_S
            attached = await self._attachments.tools(self._servers, wait_s)
            self._all = self._named((*self._own, *attached))
        # Once searched, always searched: what the model was shown does not come and go.
        total = sum(size_tokens(tool.spec) for tool in self._all.values())
        if total > self._most and not self._searching:
            self._searching = True
            self._suggest()
        shown = self._few() if self._searching else tuple(self._all.values())
        self._shown = len(shown)
        return shown

    def find(self, name: str) -> AgentTool | None:
        """A tool that may be called now, shown or not; it stays shown from now on."""
        if name == SEARCH and self._searching:
            return self._search_tool()
        tool = self._now().get(name)
        if tool is not None and name not in self._pinned:
            self._want(name)
        return tool

    def _now(self) -> Mapping[str, AgentTool]:
        if self._attachments is None:
            return self._all
        return self._named((*self._own, *self._attachments.now(self._servers)))

    def _named(self, tools: Sequence[AgentTool]) -> Mapping[str, AgentTool]:
        """Those that may be used, by name."""
        only = self._only
        return {
            tool.spec.name: tool
            for tool in tools
            if only is None or tool.spec.name in only or f"{tool.server}/{tool.own_name}" in only
        }

    def _first_half(self) -> Sequence[str]:
        names = list[str]()
        left = self._most // 2
        for tool in self._own:
            left -= size_tokens(tool.spec)
            if left < 0:
                break
            names.append(tool.spec.name)
        return names

    def _few(self) -> Sequence[AgentTool]:
        """The pinned, the search, and of the wanted the latest that fit, in the order found."""
        search = self._search_tool()
        pinned = [*(self._all[name] for name in self._pinned if name in self._all), search]
        left = self._most - sum(size_tokens(tool.spec) for tool in pinned)
        kept = list[AgentTool]()
        for tool in (self._all[name] for name in reversed(self._wanted) if name in self._all):
            left -= size_tokens(tool.spec)
            if left < 0 and kept:
                break
            kept.append(tool)
        return (*pinned, *sorted(kept, key=lambda tool: tool.spec.name))

    def _suggest(self) -> None:
        """Show what fits the task, which a small model would not think to search for."""
        hidden = [tool.spec for name, tool in self._all.items() if name not in self._pinned]
        for tool in reversed(best(hidden, self._task[:1_000], SUGGESTED)):
            self._want(tool.name)

    def _want(self, name: str) -> None:
        self._wanted.pop(name, None)
        self._wanted[name] = None

    def _search_tool(self) -> AgentTool:
        hidden = sorted({tool.server for tool in self._all.values() if tool.server})
        where = f" Servers: {', '.join(hidden)}." if hidden else ""
        description = (
            f"Find more tools: {len(self._all)} are there, few are shown. Say what you need to do; "
            f"those found can be called from the next turn on.{where[:500]}"
        )
        spec = ToolSpec(name=SEARCH, description=description, parameters=SCHEMA)
        return AgentTool(spec=spec, run=self._search, risk="read", idempotent=True)

    async def _search(self, arguments: Mapping[str, Json], use: Use) -> ToolResult:
        """The names only: what servers say of their tools is not repeated as a result."""
        del use
        query, count = arguments.get("query"), arguments.get("count", FOUND)
        if not isinstance(query, str) or not isinstance(count, int):
            return ToolResult(text="`query` must be text, `count` a number", is_error=True)
        specs = [tool.spec for tool in self._now().values()]
        count = max(1, min(count, MOST_FOUND))
        found = await anyio.to_thread.run_sync(partial(best, specs, query[:1_000], count))
        for tool in reversed(found):
            if tool.name not in self._pinned:
                self._want(tool.name)
        if not found:
            return ToolResult(text="No tool fits these words; try others.", data=[])
        names = [tool.name for tool in found]
        return ToolResult(text=f"Found, best first: {', '.join(names)}", data=[*names])
