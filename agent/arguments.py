"""The arguments of a call: read, repaired where that is safe, and checked."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from agent.checking import problems
from agent.coercion import coerced
from agent.tool import AgentTool
from pointsman.loose_json import Unreadable, read_json
from pointsman.types import Json

MOST_REPAIRS = 2  # that a model is asked for, by tool, before it is told to leave it


@dataclass(frozen=True, slots=True)
class Read:
    value: dict[str, Json] | None
    problem: str = ""  # what the model is told, where there is no value


def read_arguments(text: str, tool: AgentTool) -> Read:
    """What `tool` is to be called with, or why it cannot be.

    A call that breaks off in the middle is closed for a tool that only looks; another might write
    half a file.
    """
    try:
        loose = read_json(text) if text.strip() else None
    except Unreadable as error:
        return Read(None, f"The arguments are not JSON: {error}.")
    if loose is not None and loose.cut and tool.risk != "read":
        return Read(None, "The arguments break off before their end. Send them whole, or less.")
    value: Json = {} if loose is None or loose.value is None else loose.value
    if isinstance(value, str):  # JSON in JSON
        return read_arguments(value, tool) if value.lstrip()[:1] == "{" else _no_object()
    value = coerced(value, tool.spec.parameters)
    if not isinstance(value, dict):
        return _no_object()
    problem = problems(value, tool.spec.parameters)
    if problem is not None:
        return Read(None, f"The arguments do not fit.\n{problem}")
    return Read(value)


def _no_object() -> Read:
    return Read(None, "The arguments are no JSON object.")


def repeated(problem: str, tool: str, times: int) -> str:
    """What is told of a problem that was met `times` times before with the same tool."""
    if times < MOST_REPAIRS:
        return f"{problem}\nCorrect the arguments and call {tool} again."
    return f"{problem}\nThis call has failed {times + 1} times: do not repeat it, go another way."


def unknown_tool(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = difflib.get_close_matches(name[:100], names, n=3, cutoff=0.4)
    hint = f"Did you mean {', '.join(near)}?" if near else f"There are: {', '.join(names[:20])}."
    return f"There is no tool {name[:100]!r}. {hint if names else 'No tool can be called now.'}"
