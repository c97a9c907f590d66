"""The `calculator` tool."""

import anyio.to_thread
from pydantic import Field

from pointsman.errors import InvalidInput
from tools.tool import Arguments, Caller, Result, Tool
from tools.workbench.calculator.exact import NoValue, arithmetic
from tools.workbench.calculator.lexer import Unreadable
from tools.workbench.calculator.parser import evaluate
from tools.workbench.calculator.writing import Written, written


class CalculatorArguments(Arguments):
    expression: str = Field(max_length=2000, description='"15% of 80", "3 km in miles", "sqrt(2)"')


class CalculatorResult(Result):
    value: str = Field(description="exact where `exact` is true, else to 15 digits")
    approximate: str | None = Field(description="to 15 digits, of a fraction or a long decimal")
    unit: str | None
    exact: bool


def calculator_tool() -> Tool:
    return Tool(
        name="calculator",
        title="Calculate",
        description="Work out arithmetic, percentages and unit conversions exactly.",
        arguments=CalculatorArguments,
        result=CalculatorResult,
        run=_run,
        read=_read,
        read_only=True,
        open_world=False,
        idempotent=True,
        toolset="workbench",
    )


def calculate(expression: str) -> Written:
    """What `expression` comes to. It takes some milliseconds at most.

    Raises:
        InvalidInput: why it comes to nothing, and where.
    """
    try:
        with arithmetic() as work:
            return written(evaluate(expression, work), work)
    except Unreadable as error:
        near = expression[error.at : error.at + 20].strip()
        place = f" at character {error.at + 1}" + (f" ({near!r})" if near else "")
        raise InvalidInput(f"No result: {error}{place}.") from error
    except NoValue as error:
        raise InvalidInput(f"No result: {error}.") from error


async def _run(given: CalculatorArguments, caller: Caller) -> CalculatorResult:
    del caller
    found = await anyio.to_thread.run_sync(calculate, given.expression)
    return CalculatorResult(
        value=found.value, approximate=found.approximate, unit=found.unit, exact=found.exact
    )


def _read(result: CalculatorResult) -> str:
    unit = f" {result.unit}" if result.unit else ""
    if result.approximate is not None:
        return f"{result.approximate}{unit} (exactly {result.value})"
    return f"{result.value}{unit}" if result.exact else f"about {result.value}{unit}"
