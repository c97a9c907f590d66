"""Tools as a small model reads them: one line each, and a line for each parameter."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pointsman.types import ToolSpec
from providers.functions.schemas import Schema, arguments, kind

MANY = 6  # parameters; a tool with more is told of with the simple ones only
MOST_PARAMETERS = 10
MOST_VALUES = 12  # of an enumeration that is shown


@dataclass(frozen=True, slots=True)
class Function:
    """A tool that is offered, its parameters made plain."""

    name: str
    description: str
    parameters: Schema

    @property
    def properties(self) -> dict[str, Schema]:
        found: dict[str, Schema] = self.parameters["properties"]
        return found

    @property
    def required(self) -> list[str]:
        found: list[str] = self.parameters["required"]
        return found


@dataclass(frozen=True, slots=True)
class _Detail:
    """How much is told of each tool."""

    tool: int  # characters of its description
    parameter: int  # characters of a parameter's; 0: none is told


DETAILS = (_Detail(400, 160), _Detail(240, 80), _Detail(120, 40), _Detail(80, 0), _Detail(0, 0))


def functions(tools: Sequence[ToolSpec]) -> list[Function]:
    return [
        Function(tool.name, one_line(tool.description), _lean(arguments(dict(tool.parameters))))
        for tool in tools
    ]


def _lean(parameters: Schema) -> Schema:
    """`parameters` without what is optional and hard to say in a sentence, where there are many.

    Where nothing is required, the first text without a default is: else nothing at all is given.
    """
    properties: dict[str, Schema] = parameters["properties"]
    required: list[str] = parameters["required"]
    if len(properties) > MANY:
        kept = {p: s for p, s in properties.items() if p in required or not _nested(s)}
        properties = dict(list(kept.items())[:MOST_PARAMETERS])
    first = next(iter(properties.items()), None)
    if not required and first and kind(first[1]) == "string" and "default" not in first[1]:
        required = [first[0]]
    return {**parameters, "properties": properties, "required": required}


def _nested(schema: Schema) -> bool:
    return kind(schema) == "object" or (
        kind(schema) == "array" and kind(schema["items"]) in ("object", "array")
    )


def told(offered: Sequence[Function], room: int) -> str:
    """The tools in at most about `room` characters; with less detail if it must be."""
    text = ""
    for detail in DETAILS:
        text = "\n".join(_function(one, detail) for one in offered)
        if len(text) <= room:
            break
    return text


def signature(one: Function) -> str:
    return f"{one.name}({', '.join(_parameter(one, name) for name in one.properties)})"


def one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _function(one: Function, detail: _Detail) -> str:
    lines = [f"{signature(one)}: {cut(one.description, detail.tool)}".rstrip(": ")]
    for name, schema in one.properties.items():
        if detail.parameter and schema.get("description"):
            lines.append(f"  {name}: {cut(one_line(schema['description']), detail.parameter)}")
    return "\n".join(lines)


def _parameter(one: Function, name: str) -> str:
    mark = "" if name in one.required else "?"
    return f"{name}{mark}: {_type(one.properties[name])}"


def _type(schema: Schema) -> str:
    if values := schema.get("enum"):
        shown = [str(value) for value in values[:MOST_VALUES]]
        return "|".join(shown) + ("|..." if len(values) > MOST_VALUES else "")
    if choices := schema.get("anyOf"):
        return " or ".join(dict.fromkeys(_type(one) for one in choices))
    match kind(schema):
        case "array":
            return f"[{_type(schema['items'])}]"
        case "object" if "properties" in schema:
            inner: dict[str, Any] = schema["properties"]
            return "{" + ", ".join(f"{name}: {_type(one)}" for name, one in inner.items()) + "}"
        case one:
            return one


def cut(text: str, most: int) -> str:
    """`text`, ended at a sentence or a word where it is longer than `most`."""
    if len(text) <= most:
        return text
    head = text[:most]
    sentence = max(head.rfind(". "), head.rfind("; "))
    if sentence > most // 2:
        return head[: sentence + 1]
    return head.rpartition(" ")[0]
