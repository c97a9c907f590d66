"""What a compaction did: to show it, and to take it back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pointsman.agent_settings import ContextStrategy
from pointsman.errors import NotFound
from pointsman.money import Nano
from pointsman.types import Message, ToolCall

Fate = Literal["kept", "shortened", "summary"]


@dataclass(frozen=True, slots=True)
class Mark:
    """What a message of the fitted conversation is."""

    fate: Fate
    sources: tuple[int, ...]  # the messages of the conversation before that it stands for
    pinned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Compaction:
    """What was done to a conversation, and where the originals are."""

    handle: str
    strategy: ContextStrategy  # that was followed in the end
    compressed: tuple[int, ...]  # messages before that are no longer shown as they were
    tokens_before: int
    tokens_after: int
    at: float  # wall clock
    cost: Nano | None = 0  # of the summary; None: not known
    summary_tokens: int = 0  # that the model asked for it has read and written
    model: str | None = None  # `provider/id` that wrote the summary
    notes: tuple[str, ...] = ()  # for a person: "no summary: ..."


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A conversation that fits, and what was done for it."""

    messages: tuple[Message, ...]
    marks: tuple[Mark, ...]  # one for each of `messages`
    compaction: Compaction | None = None  # None: nothing had to be done

    @property
    def pinned(self) -> frozenset[int]:
        """Where the pinned messages are now."""
        return frozenset(n for n, mark in enumerate(self.marks) if mark.pinned)


def packed(originals: Mapping[int, Message]) -> str:
    """Messages by their place, as they are kept under a handle."""
    return json.dumps([{"index": n, **asdict(m)} for n, m in sorted(originals.items())])


def unpacked(text: str) -> dict[int, Message]:
    """The messages in what `packed` made.

    Raises:
        NotFound: it is something else.
    """
    try:
        return {int(row["index"]): _message(row) for row in json.loads(text)}
    except (ValueError, TypeError, KeyError) as error:
        raise NotFound("What is kept under this handle is no conversation.") from error


def undone(fitted: Fitted, originals: Mapping[int, Message]) -> tuple[Message, ...]:
    """The conversation before the compaction that made `fitted`."""
    whole = dict(originals)
    for message, mark in zip(fitted.messages, fitted.marks, strict=True):
        if mark.fate == "kept":
            whole[mark.sources[0]] = message
    return tuple(whole[n] for n in sorted(whole))


def _message(row: Mapping[str, Any]) -> Message:
    calls: Sequence[Mapping[str, str]] = row["tool_calls"]
    tool_calls = tuple(ToolCall(c["id"], c["name"], c["arguments"]) for c in calls)
    return Message(row["role"], row["content"], tool_calls, row["tool_call_id"])
