"""What the loop asks of its surroundings."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from agent.tool import AgentTool
from pointsman.money import Nano
from pointsman.records import Answer, Call
from pointsman.types import Message

Complete = Callable[[Call], Awaitable[Answer]]  # raises PointsmanError with its `cost`


# The context in tokens of what answers for a model's name ("auto" too); None: not known.
Window = Callable[[str], int | None]


class Toolbox(Protocol):
    """The tools of one run; they may change between turns."""

    async def tools(self, turn: int) -> Sequence[AgentTool]:
        """Those whose definitions the model is sent in this turn; names differ."""
        ...

    def find(self, name: str) -> AgentTool | None:
        """A tool that may be called now, shown or not."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacted:
    """A conversation made shorter; no call is parted from its result."""

    messages: Sequence[Message]
    note: str  # for a person: what was left out
    cost: Nano | None = 0  # of a model that summed up
    tokens: int = 0


# The messages after the system prompt, the tokens they may have at most, and what may be spent on
# that; it raises InvalidInput where what must stay does not fit. What it keeps, it keeps with the
# run.
Compact = Callable[[Sequence[Message], int, Nano], Awaitable[Compacted]]
