"""A conversation in pieces that must not be split: a wish for tools goes with their results."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pointsman.types import Message

SUMMARY = "[Summary of "  # how the summary of an earlier compaction begins

Size = Callable[[Message], int]  # about how many tokens a message has, as it is sent


@dataclass(frozen=True, slots=True)
class Block:
    """Messages that stay or go together."""

    indices: tuple[int, ...]  # in the conversation
    open: bool = False  # a tool that was asked for has not answered yet


def blocks(messages: Sequence[Message]) -> list[Block]:
    """The conversation in order; a result that no call asked for is a block of its own."""
    found: list[Block] = []
    at = 0
    while at < len(messages):
        end = _end(messages, at)
        wanted = {call.id for call in messages[at].tool_calls}
        answered = {m.tool_call_id for m in messages[at + 1 : end]}
        found.append(Block(tuple(range(at, end)), open=not wanted <= answered))
        at = end
    return found


def _end(messages: Sequence[Message], at: int) -> int:
    """Where the block that begins `at` ends: after the last of the results it waits for."""
    wanted = {call.id for call in messages[at].tool_calls}
    end = at + 1
    while wanted and end < len(messages):
        if messages[end].role != "tool" or messages[end].tool_call_id not in wanted:
            break
        end += 1
    return end


def protected(
    messages: Sequence[Message], pieces: Sequence[Block], pinned: frozenset[int], recent: int
) -> frozenset[int]:
    """Which of `pieces` stay verbatim, by place.

    What is pinned, every system message, the first task and the last thing a person said, what
    waits for a result, and the last `recent`.
    """
    said = [
        n
        for n, message in enumerate(messages)
        if message.role == "user" and not message.content.startswith(SUMMARY)
    ]
    kept = pinned | {n for n, message in enumerate(messages) if message.role == "system"}
    kept |= {*said[:1], *said[-1:]}
    last = range(max(len(pieces) - recent, 0), len(pieces))
    return frozenset(
        n for n, piece in enumerate(pieces) if piece.open or n in last or kept & {*piece.indices}
    )
