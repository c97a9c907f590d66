"""The `agent` tool: a whole task, done by a model that calls tools, within limits."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema, field_validator, model_validator

from pointsman.agent_settings import Approve
from pointsman.agents import RunStatus
from pointsman.loose_json import check_depth
from tools.complete import UsageOut
from tools.tool import Arguments, Caller, Result, Tool

LONGEST_TASK = 200_000  # characters, with its context
# Of the schema that every conversation of every client carries: `StepOut` has the rest.
LISTED = {"type": "array", "items": {"type": "object"}}


class AgentArguments(Arguments):
    task: str = Field(default="", max_length=LONGEST_TASK)
    context: str | None = Field(default=None, max_length=LONGEST_TASK)
    tools: list[str] | None = Field(default=None, description="only these, by name")
    servers: list[str] | None = Field(default=None, description="of mcp.json; all if left out")
    model: str | None = None
    max_turns: Annotated[int | None, Field(ge=1, le=200)] = None
    max_cost_usd: Annotated[float | None, Field(ge=0, le=1e6, allow_inf_nan=False)] = None
    deadline_s: Annotated[float | None, Field(gt=0, le=86_400, allow_inf_nan=False)] = None
    approve: Approve | None = None
    output_schema: dict[str, Any] | None = None
    resume: str | None = Field(default=None, max_length=64, description="a run_id")

    @field_validator("output_schema")
    @classmethod
    def _can_be_recorded(cls, schema: dict[str, Any] | None) -> dict[str, Any] | None:
        check_depth(schema)
        return schema

    @model_validator(mode="after")
    def _has_a_task(self) -> "AgentArguments":
        if not self.task.strip() and self.resume is None:
            raise ValueError("say in 'task' what is to be done, or which run to 'resume'")
        return self


class StepOut(Result):
    turn: int
    tool: str
    server: str | None = None
    arguments: Any
    result_summary: str
    is_error: bool
    latency_ms: float


class AgentResult(Result):
    run_id: str
    status: RunStatus
    answer: str
    parsed: Any = Field(default=None, alias="json")
    steps: Annotated[list[StepOut], WithJsonSchema(LISTED)]
    usage: Annotated[UsageOut, WithJsonSchema({"type": "object"})]
    cost_usd: float | None
    models: list[str]
    notes: list[str] | None = None


RunAgent = Callable[[AgentArguments, Caller], Awaitable[AgentResult]]


def agent_tool(run: RunAgent) -> Tool:
    """`run` is the host's loop."""
    return Tool(
        name="agent",
        title="Do a whole task",
        description="Let a model do a task with tools (files, calculator, code, web, attached MCP "
        "servers), within limits; what could do harm is asked first.",
        arguments=AgentArguments,
        result=AgentResult,
        run=run,
        read=_read,
        read_only=False,
        open_world=True,
        destructive=True,
        risk="spend",
        untrusted=True,
    )


def _read(result: AgentResult) -> str:
    lines = [result.answer]
    if result.status != "completed":
        lines.append(f"[{result.status}; resume with run_id {result.run_id}]")
    lines += [f"[{note}]" for note in result.notes or ()]
    return "\n".join(line for line in lines if line)
