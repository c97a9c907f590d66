"""A host with a model that answers from a script, tools that keep count, and time that is told."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio.lowlevel

from agent.loop.events import Event, decode
from agent.loop.host import Host
from agent.loop.seams import Compact, Toolbox, Window
from agent.task import RunResult, Task
from agent.tool import AgentTool, ToolResult, Use
from pointsman.agent_settings import AgentSettings
from pointsman.agents import NOBODY, Approver, Parked, Question, Risk, Ruling
from pointsman.errors import PointsmanError
from pointsman.money import Nano, Usage
from pointsman.records import MISS, Answer, Call
from pointsman.types import Completion, FinishReason, Json, ToolCall, ToolSpec
from tests.agent.books import MemoryRuns
from tests.agent.boxes import Box
from tests.fakes import SteadyClock, counting

TEXT: dict[str, Json] = {
    "type": "object",
    "properties": {"text": {"type": "string"}},
    "required": ["text"],
}


@dataclass(frozen=True)
class Said:
    """What the model says to one request."""

    text: str = ""
    calls: tuple[tuple[str, str], ...] = ()  # name, arguments as written
    cost: Nano | None = 10
    usage: Usage = field(default_factory=lambda: Usage(input_tokens=10, output_tokens=5))
    finish: FinishReason = "stop"
    model: str = "m"


def says(text: str, **more: Any) -> Said:
    return Said(text=text, **more)


def calls(*wanted: tuple[str, object], **more: Any) -> Said:
    """Calls of tools; arguments that are text are sent as they are."""
    written = tuple((n, a if isinstance(a, str) else json.dumps(a)) for n, a in wanted)
    return Said(calls=written, **more)


Line = Said | PointsmanError | Callable[[Call], Said]


class ScriptedModel:
    """Answers in order; a request beyond the script fails the test."""

    def __init__(self, *script: Line) -> None:
        self.script = list(script)
        self.seen: list[Call] = []
        self.busy = 0

    async def __call__(self, call: Call) -> Answer:
        assert len(self.seen) < len(self.script), "a request that the script does not know"
        line = self.script[len(self.seen)]
        self.seen.append(call)
        self.busy += 1
        try:
            await anyio.lowlevel.checkpoint()
        finally:
            self.busy -= 1
        if isinstance(line, PointsmanError):
            raise line
        return answer(line if isinstance(line, Said) else line(call))

    @property
    def last(self) -> Call:
        return self.seen[-1]


def answer(said: Said) -> Answer:
    wanted = tuple(ToolCall("", name, arguments) for name, arguments in said.calls)
    finish = "tool_calls" if wanted else said.finish
    return Answer(
        completion=Completion(
            text=said.text,
            finish_reason=finish,
            usage=said.usage,
            model=said.model,
            tool_calls=wanted,
        ),
        model=said.model,
        provider="fake",
        local=False,
        cost=said.cost,
        saved=0,
        latency_ms=1.0,
        cache=MISS,
        decision_id="d",
        category="general",
        attempts=(),
    )


@dataclass
class Tools:
    """Makes tools, and knows how often each has run, and with what."""

    ran: list[tuple[str, Mapping[str, Json]]] = field(
        default_factory=list[tuple[str, Mapping[str, Json]]]
    )
    effects: set[str] = field(default_factory=set[str])  # idempotency keys that were seen
    busy: int = 0
    most_busy: int = 0
    cancelled: int = 0

    def make(
        self,
        name: str,
        result: ToolResult | str | Callable[..., Awaitable[ToolResult]] = "done",
        *,
        parameters: Mapping[str, Json] | None = None,
        risk: Risk = "read",
        **more: Any,
    ) -> AgentTool:
        async def run(arguments: Mapping[str, Json], use: Use) -> ToolResult:
            self.ran.append((name, arguments))
            self.busy += 1
            self.most_busy = max(self.busy, self.most_busy)
            try:
                await anyio.lowlevel.checkpoint()
                self.effects.add(use.call_id)
                if callable(result):
                    return await result(arguments, use)
                await anyio.lowlevel.checkpoint()
            except anyio.get_cancelled_exc_class():
                self.cancelled += 1
                raise
            finally:
                self.busy -= 1
            return ToolResult(text=result) if isinstance(result, str) else result

        spec = ToolSpec(
            name=name, description=f"The {name} tool.", parameters=parameters or {"type": "object"}
        )
        return AgentTool(spec=spec, run=run, risk=risk, **more)

    def times(self, name: str) -> int:
        return sum(ran == name for ran, _ in self.ran)


@dataclass
class Person:
    """Answers questions with what `rules` says, by tool or kind; otherwise not at all."""

    rules: Mapping[str, Ruling] = field(default_factory=dict[str, Ruling])
    asked: list[Sequence[Question]] = field(default_factory=list[Sequence[Question]])
    parks: bool = False

    async def ask(self, questions: Sequence[Question]) -> Mapping[str, Ruling]:
        self.asked.append(questions)
        await anyio.lowlevel.checkpoint()
        if self.parks:
            raise Parked(questions[0].run_id, questions)
        found = {q.id: self.rules.get(q.tool or q.kind) for q in questions}
        return {question: ruling for question, ruling in found.items() if ruling is not None}


@dataclass
class Bench:
    model: ScriptedModel
    tools: Sequence[AgentTool] = ()
    settings: AgentSettings = field(default_factory=AgentSettings)
    book: MemoryRuns = field(default_factory=MemoryRuns)
    clock: SteadyClock = field(default_factory=SteadyClock)
    approver: Approver = NOBODY
    compact: Compact | None = None
    window: Window = lambda _: None
    toolbox: Toolbox | None = None
    events: list[Event] = field(default_factory=list[Event])
    new_id: Callable[[], str] = field(default_factory=lambda: prefixed(counting()))

    async def run(self, task: Task | str = "do it", **changes: Any) -> RunResult:
        given = task if isinstance(task, Task) else Task(text=task, **changes)
        box = self.toolbox or Box(self.tools)
        return await self.host().run(given, box, self.approver, self._heard)

    def _compacting(self, run_id: str) -> Compact:
        assert run_id in self.book.runs or not self.book.runs
        assert self.compact is not None
        return self.compact

    async def _heard(self, event: Event) -> None:
        self.events.append(event)

    def host(self) -> Host:
        return Host(
            complete=self.model,
            book=self.book,
            settings=self.settings,
            clock=self.clock.clock(),
            new_id=self.new_id,
            compact=None if self.compact is None else self._compacting,
            window=self.window,
            token=lambda: "0badcafe",
        )

    def journal(self, run_id: str = "run-1") -> list[Event]:
        return [decode(body) for body in self.book.journals[run_id]]

    def kinds(self, run_id: str = "run-1") -> list[str]:
        return [event.kind for event in self.journal(run_id)]


def prefixed(new_id: Callable[[], str]) -> Callable[[], str]:
    return lambda: f"run-{new_id()}"


def results_of(call: Call) -> dict[str, str]:
    """What the model was shown of each call's result, by call."""
    found = [m for m in call.request.messages if m.role == "tool"]
    return {m.tool_call_id or "": m.content for m in found}


def assert_whole(call: Call) -> None:
    """Every call in the conversation has exactly one result, behind it and in order."""
    waiting: list[str] = []
    for message in call.request.messages:
        if message.role == "tool":
            assert waiting, "a result without a call"
            assert waiting.pop(0) == message.tool_call_id
        else:
            assert not waiting, "a call without its result"
            waiting = [c.id for c in message.tool_calls]
    assert not waiting
    ids = [c.id for m in call.request.messages for c in m.tool_calls]
    assert len(ids) == len(set(ids))
