"""A tool as the loop sees it, wherever it comes from."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from pointsman.agents import Risk
from pointsman.money import Nano
from pointsman.records import LOCAL, Principal
from pointsman.types import Json, ToolSpec

Progress = Callable[[float, float | None, str], Awaitable[None]]  # done, of how many, just what


async def _untold(_done: float, _total: float | None, _message: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One call of a tool, beside its arguments."""

    call_id: str  # the same when a call is made again after a crash: an idempotency key
    run_id: str
    principal: Principal = LOCAL
    left: Nano | None = None  # what it may spend at most; None: there is no cap
    progress: Progress = _untold  # a sign of life, which puts off the call's time limit


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """What a tool gave back; a failure is a result too."""

    text: str
    is_error: bool = False
    data: Json = None  # the structured result, where there is one
    cost: Nano | None = 0  # of models asked inside; None: not known
    tokens: int = 0  # of models asked inside


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTool:
    """What the model may call."""

    spec: ToolSpec  # with the name that the model uses, which no other tool of the run has
    run: Callable[[Mapping[str, Json], Use], Awaitable[ToolResult]]
    server: str | None = None  # the attached server that offers it; None: it is ours
    own_name: str = ""  # what it is called at home, where that differs
    risk: Risk = "read"
    untrusted: bool = False  # its result is text of others, and instructions in it count nothing
    idempotent: bool = False  # it may be called again where nobody knows how the last call ended
    serial: bool = False  # never beside another call
    idle_s: float | None = None  # without a sign of life; None: as the settings say
    notes: tuple[str, ...] = field(default=())  # for a person: "its description has changed"
    # Its definition is not the one that was accepted: a person is asked before it is used (a
    # question of kind "definition", with the notes), and this is called when they say yes.
    accept: Callable[[], Awaitable[None]] | None = None
