"""A conversation with tools in it, as text that a model without tool calling understands."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pointsman.types import Message
from providers.functions.prompt import Said, written

CLOSING = (
    "I asked: {}\nThese calls were made for it. Tell me in a sentence or two what came of them."
)
MOST_RESULT = 1500  # characters of a result that a model is shown again


@dataclass(frozen=True, slots=True)
class Asked:
    """What a user asked, and what stands round it."""

    text: str
    since: tuple[Message, ...]  # calls made for it, and their results
    before: tuple[Message, ...]  # the turns before it, without the rules


def requests_of(messages: Sequence[Message]) -> list[Asked]:
    """What the user asked, the last first."""
    turns = [message for message in messages if message.role != "system"]
    return [
        Asked(message.content, tuple(turns[i + 1 :]), tuple(turns[:i]))
        for i, message in reversed(list(enumerate(turns)))
        if message.role == "user"
    ]


def as_calls(messages: Sequence[Message]) -> Iterator[Said]:
    """The turns for a model that is to write calls: what was called, and what came of it."""
    names = _names(messages)
    for message in messages:
        if message.tool_calls:
            yield Said(
                "assistant", written([(c.name, arguments(c.arguments)) for c in message.tool_calls])
            )
        elif message.role == "tool":
            yield Said("user", _result(names.get(message.tool_call_id or "", "the tool"), message))
        elif message.role != "system":
            yield Said(message.role, message.content)


def as_text(messages: Sequence[Message]) -> list[Message]:
    """The turns for a model that is to answer in words.

    Results are data of others: they stand with the user's turn, marked as such, never as rules.
    """
    made = {call.id: call for message in messages for call in message.tool_calls}
    told: list[Message] = []
    for message in messages:
        if message.role == "tool":
            call = made.get(message.tool_call_id or "")
            name = f"{call.name} with {call.arguments}" if call else "a tool"
            told.append(Message("user", _result(name, message)))
        elif message.content or not message.tool_calls:
            told.append(Message(message.role, message.content))
    if messages and messages[-1].role == "tool":
        request = next((one.text for one in requests_of(messages)), "")
        told.append(Message("user", CLOSING.format(request)))
    return _joined(told)


def arguments(text: str) -> dict[str, Any]:
    """A call's arguments; none where they are no object."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _joined(told: Sequence[Message]) -> list[Message]:
    """One turn after the other's: templates expect the roles to alternate."""
    turns: list[Message] = []
    for one in told:
        if turns and turns[-1].role == one.role == "user":
            turns[-1] = Message("user", f"{turns[-1].content}\n\n{one.content}")
        else:
            turns.append(one)
    return turns


def _names(messages: Sequence[Message]) -> dict[str, str]:
    return {call.id: call.name for message in messages for call in message.tool_calls}


def _result(name: str, message: Message) -> str:
    text = message.content
    if len(text) > MOST_RESULT:
        text = f"{text[: MOST_RESULT - 300]}\n[...]\n{text[-300:]}"
    return f"Result of {name}:\n{text}"
