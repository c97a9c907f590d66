"""How many tokens a request is, about; enough to know when a conversation grows too long."""

import json
from collections.abc import Iterable

from pointsman.types import Message, ToolSpec

BYTES_PER_TOKEN = 3.5
PER_MESSAGE = 6  # tokens that a chat template puts round each


def tokens_of(text: str) -> int:
    return int(len(text.encode("utf-8", "replace")) / BYTES_PER_TOKEN) + 1 if text else 0


def tokens_of_messages(messages: Iterable[Message]) -> int:
    return sum(
        PER_MESSAGE
        + tokens_of(message.content)
        + sum(tokens_of(call.name + call.arguments) for call in message.tool_calls)
        for message in messages
    )


def tokens_of_tools(specs: Iterable[ToolSpec]) -> int:
    return sum(
        PER_MESSAGE + tokens_of(f"{spec.name}{spec.description}{json.dumps(dict(spec.parameters))}")
        for spec in specs
    )
