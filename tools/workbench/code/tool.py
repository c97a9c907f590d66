"""The tool that runs a program which a model wrote."""

from typing import Literal

from pydantic import Field

from pointsman.seams import Clock
from tools.tool import Arguments, Caller, Result, Tool
from tools.workbench.code.tiers import Tier, Tiers

MOST_CODE = 100_000  # characters


class RunCodeArguments(Arguments):
    code: str = Field(min_length=1, max_length=MOST_CODE)
    language: Literal["python"] = "python"
    timeout_s: float | None = Field(default=None, gt=0, le=600, allow_inf_nan=False)


class RunCodeResult(Result):
    output: str
    result: str | None = None  # of the last expression
    error: str | None = None
    exit_code: int | None = None
    tier: Tier | None = None
    seconds: float
    truncated: bool = False
    lacks: str | None = None


def run_code_tool(tiers: Tiers, clock: Clock) -> Tool:
    """`tiers` knows what may run programs, and for how long at most."""

    async def run(given: RunCodeArguments, _caller: Caller) -> RunCodeResult:
        began = clock.monotonic()
        tier, outcome = await tiers.run(given.code, given.timeout_s)
        return RunCodeResult(
            output=outcome.output,
            result=outcome.result,
            error=outcome.error,
            exit_code=outcome.exit_code,
            tier=tier,
            seconds=round(clock.monotonic() - began, 3),
            truncated=outcome.truncated,
            lacks=outcome.lacks,
        )

    return Tool(
        name="run_code",
        title="Run a program",
        description="Run a short Python program and return what it prints.",
        arguments=RunCodeArguments,
        result=RunCodeResult,
        run=run,
        read=_read,
        read_only=True,
        open_world=False,
        idempotent=True,
        risk="exec",
        toolset="workbench",
    )


def _read(result: RunCodeResult) -> str:
    told = [result.output.rstrip("\n")]
    if result.truncated:
        told.append("[the output was cut here]")
    if result.result is not None:
        told.append(f"Result: {result.result}")
    if result.error is not None:
        told.append(f"Error: {result.error}")
    if result.lacks is not None:
        told.append(f"This sandbox lacks: {result.lacks}")
    return "\n".join(line for line in told if line) or "It printed nothing."
