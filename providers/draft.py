"""An answer while it is being put together, and the seam between transport and wire protocol."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pointsman.money import Usage
from pointsman.types import ChatRequest, Completion, FinishReason, ToolCall
from providers.sse import Event, Malformed

MOST_TOKENS = 20_000_000  # no answer is billed for more; a larger count is a mistake
CHARS_PER_TOKEN = 4


@dataclass(slots=True)
class _Call:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list[str])


@dataclass(slots=True)
class Draft:
    """What has come so far."""

    model: str
    finish: FinishReason | None = None  # set once the upstream has said why it stopped
    ended: bool = False  # the protocol's end marker came: nothing follows
    usage: Usage | None = None
    told: dict[str, object] = field(default_factory=dict[str, object])  # usage, as it came
    moves: int = 0  # pieces of content of any kind; pings are none
    _text: list[str] = field(default_factory=list[str])
    _calls: dict[int, _Call] = field(default_factory=dict[int, _Call])

    def add_text(self, text: str) -> str:
        """Takes `text` and gives it back."""
        if text:
            self.moves += 1
            self._text.append(text)
        return text

    def add_thought(self, text: str | None) -> None:
        """Reasoning: not part of the answer, but a sign of life."""
        self.moves += bool(text)

    def add_call(self, index: int, *, id: str = "", name: str = "", arguments: str = "") -> None:
        self.moves += 1
        call = self._calls.setdefault(index, _Call())
        call.id = call.id or id
        call.name = call.name or name
        call.arguments.append(arguments)

    def completion(self, request: ChatRequest) -> Completion:
        """The whole answer.

        Raises:
            Malformed: a tool call has no name.
        """
        calls = tuple(
            ToolCall(call.id or f"call_{index}", call.name, "".join(call.arguments) or "{}")
            for index, call in sorted(self._calls.items())
        )
        if not all(call.name for call in calls):
            raise Malformed("a tool call has no name")
        text = "".join(self._text)
        finish = self.finish or "stop"
        return Completion(
            text=text,
            finish_reason="tool_calls" if calls and finish == "stop" else finish,
            usage=self.usage or estimated(request, text, calls),
            model=self.model,
            tool_calls=calls,
        )


class Dialect(Protocol):
    """A wire protocol: how to ask, and how to read what comes back.

    Reading raises `Malformed` or `ErrorInAnswer` and nothing else.
    """

    @property
    def path(self) -> str:
        """Where chats are posted, after the base URL."""
        ...

    def headers(self, key: str | None) -> Mapping[str, str]: ...

    def body(self, model: str, request: ChatRequest, *, stream: bool) -> bytes: ...

    def take(self, draft: Draft, event: Event) -> str:
        """Puts an event of a stream into `draft`; the text it brought."""
        ...

    def read(self, draft: Draft, body: bytes) -> str:
        """Puts an unstreamed answer into `draft`; its text."""
        ...


def count(value: object) -> int | None:
    """`value` if it can be a number of tokens."""
    sane = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_TOKENS
    return value if isinstance(value, int) and sane else None


def estimated(request: ChatRequest, text: str, calls: tuple[ToolCall, ...]) -> Usage:
    """Tokens counted by length, for an upstream that does not say."""
    asked = sum(
        len(m.content) + sum(len(c.name) + len(c.arguments) for c in m.tool_calls)
        for m in request.messages
    )
    asked += sum(len(t.name) + len(t.description) + len(str(t.parameters)) for t in request.tools)
    answered = len(text) + sum(len(call.name) + len(call.arguments) for call in calls)
    return Usage(
        input_tokens=-(-asked // CHARS_PER_TOKEN),
        output_tokens=-(-answered // CHARS_PER_TOKEN),
        estimated=True,
    )
