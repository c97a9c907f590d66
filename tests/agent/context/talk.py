"""Made-up conversations, and a window over them that keeps originals in a dictionary."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from agent.context.window import Window, size_of
from pointsman.errors import PointsmanError
from pointsman.money import Usage
from pointsman.records import MISS, Answer, Call
from pointsman.types import Completion, Message, Role, ToolCall
from tests.fakes import SteadyClock, counting


@dataclass
class Cheap:
    """A model that sums up; keeps what it was asked."""

    text: str = "They chose SQLite and the port is 8642."
    error: PointsmanError | None = None
    asked: list[Call] = field(default_factory=list[Call])

    async def __call__(self, call: Call) -> Answer:
        self.asked.append(call)
        if self.error is not None:
            raise self.error
        usage = Usage(input_tokens=100, output_tokens=10)
        done = Completion(text=self.text, finish_reason="stop", usage=usage, model="cheap")
        return Answer(
            completion=done, model="cheap", provider="a", local=False, cost=7, saved=0,
            latency_ms=1.0, cache=MISS, decision_id="d", category="general", attempts=(),
        )  # fmt: skip


@dataclass
class Shelf:
    texts: dict[str, str] = field(default_factory=dict[str, str])

    async def keep(self, handle: str, text: str) -> None:
        self.texts[handle] = text

    async def kept(self, handle: str) -> str | None:
        return self.texts.get(handle)


def window(shelf: Shelf | None = None, **facts: Any) -> Window:
    shelf = shelf or Shelf()
    made = Window(
        keep=shelf.keep, kept=shelf.kept, new_id=counting(), clock=SteadyClock().clock(), recent=2
    )
    return replace(made, **facts)


def say(role: Role, text: str) -> Message:
    return Message(role, text)


def used(call_id: str, *results: str, name: str = "read_file") -> list[Message]:
    """An assistant that asks for tools, and what they gave."""
    calls = tuple(ToolCall(f"{call_id}{n}", name, "{}") for n in range(len(results)))
    asks = Message("assistant", "", calls)
    answers = [Message("tool", text, (), f"{call_id}{n}") for n, text in enumerate(results)]
    return [asks, *answers]


def tokens(messages: Sequence[Message]) -> int:
    return sum(map(size_of, messages))


def paired(messages: Sequence[Message]) -> bool:
    """Whether every result follows the call that it answers, and no call lost one."""
    waiting: set[str] = set()
    for message in messages:
        if message.role == "tool":
            if message.tool_call_id not in waiting:
                return False
            waiting.discard(message.tool_call_id)
        else:
            if waiting:
                return False
            waiting = {call.id for call in message.tool_calls}
    return not waiting


_words = st.text(alphabet="abc 0123.\n", min_size=0, max_size=300)
_long = st.integers(800, 4000).map(lambda n: "line of a file\n" * (n // 14))
_numbers = st.integers(0, 10**9)


@st.composite
def conversations(draw: st.DrawFn) -> list[Message]:
    """A system prompt, a task, and turns with and without tools."""
    messages = [say("system", draw(_words)), say("user", "The task: " + draw(_words))]
    for turn in range(draw(st.integers(0, 12))):
        if draw(st.booleans()):
            results = draw(st.lists(_words | _long, min_size=1, max_size=3))
            messages += used(f"{turn}-", *results)
        else:
            role: Role = draw(st.sampled_from(["user", "assistant"]))
            messages.append(say(role, f"{turn}: {draw(_words)}"))
    return messages
