"""Our own tools as the loop sees them: called in process, their failures told to the model."""

from collections.abc import Mapping
from typing import Any

from agent.tool import AgentTool, ToolResult, Use
from pointsman.agents import Risk
from pointsman.errors import PointsmanError
from pointsman.money import Nano, nano_from_usd, usd
from pointsman.types import Json, ToolSpec
from tools.describe import arguments_from, input_schema
from tools.tool import Caller, Result, Tool

CAP = "max_cost_usd"  # the argument by which a tool that asks models is told its limit


def own_tool(tool: Tool, caller: Caller) -> AgentTool:
    """`tool`, called for whoever `caller` is."""

    async def run(arguments: Mapping[str, Json], use: Use) -> ToolResult:
        return await _result(tool, _capped(tool, arguments, use.left), _as(caller, use))

    return AgentTool(
        spec=ToolSpec(name=tool.name, description=tool.description, parameters=input_schema(tool)),
        run=run,
        risk=_risk(tool),
        untrusted=tool.untrusted or tool.open_world,
        # One that asks models would be paid for again, and say something else.
        idempotent=tool.idempotent or (tool.read_only and _risk(tool) != "spend"),
        serial=_risk(tool) == "write",
    )


def _risk(tool: Tool) -> Risk:
    """As it says; one that says nothing and does something is taken for the worse."""
    if tool.risk != "read" or (tool.read_only and not tool.open_world):
        return tool.risk
    return "spend" if tool.open_world else "write"


def _as(caller: Caller, use: Use) -> Caller:
    """Whom the tool is called for; the loop asks the person itself, before the call."""
    return Caller(principal=use.principal, progress=use.progress, roots=caller.roots)


async def _result(tool: Tool, arguments: Mapping[str, Any], caller: Caller) -> ToolResult:
    try:
        given = arguments_from(tool.name, tool.arguments, arguments)
        result = await tool.run(given, caller)
    except PointsmanError as error:
        return ToolResult(text=str(error), is_error=True, cost=error.cost or 0)
    usage = getattr(result, "usage", None)
    return ToolResult(
        text=tool.read(result),
        data=result.model_dump(mode="json", by_alias=True),
        cost=_cost(result),
        tokens=usage.input_tokens + usage.output_tokens if usage is not None else 0,
    )


def _cost(result: Result) -> Nano | None:
    """What the models that the tool asked cost; None where that is not known."""
    if "cost_usd" not in type(result).model_fields:
        return 0
    cost_usd: float | None = getattr(result, "cost_usd")  # noqa: B009 -- of some results only
    return None if cost_usd is None else nano_from_usd(cost_usd)


def _capped(tool: Tool, arguments: Mapping[str, Json], left: Nano | None) -> Mapping[str, Any]:
    """`arguments` with no higher price cap than the run has left."""
    if left is None or CAP not in tool.arguments.model_fields:
        return arguments
    asked = arguments.get(CAP)
    most = usd(left) or 0.0
    least = min(float(asked), most) if isinstance(asked, int | float) else most
    return {**arguments, CAP: least}
