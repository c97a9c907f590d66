"""The events of a run, as they are journalled: from them alone its state is known.

Each is appended to the book before what it announces is done.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from agent.task import Failure, Task
from pointsman.agents import Question, Risk, Ruling, RunStatus
from pointsman.errors import StorageFailed
from pointsman.evidence import Prefer
from pointsman.money import Nano, Usage
from pointsman.types import FinishReason, Json, Message, ToolCall

# turn: tools may be called; last: the answer at a limit; mend: the answer again, as JSON
Purpose = Literal["turn", "last", "mend"]
Limit = Literal["max_turns", "budget", "deadline"]
Fault = Literal["arguments", "unknown", "limit"]
Ending = Literal["done", "fault", "refused", "timeout", "unknown", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    at: float = 0.0  # wall clock
    spent_s: float = 0.0  # of the run's time; people's answers not counted


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Stamped):
    kind: Literal["run_started"] = "run_started"
    run_id: str
    task: Task  # with every limit filled in
    boundary: str  # random: what marks text of others as data in this run


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed(Stamped):
    kind: Literal["resumed"] = "resumed"
    run_id: str
    task: Task  # with the limits that hold from now on


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequested(Stamped):
    kind: Literal["model_requested"] = "model_requested"
    turn: int
    purpose: Purpose
    shown: tuple[str, ...]  # names of the tools whose definitions are sent
    prefer: Prefer | None
    max_cost: Nano | None
    limit: Limit | None = None  # with `last`: which one was reached


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAnswered(Stamped):
    kind: Literal["model_answered"] = "model_answered"
    turn: int
    purpose: Purpose
    text: str
    calls: tuple[ToolCall, ...]  # with ids of ours, which no other call of the run has
    model: str  # `provider/id`
    cost: Nano | None
    usage: Usage
    finish: FinishReason
    latency_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFailed(Stamped):
    kind: Literal["model_failed"] = "model_failed"
    turn: int
    purpose: Purpose
    failure: Failure
    cost: Nano | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The tool that a result comes from, as far as it matters how far its text is trusted."""

    name: str
    server: str | None
    own_name: str
    risk: Risk
    untrusted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRequested(Stamped):
    kind: Literal["tool_requested"] = "tool_requested"
    call_id: str
    turn: int
    source: Source | None  # None: there is no such tool
    arguments: Json  # as read; the model's own text where it could not be
    verdict: Literal["run", "ask", "refuse"]
    why: tuple[str, ...] = ()
    definition: str = ""  # a digest: only the tool that was judged and shown may run
    notes: tuple[str, ...] = ()  # of the tool, as they were then
    asks: Literal["tool", "definition"] = "tool"
    grave: bool = False  # an earlier "always" did not answer it
    fault: Fault | None = None  # it cannot be run
    problem: str = ""  # with a fault: what the model is told


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRequested(Stamped):
    kind: Literal["approval_requested"] = "approval_requested"
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalDecided(Stamped):
    kind: Literal["approval_decided"] = "approval_decided"
    rulings: Mapping[str, Ruling]  # by question, each of those asked
    answered: bool  # False: nobody answered in time


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolStarted(Stamped):
    kind: Literal["tool_started"] = "tool_started"
    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolProgress(Stamped):
    """Shown to whoever watches, and not journalled."""

    kind: Literal["tool_progress"] = "tool_progress"
    call_id: str
    done: float
    total: float | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolFinished(Stamped):
    kind: Literal["tool_finished"] = "tool_finished"
    call_id: str
    text: str  # cut, without secrets, and not yet marked as data
    is_error: bool
    ending: Ending
    source: Source | None = None  # whose text it is; None: ours
    handle: str | None = None  # under which the whole text is kept, where it was cut
    cost: Nano | None = 0
    tokens: int = 0
    latency_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Nudged(Stamped):
    """The model is told something that is no result."""

    kind: Literal["nudged"] = "nudged"
    text: str
    why: Literal["repeats", "empty", "json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryCompacted(Stamped):
    kind: Literal["compacted"] = "compacted"
    messages: tuple[Message, ...]  # what stands for all before it
    note: str
    cost: Nano | None
    tokens: int
    forced: bool = False  # a model found the conversation too long


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetWarning(Stamped):
    kind: Literal["budget_warning"] = "budget_warning"
    question: Question


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetExtended(Stamped):
    """A person has decided; a no leaves the limit as it was."""

    kind: Literal["budget_extended"] = "budget_extended"
    max_cost: Nano
    ruling: Ruling


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped(Stamped):
    """The end: final answer and why."""

    kind: Literal["stopped"] = "stopped"
    status: RunStatus
    answer: str
    json: Json = None
    failure: Failure | None = None
    again: bool = False  # the run can be gone on with


Event = (
    RunStarted
    | Resumed
    | ModelRequested
    | ModelAnswered
    | ModelFailed
    | ToolRequested
    | ApprovalRequested
    | ApprovalDecided
    | ToolStarted
    | ToolProgress
    | ToolFinished
    | Nudged
    | HistoryCompacted
    | BudgetWarning
    | BudgetExtended
    | Stopped
)
_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])


def encode(event: Event) -> bytes:
    """JSON; half of a surrogate pair, as a model may write it, is replaced."""
    try:
        return _EVENT.dump_json(event)
    except PydanticSerializationError:
        return json.dumps(_EVENT.dump_python(event), ensure_ascii=False).encode("utf-8", "replace")


def decode(body: bytes) -> Event:
    """
    Raises:
        StorageFailed: it is no event of ours.
    """
    try:
        return _EVENT.validate_json(body)
    except ValidationError as error:
        raise StorageFailed("The record of this run is damaged.") from error
