"""The `context_compress` and `context_restore` tools: a long conversation made to fit, and back."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from pydantic import Field, WithJsonSchema

from pointsman.agent_settings import ContextStrategy
from pointsman.types import Message, Role, ToolCall
from tools.asking import MESSAGES, FunctionIn, MessageIn, ToolCallIn
from tools.tool import Arguments, Caller, Result, Tool

MOST_MESSAGES = 10_000


class CompressArguments(Arguments):
    messages: Annotated[
        list[MessageIn], WithJsonSchema(MESSAGES), Field(min_length=1, max_length=MOST_MESSAGES)
    ]
    max_tokens: int = Field(ge=1, le=10_000_000)
    strategy: ContextStrategy = "hybrid"
    pinned: list[int] = Field(
        default=[], max_length=MOST_MESSAGES, description="indices that stay verbatim"
    )
    keep_recent: int = Field(default=4, ge=0, le=MOST_MESSAGES)


class ContextMessageOut(Result):
    role: Role
    content: str
    compressed: bool = False
    pinned: bool = False
    original: list[int] = Field(default=[], description="indices that it stands for")
    tool_calls: list[ToolCallIn] | None = None
    tool_call_id: str | None = None


class CompressResult(Result):
    messages: list[ContextMessageOut]
    tokens_before: int
    tokens_after: int
    strategy: ContextStrategy | None = None
    handle: str | None = Field(default=None, description="null: it fitted as it was")
    cost_usd: float | None = 0.0
    model: str | None = None
    warnings: list[str] | None = None


class RestoreArguments(Arguments):
    handle: str = Field(min_length=1, max_length=200)


class RestoreResult(Result):
    messages: list[ContextMessageOut]


Compress = Callable[[CompressArguments, Caller], Awaitable[CompressResult]]
Restore = Callable[[RestoreArguments, Caller], Awaitable[RestoreResult]]


def message_out(
    message: Message,
    original: list[int],
    *,
    compressed: bool = False,
    pinned: bool = False,
) -> ContextMessageOut:
    calls = [_call_out(call) for call in message.tool_calls]
    return ContextMessageOut(
        role=message.role,
        content=message.content,
        compressed=compressed,
        pinned=pinned,
        original=original,
        tool_calls=calls or None,
        tool_call_id=message.tool_call_id,
    )


def context_tools(compress: Compress, restore: Restore) -> tuple[Tool, Tool]:
    return (
        Tool(
            name="context_compress",
            title="Shorten a conversation",
            description="Make messages fit max_tokens. System, first task, pinned and the last "
            "keep_recent messages stay verbatim; a tool call and its results count as one. The "
            "originals are kept under a handle.",
            arguments=CompressArguments,
            result=CompressResult,
            run=compress,
            read=_read_compressed,
            read_only=False,
            open_world=True,
            risk="spend",
            untrusted=True,
            toolset="conversations",
        ),
        Tool(
            name="context_restore",
            title="Restore a conversation",
            description="The original messages that context_compress took away, by index.",
            arguments=RestoreArguments,
            result=RestoreResult,
            run=restore,
            read=_read_restored,
            read_only=True,
            open_world=False,
            idempotent=True,
            untrusted=True,
            toolset="conversations",
        ),
    )


def _call_out(call: ToolCall) -> ToolCallIn:
    return ToolCallIn(id=call.id, function=FunctionIn(name=call.name, arguments=call.arguments))


def _read_compressed(result: CompressResult) -> str:
    head = f"[{result.tokens_before} tokens before, {result.tokens_after} after"
    head += f"; originals: {result.handle}]" if result.handle else "; nothing had to go]"
    lines = [head, *(f"[{warning}]" for warning in result.warnings or ())]
    lines += [
        _line(message, "compressed, " if message.compressed else "") for message in result.messages
    ]
    return "\n".join(lines)


def _read_restored(result: RestoreResult) -> str:
    return "\n".join(_line(message, "") for message in result.messages)


def _line(message: ContextMessageOut, mark: str) -> str:
    calls = "".join(f" {c.function.name}({c.function.arguments})" for c in message.tool_calls or ())
    mark += "pinned, " if message.pinned else ""
    return f"{message.role} ({mark}{_span(message)}): {message.content}{calls}"


def _span(message: ContextMessageOut) -> str:
    first, last = message.original[0], message.original[-1]
    return f"{first}" if first == last else f"{first} to {last}"
