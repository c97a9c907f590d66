"""A task as it is given to the host, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pointsman.agent_settings import Approve
from pointsman.agents import RunStatus
from pointsman.errors import Code
from pointsman.evidence import Prefer
from pointsman.money import Nano, Usage
from pointsman.records import LOCAL, Principal
from pointsman.types import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is to be done, and within which limits; None: as the settings say.

    With `resume` it names a run to go on with. That run keeps its own text and schema; a limit
    given here counts where it is higher than the run's own.
    """

    text: str
    context: str | None = None  # what the task is about: material, not instructions
    tools: tuple[str, ...] | None = (
        None  # only these, by name; whoever makes the toolbox sees to it
    )
    servers: tuple[str, ...] | None = None  # only these attached servers; likewise
    model: str | None = None  # "auto", a model's id, or `provider/id`
    prefer: Prefer | None = None
    max_turns: int | None = None  # answers of a model that may call tools
    max_cost: Nano | None = None  # of models, and of tools that ask models
    max_tokens: int | None = None  # of all turns, in and out
    max_calls: int | None = None  # of tools
    deadline_s: float | None = None  # people's answers not counted
    approve: Approve | None = None
    output_schema: Mapping[str, Json] | None = None  # JSON Schema of the final answer
    resume: str | None = None  # the id of a run
    principal: Principal = LOCAL
    session: str | None = None  # of the model calls; None: the run is its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One call of a tool that the model made."""

    turn: int  # 1 the first
    tool: str
    server: str | None
    arguments: Json  # as read; the model's own text where it could not be read
    result_summary: str  # one line, cut
    is_error: bool
    latency_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a run did not complete, safe to show."""

    code: Code
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    run_id: str
    status: RunStatus
    answer: str  # the last word of the model; partial where the status is not `completed`
    json: Json = None  # with an output schema: the answer, validated
    steps: tuple[Step, ...] = ()
    usage: Usage = field(default_factory=Usage)
    cost: Nano | None = 0  # None: part of it is not known
    models: tuple[str, ...] = ()  # `provider/id` of all that answered
    notes: tuple[str, ...] = ()  # for a person
    error: Failure | None = None
