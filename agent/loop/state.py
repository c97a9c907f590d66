"""Where a run stands: what its events come to."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agent.loop.events import (
    BudgetWarning,
    Limit,
    ModelAnswered,
    ModelFailed,
    ModelRequested,
    Source,
    Stopped,
    ToolFinished,
    ToolRequested,
)
from agent.task import Step, Task
from agent.untrusted.taint import TaintState
from pointsman.agents import Ruling
from pointsman.money import Nano, Usage
from pointsman.types import Json, Message, ToolCall

REPEATS_NUDGE, REPEATS_STOP = 3, 5  # the same call with the same result


@dataclass(slots=True)
class Pending:
    """A call of the turn under way."""

    call: ToolCall
    requested: ToolRequested | None = None
    ruling: Ruling | None = None
    started: bool = False
    finished: ToolFinished | None = None
    shown: str = ""  # its result, as the model sees it

    @property
    def written(self) -> Json:
        """The arguments as they were read; the model's own text where they could not be."""
        return self.requested.arguments if self.requested else self.call.arguments

    @property
    def arguments(self) -> Mapping[str, Json]:
        """As they were read and found valid; none where they could not be."""
        return self.written if isinstance(self.written, dict) else {}

    @property
    def lost_cost(self) -> Nano | None:
        """What it cost where it was broken off: not known, once a tool that spends has begun."""
        source = self.requested.source if self.requested else None
        return None if self.started and source is not None and source.risk == "spend" else 0


@dataclass(slots=True)
class State:
    task: Task
    run_id: str = ""
    number: int = 0  # of the next event
    spent_s: float = 0.0
    messages: list[Message] = field(default_factory=list[Message])  # without the system prompt
    # the turn under way
    turn: int = 0
    pending: dict[str, Pending] = field(default_factory=dict[str, Pending])  # by call
    asking: ModelRequested | None = None  # a model was asked and has not answered
    answered: ModelAnswered | None = None  # without calls: an end, if it holds
    failed: ModelFailed | None = None
    ended: Stopped | None = None
    # money, tokens, calls
    cost: Nano = 0
    cost_known: bool = True
    dearest: Nano = 0  # of a model call
    usage: Usage = field(default_factory=Usage)
    tokens: int = 0
    calls: int = 0
    warning: BudgetWarning | None = None  # a person is being asked
    warned: bool = False
    waiting: bool = False  # for a person
    max_cost: Nano = 0  # the limit that holds now
    # what is known of results
    taint: TaintState = field(default_factory=lambda: TaintState("", ""))
    cut: dict[str, Source] = field(default_factory=dict[str, Source])  # by handle: whose text it is
    # trouble, each with a counter of its own
    faults: Counter[str] = field(default_factory=Counter[str])  # by tool, since it last ran
    repeats: Counter[str] = field(default_factory=Counter[str])  # by call and result
    nudged: set[str] = field(default_factory=set[str])  # repeats that were spoken of
    bad_turns: int = 0  # in a row, with nothing but errors
    all_refused: bool = False  # every call of the last turn
    empty: int = 0  # answers without text or call, in a row
    mends: int = 0
    mending: bool = False  # the answer is asked for again, as JSON
    limit: Limit | None = None  # the last answer is asked for, since this was reached
    trouble: bool = False  # the next turn is worth a better model
    compacted: int = 0  # times
    forced: int = 0  # of them because a model found it too long, since one last answered
    # for the result
    steps: list[Step] = field(default_factory=list[Step])
    models: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])
    said: str = ""  # the last text of the model

    @property
    def left(self) -> Nano:
        return max(self.max_cost - self.cost, 0)

    @property
    def open_calls(self) -> Sequence[Pending]:
        return [p for p in self.pending.values() if p.finished is None]

    @property
    def readable(self) -> bool:
        """Whether there is something to be read on with `read_result`."""
        return bool(self.cut) or self.compacted > 0

    def repeated(self, times: int) -> set[str]:
        """Calls that gave the same result so often."""
        return {key for key, often in self.repeats.items() if often >= times}

    def pay(self, cost: Nano | None, tokens: int) -> None:
        self.cost += cost or 0
        self.cost_known &= cost is not None
        self.tokens += tokens

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)
