"""Tools as the policy sees them."""

from collections.abc import Mapping

from agent.tool import AgentTool, ToolResult, Use
from pointsman.agents import Risk
from pointsman.types import Json, ToolSpec


async def nothing(_arguments: Mapping[str, Json], _use: Use) -> ToolResult:
    return ToolResult(text="")


def ours(name: str, risk: Risk, *, untrusted: bool = False) -> AgentTool:
    spec = ToolSpec(name=name, description="", parameters={})
    return AgentTool(spec=spec, run=nothing, risk=risk, untrusted=untrusted)


def theirs(
    own_name: str,
    risk: Risk,
    *,
    server: str = "acme",
    name: str | None = None,
    notes: tuple[str, ...] = (),
) -> AgentTool:
    fields: Json = {field: {} for field in ("city", "query", "url", "exact")}
    parameters = {"properties": fields}
    spec = ToolSpec(name=name or f"{server}__{own_name}", description="", parameters=parameters)
    return AgentTool(
        spec=spec,
        run=nothing,
        server=server,
        own_name=own_name,
        risk=risk,
        untrusted=True,
        notes=notes,
    )


READ_FILE = ours("read_file", "read", untrusted=True)
CALCULATOR = ours("calculator", "read")
FETCH = ours("fetch_url", "network", untrusted=True)
SEARCH = ours("web_search", "network", untrusted=True)
WRITE_FILE = ours("write_file", "write")
RUN_CODE = ours("run_code", "exec", untrusted=True)
COMPLETE = ours("complete", "spend", untrusted=True)
