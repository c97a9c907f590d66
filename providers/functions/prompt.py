"""What a small model is asked, so that its answer is calls: the lasting part first."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from providers.functions.describe import Function, told
from providers.functions.examples import examples
from providers.functions.schemas import Schema

RULES = """You turn a request into function calls. Reply with JSON only: \
{"calls": [{"name": ..., "arguments": {...}}]}.
- One call for each thing that is asked, in the order asked.
- Copy values exactly from the request. Leave out optional arguments (marked ?) that it does not \
mention.
- If no function does what is asked, reply {"calls": []}.

Functions:
"""


@dataclass(frozen=True, slots=True)
class Said:
    role: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One question to the model."""

    messages: tuple[Said, ...]
    schema: Schema  # of its answer
    max_tokens: int


def opening(offered: Sequence[Function], room: int) -> list[Said]:
    """Rules, tools and examples: the same for the same tools, so that it is evaluated once."""
    shown = [one for pair in examples(offered) for one in pair]
    spent = sum(len(text) for text in shown) + len(RULES)
    if spent > room // 2:  # a small context: the tools matter more
        shown, spent = shown[:4], sum(len(text) for text in shown[:4]) + len(RULES)
    roles = ("user", "assistant")
    return [
        Said("system", RULES + told(offered, room - spent)),
        *(Said(roles[i % 2], text) for i, text in enumerate(shown)),
    ]


def calls_schema(offered: Mapping[str, Schema], least: int, most: int) -> Schema:
    """Of an answer with `least` to `most` calls of tools, each with arguments of its schema."""
    one = [_object({"name": {"const": name}, "arguments": s}) for name, s in offered.items()]
    items = one[0] if len(one) == 1 else {"anyOf": one}
    return _object(
        {"calls": {"type": "array", "items": items, "minItems": least, "maxItems": most}}
    )


def written(calls: Sequence[tuple[str, dict[str, Any]]]) -> str:
    """Calls as the model is to write them."""
    listed = [{"name": name, "arguments": given} for name, given in calls]
    return json.dumps({"calls": listed}, ensure_ascii=False)


def _object(properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
