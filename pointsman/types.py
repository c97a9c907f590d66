"""What a model is asked, what it answers, and what a provider is: the seam plug-ins build on."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pointsman.money import Price, Usage

if TYPE_CHECKING:
    Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
else:
    Json = Any  # pydantic goes round for ever in an alias of itself
Role = Literal["system", "user", "assistant", "tool"]
Tier = Literal["local", "cheap", "strong"]
Capability = Literal["tools", "vision", "json"]
FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]
Readiness = Literal["off", "cold", "loading", "ready", "failed"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model's wish to have a tool run."""

    id: str
    name: str
    arguments: str  # JSON as the model wrote it: not parsed, and not yet trusted


@dataclass(frozen=True, slots=True)
class Message:
    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()  # what an assistant asks to have run
    tool_call_id: str | None = None  # on a tool message: the call it answers


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """A tool that the model may ask for."""

    name: str
    description: str
    parameters: Mapping[str, Json]  # JSON Schema of the arguments


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """What is sent to a model; everything in it can change the answer."""

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    max_tokens: int | None = None
    temperature: float | None = None
    json_schema: Mapping[str, Json] | None = None  # the answer is JSON of this schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A whole answer."""

    text: str
    finish_reason: FinishReason
    usage: Usage
    model: str  # as the provider names it in its answer
    tool_calls: tuple[ToolCall, ...] = ()


class Outcome(StrEnum):
    """What an attempt ended as: exactly one of these (RELIABILITY 1.3)."""

    SUCCESS = "success"
    SLOW = "slow"  # answered, but the first piece or a later one came late
    FAILURE = "failure"  # the backend's fault: counted by the breaker
    THROTTLED = "throttled"  # "not now": rate limit or overload
    AUTH = "auth"  # the credential or its account
    CLIENT = "client"  # the request's own fault
    CANCELLED = "cancelled"  # the caller went away
    LOCAL = "local"  # our own limit, budget, disk or pool


Piece = str | Completion  # text as it comes, then the whole answer once, last
Pieces = AbstractAsyncContextManager[AsyncIterator[Piece]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model at one provider: what the catalogue knows of it."""

    provider: str
    id: str
    tier: Tier
    context: int  # tokens, prompt and answer together
    price: Price | None  # None: nobody knows, and everybody is told so
    origin: str  # scheme, host and port of the backend: what fails together
    max_output: int | None = None  # tokens
    capabilities: frozenset[Capability] = frozenset()
    quality: float | None = None  # how good its answers are, 0..1, where something says so

    @property
    def local(self) -> bool:
        return self.tier == "local"

    @property
    def name(self) -> str:
        """`provider/id`: names this model and no other."""
        return f"{self.provider}/{self.id}"


class Provider(Protocol):
    """One backend that answers chats; it raises `ProviderError` and nothing else."""

    @property
    def name(self) -> str: ...

    @property
    def models(self) -> Sequence[Model]: ...

    def answer(self, model: str, request: ChatRequest, *, stream: bool) -> Pieces:
        """Pieces of text as they come if `stream`, and in any case the `Completion` last.

        Leaving the context closes the upstream call at once. Text that the upstream did not
        mark as finished never becomes a `Completion`: it ends in a `ProviderError`.
        """
        ...

    def readiness(self, model: str) -> Readiness:
        """Whether `model` could answer now; a cloud model is always `ready`."""
        ...

    def problem(self, model: str) -> str | None:
        """Why `model` is `off` or `failed`, and what to do, in a line; None otherwise."""
        ...
