"""Our own tools in a run: what they cost, what they may cost, how they fail."""

from pathlib import Path

import pytest

from agent.own import own_tool
from agent.tool import Use
from pointsman.errors import BudgetExceeded
from pointsman.money import nano_from_usd
from pointsman.records import Principal
from tools.tool import Arguments, Caller, Result, Tool


class Asked(Arguments):
    what: str = ""
    max_cost_usd: float | None = None


class Paid(Result):
    text: str
    cost_usd: float | None


def paid_tool(cost_usd: float | None, seen: list[tuple[Asked, Caller]]) -> Tool:
    async def run(given: Asked, caller: Caller) -> Paid:
        seen.append((given, caller))
        if given.what == "too dear":
            error = BudgetExceeded("It costs too much.", hint="Ask for less.")
            error.cost = nano_from_usd(0.25)
            raise error
        return Paid(text="fine", cost_usd=cost_usd)

    return Tool(
        name="paid",
        title="Paid",
        description="Paid",
        arguments=Asked,
        result=Paid,
        run=run,
        read=lambda result: result.text,
        read_only=True,
        open_world=True,
        risk="spend",
    )


USE = Use(call_id="c", run_id="r", principal=Principal(id="ann"), left=nano_from_usd(0.5))


@pytest.mark.parametrize(
    ("asked", "capped"), [({}, 0.5), ({"max_cost_usd": 0.1}, 0.1), ({"max_cost_usd": 9}, 0.5)]
)
async def test_a_tool_that_asks_models_may_spend_what_the_run_has_left(
    asked: dict[str, float], capped: float
) -> None:
    seen: list[tuple[Asked, Caller]] = []
    result = await own_tool(paid_tool(0.2, seen), Caller()).run(asked, USE)
    assert (result.text, result.cost, result.is_error) == ("fine", nano_from_usd(0.2), False)
    assert seen[0][0].max_cost_usd == capped


async def test_a_cost_that_nobody_knows_is_not_zero() -> None:
    result = await own_tool(paid_tool(None, []), Caller()).run({}, USE)
    assert result.cost is None


async def test_a_failure_is_a_result_with_what_it_cost() -> None:
    result = await own_tool(paid_tool(0.2, []), Caller()).run({"what": "too dear"}, USE)
    assert result.is_error
    assert "Ask for less." in result.text
    assert result.cost == nano_from_usd(0.25)


async def test_arguments_that_do_not_fit_are_told_to_the_model() -> None:
    result = await own_tool(paid_tool(0.2, []), Caller()).run({"whats": 1}, USE)
    assert result.is_error
    assert "whats" in result.text


async def test_it_is_called_for_the_runs_principal_with_the_callers_folders_and_no_more() -> None:
    seen: list[tuple[Asked, Caller]] = []
    caller = Caller(roots=(Path("work"),), owner=True)
    await own_tool(paid_tool(0.2, seen), caller).run({}, USE)
    given = seen[0][1]
    assert (given.principal.id, given.roots, given.owner) == ("ann", (Path("work"),), False)
