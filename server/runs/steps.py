"""The events of a run as lines that a person follows."""

import json
from collections.abc import Sequence

from agent.loop.events import (
    ApprovalDecided,
    ApprovalRequested,
    BudgetExtended,
    Event,
    HistoryCompacted,
    ModelAnswered,
    ModelFailed,
    ModelRequested,
    Nudged,
    Resumed,
    RunStarted,
    ToolFinished,
    ToolProgress,
    ToolRequested,
    ToolStarted,
)
from agent.loop.limits import dollars
from agent.untrusted.cleaning import line
from pointsman.agents import Question
from pointsman.types import Json

WIDTH = 160  # characters of a line


class Steps:
    """Tells one run; it remembers what each call under way was."""

    def __init__(self) -> None:
        self._calls: dict[str, str] = {}
        self._asked_before = False
        self.turn = 0

    def tell(self, event: Event) -> str | None:
        """One line; None for what a person need not see."""
        match event:
            case RunStarted():
                return f"run {event.run_id}"
            case Resumed() | ModelRequested():
                self._begin(event)
                return None
            case ModelAnswered() | ModelFailed() | HistoryCompacted() | Nudged():
                return _model(event)
            case ToolRequested() | ToolStarted() | ToolProgress() | ToolFinished():
                return self._tool(event)
            case ApprovalRequested():
                return self._asks(event.questions)
            case ApprovalDecided():
                words = ", ".join(event.rulings.values()) or "nobody answered"
                return f"  approval: {words}"
            case BudgetExtended():
                return f"  budget: {event.ruling}; at most {dollars(event.max_cost)}"
            case _:
                return None

    def _begin(self, event: Resumed | ModelRequested) -> None:
        # What a parked run waits for was told when it was first asked.
        self._asked_before = isinstance(event, Resumed)
        if isinstance(event, ModelRequested):
            self.turn = event.turn

    def _asks(self, questions: Sequence[Question]) -> str | None:
        for question in questions:  # of a run that is gone on with, the calls are known from here
            call_id = question.id.rpartition(".")[2]
            self._calls.setdefault(
                call_id, line(f"{question.tool} {question.arguments or ''}", WIDTH)
            )
        if self._asked_before:
            return None
        return f"  asks for approval of {_calls(len(questions))}"

    def _tool(self, event: ToolRequested | ToolStarted | ToolProgress | ToolFinished) -> str | None:
        match event:
            case ToolRequested():
                name = event.source.name if event.source else "a tool that does not exist"
                self._calls[event.call_id] = line(f"{name} {_arguments(event.arguments)}", WIDTH)
                if event.verdict == "run" and event.fault is None:
                    return None
                why = event.problem or "; ".join(event.why)
                word = "cannot run" if event.fault else event.verdict
                return f"  {self._calls[event.call_id]}: {word}: {line(why, WIDTH)}"
            case ToolStarted():
                known = self._calls.get(event.call_id)
                return None if known is None else f"  {known}"
            case ToolProgress():
                return f"    {line(event.message, WIDTH)}"
            case ToolFinished():
                mark = "x" if event.is_error else "="
                self._calls.pop(event.call_id, None)
                return f"  {mark} {line(event.text, WIDTH)}"


def _model(event: ModelAnswered | ModelFailed | HistoryCompacted | Nudged) -> str | None:
    match event:
        case ModelAnswered():
            did = _calls(len(event.calls)) if event.calls else "answers"
            seconds = event.latency_ms / 1000
            return f"turn {event.turn}: {event.model} {did} ({seconds:.1f} s)"
        case ModelFailed():
            return f"turn {event.turn}: {line(event.failure.message, WIDTH)}"
        case HistoryCompacted():
            return f"  shortened: {line(event.note, WIDTH)}"
        case Nudged():
            return None


def _calls(number: int) -> str:
    return "1 call" if number == 1 else f"{number} calls"


def _arguments(arguments: Json) -> str:
    if isinstance(arguments, str):
        return arguments
    return json.dumps(arguments, ensure_ascii=False, default=str)
