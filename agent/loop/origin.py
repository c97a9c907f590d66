"""Where a result comes from, and whether a tool is still the one that was judged."""

import hashlib
import json

from agent.loop.events import Source, ToolRequested
from agent.loop.state import Pending, State
from agent.results import READ_RESULT
from agent.task import Task
from agent.tool import AgentTool

SEARCH_TOOLS = "search_tools"  # finds none that may not be called


def may_use(tool: AgentTool, task: Task) -> bool:
    """Whether the task's list allows it, by its name or as `server/name`; a run that is gone on
    with keeps the list that it began with, whatever its toolbox holds by then."""
    names, own = task.tools, f"{tool.server}/{tool.own_name}"
    always = (READ_RESULT, SEARCH_TOOLS)
    return names is None or tool.spec.name in (*names, *always) or own in names


def source_of(tool: AgentTool) -> Source:
    return Source(
        name=tool.spec.name,
        server=tool.server,
        own_name=tool.own_name,
        risk=tool.risk,
        untrusted=tool.untrusted,
    )


def origin_of(pending: Pending, state: State) -> Source | None:
    """Whose text the result of a call is; what is read on is whose it was."""
    if pending.call.name != READ_RESULT:
        return pending.requested.source if pending.requested else None
    handle = pending.arguments.get("handle")
    if isinstance(handle, str) and handle in state.cut:
        return state.cut[handle]
    # A part of the conversation that was left out: as little trusted as the least of it.
    untrusted = bool(state.taint.sources)
    return Source(name=READ_RESULT, server=None, own_name="", risk="read", untrusted=untrusted)


def digest_of(tool: AgentTool) -> str:
    """What tells the tool that a person was shown from another that took its name."""
    spec = tool.spec
    whole = [spec.name, spec.description, dict(spec.parameters), tool.server, tool.risk]
    text = json.dumps(whole, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def is_other(tool: AgentTool, request: ToolRequested) -> bool:
    """Whether the tool is not the one that was judged, or there is something new against it."""
    changed = request.definition != digest_of(tool)
    return changed or bool(set(tool.notes) - set(request.notes))
