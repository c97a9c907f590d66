"""The limits of a run: none is passed by more than one call's bound, and the work is not lost."""

from collections.abc import Awaitable, Callable, Mapping

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.loop.events import BudgetExtended, ModelRequested
from agent.loop.limits import dollars
from agent.task import Task
from agent.tool import ToolResult, Use
from pointsman.agent_settings import AgentSettings
from pointsman.agents import Risk
from pointsman.errors import BudgetExceeded, DeadlineExceeded, NoBackend
from pointsman.money import Usage
from pointsman.records import Answer, Call
from pointsman.types import Json
from tests.agent.loop.bench import (
    Bench,
    Person,
    Said,
    ScriptedModel,
    Tools,
    answer,
    assert_whole,
    calls,
    says,
)


def looking(n: int, **more: object) -> Said:
    """A call that no other is like, so that nothing is taken for a repeat."""
    return calls(("look", {"n": n}), **more)


async def test_at_the_limit_of_turns_the_model_answers_without_tools() -> None:
    tools = Tools()
    model = ScriptedModel(looking(1), looking(2), says("so far: 2"))
    result = await Bench(model, [tools.make("look")]).run(max_turns=2)
    assert (result.status, result.answer) == ("max_turns", "so far: 2")
    assert tools.times("look") == 2
    assert model.last.request.tools == ()
    assert "no tool can be called" in model.last.request.messages[-1].content
    assert_whole(model.last)


async def test_what_a_model_calls_at_the_limit_is_not_run() -> None:
    """The limit is hard: a model that ignores it gets no further turn."""
    tools = Tools()
    said = Said(text="partial", calls=(("look", "{}"),))
    model = ScriptedModel(looking(1), said)
    result = await Bench(model, [tools.make("look")]).run(max_turns=1)
    assert (result.status, result.answer) == ("max_turns", "partial")
    assert tools.times("look") == 1


async def test_an_answer_within_the_turns_is_complete() -> None:
    model = ScriptedModel(says("done"))
    result = await Bench(model).run(max_turns=1)
    assert result.status == "completed"


async def test_the_deadline_ends_a_run_with_what_is_known() -> None:
    tools, bench = Tools(), Bench(ScriptedModel(looking(1), says("so far")))

    async def slow(_: Mapping[str, Json], use: Use) -> ToolResult:
        bench.clock.advance(95)
        return ToolResult(text="late")

    bench.tools = [tools.make("look", slow)]
    result = await bench.run(deadline_s=100.0)
    assert (result.status, result.answer) == ("deadline", "so far")
    assert bench.model.last.deadline_s == 5.0


async def test_past_the_deadline_nothing_is_asked() -> None:
    tools, bench = Tools(), Bench(ScriptedModel(Said(text="first", calls=(("look", "{}"),))))

    async def slow(_: Mapping[str, Json], use: Use) -> ToolResult:
        bench.clock.advance(101)
        return ToolResult(text="late")

    bench.tools = [tools.make("look", slow)]
    result = await bench.run(deadline_s=100.0)
    assert (result.status, result.answer) == ("deadline", "first")


async def test_what_would_begin_when_the_time_is_over_does_not_begin() -> None:
    bench, tools = Bench(ScriptedModel(calls(("slow", {}), ("look", {})), says("so far"))), Tools()

    async def slow(_: Mapping[str, Json], use: Use) -> ToolResult:
        bench.clock.advance(95)
        return ToolResult(text="late")

    bench.tools = [tools.make("slow", slow, serial=True), tools.make("look")]
    result = await bench.run(deadline_s=100.0)
    assert (result.status, tools.times("look")) == ("deadline", 0)


async def test_a_person_who_thinks_uses_no_time_of_the_run() -> None:
    tools, bench = Tools(), Bench(ScriptedModel(calls(("write", {})), says("done")))

    class Slow(Person):
        async def ask(self, questions):  # type: ignore[no-untyped-def]
            bench.clock.advance(10_000)
            return {question.id: "yes" for question in questions}

    bench.approver, bench.tools = Slow(), [tools.make("write", risk="write")]
    result = await bench.run(deadline_s=100.0)
    assert result.status == "completed"
    assert bench.model.last.deadline_s == 100.0
    assert tools.times("write") == 1


async def test_tokens_are_limited() -> None:
    tools = Tools()
    much = Usage(input_tokens=9_000, output_tokens=500)
    model = ScriptedModel(looking(1, usage=much), says("so far"))
    result = await Bench(model, [tools.make("look")]).run(max_tokens=10_000)
    assert (result.status, result.answer) == ("budget", "so far")
    assert model.last.request.max_tokens is not None
    assert model.last.request.max_tokens <= 500


async def test_tokens_of_models_that_tools_ask_count() -> None:
    tools = Tools()
    panel = tools.make("panel", ToolResult(text="x", tokens=9_500, cost=7))
    model = ScriptedModel(calls(("panel", {})), says("so far"))
    result = await Bench(model, [panel]).run(max_tokens=10_000)
    assert result.status == "budget"
    assert result.cost == 10 + 7 + 10


async def test_tool_calls_are_limited() -> None:
    tools = Tools()
    five = calls(*[("look", {"n": n}) for n in range(5)])
    model = ScriptedModel(five, says("so far"))
    result = await Bench(model, [tools.make("look")]).run(max_calls=3)
    assert result.status == "budget"
    assert tools.times("look") == 3
    assert [step.is_error for step in result.steps] == [False] * 3 + [True] * 2


async def test_money_that_is_short_is_kept_for_the_answer() -> None:
    tools = Tools()
    model = ScriptedModel(looking(1, cost=40), looking(2, cost=40), says("so far", cost=15))
    result = await Bench(model, [tools.make("look")]).run(max_cost=100)
    assert (result.status, result.cost) == ("budget", 95)
    assert [call.max_cost for call in model.seen] == [100, 60, 20]


async def test_a_prompt_that_the_budget_cannot_pay_ends_the_run() -> None:
    tools = Tools()
    model = ScriptedModel(
        Said(text="partial", calls=(("look", "{}"),)), BudgetExceeded("Too little is left.")
    )
    result = await Bench(model, [tools.make("look")]).run(max_cost=1_000)
    assert (result.status, result.answer) == ("budget", "partial")
    assert result.error is not None
    assert result.error.code == "budget_exceeded"
    assert "$0.00000100" in result.error.message  # the run's own budget, not a question's cap


@pytest.mark.parametrize(
    ("nano", "told"),
    [
        (0, "$0.0000"),
        (1, "$0.000000001"),
        (1_234_567, "$0.00123"),
        (12_345_678, "$0.0123"),
        (500_000_000, "$0.5000"),
        (12_000_000_000, "$12.0000"),
    ],
)
def test_small_amounts_are_told_with_enough_digits(nano: int, told: str) -> None:
    assert dollars(nano) == told


async def test_a_free_run_uses_free_models_only() -> None:
    tools = Tools()
    model = ScriptedModel(looking(1, cost=0), says("done", cost=0))
    result = await Bench(model, [tools.make("look")]).run(max_cost=0)
    assert (result.status, result.cost) == ("completed", 0)
    assert [call.max_cost for call in model.seen] == [0, 0]


async def test_a_failed_call_that_cost_something_is_paid() -> None:
    error = NoBackend("Nobody answered.")
    error.cost = 30
    result = await Bench(ScriptedModel(error)).run(max_cost=100)
    assert (result.status, result.cost) == ("failed", 30)
    assert result.error is not None
    assert result.error.code == "no_backend"


async def test_a_model_that_is_too_slow_ends_the_run_at_its_deadline() -> None:
    tools = Tools()
    model = ScriptedModel(
        Said(text="partial", calls=(("look", "{}"),)), DeadlineExceeded("Too late.")
    )
    result = await Bench(model, [tools.make("look")]).run()
    assert (result.status, result.answer) == ("deadline", "partial")


@pytest.mark.parametrize("cost", [None, 5])
async def test_a_cost_that_is_not_known_is_not_called_zero(cost: int | None) -> None:
    tools = Tools()
    look = tools.make("look", ToolResult(text="x", cost=cost))
    result = await Bench(ScriptedModel(looking(1), says("done")), [look]).run()
    assert result.cost == (None if cost is None else 25)


async def test_what_a_tool_that_spends_cost_is_not_known_when_it_did_not_end() -> None:
    tools = Tools()

    async def hang(_: Mapping[str, Json], use: Use) -> ToolResult:
        await anyio.sleep_forever()
        raise AssertionError

    async def break_down(_: Mapping[str, Json], use: Use) -> ToolResult:
        raise RuntimeError

    rules = AgentSettings(rules={"buy": "allow"})
    cases: list[tuple[Callable[..., Awaitable[ToolResult]], Risk]] = [
        (hang, "spend"),
        (break_down, "spend"),
        (hang, "read"),
    ]
    for run, risk in cases:
        buy = tools.make("buy", run, risk=risk, idle_s=0.01)
        model = ScriptedModel(calls(("buy", {})), says("done"))
        with anyio.fail_after(5):
            result = await Bench(model, [buy], rules).run()
        assert result.cost == (20 if risk == "read" else None)
    assert tools.times("buy") == 3


# --- asking for more ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ruling", "limit", "status"), [("yes", 200, "completed"), ("no", 100, "budget")]
)
async def test_at_80_percent_a_person_is_asked_once(ruling: str, limit: int, status: str) -> None:
    tools = Tools()
    person = Person({"budget": ruling})  # type: ignore[dict-item]
    model = ScriptedModel(looking(1, cost=20), looking(2, cost=60), says("x", cost=20))
    bench = Bench(model, [tools.make("look")], approver=person)
    result = await bench.run(max_cost=100)
    assert [[q.kind for q in asked] for asked in person.asked] == [["budget"]]
    assert "$0.000000200" in person.asked[0][0].text
    assert result.status == status
    assert model.last.max_cost == limit - 80
    assert [e.max_cost for e in bench.journal() if isinstance(e, BudgetExtended)] == [limit]


async def test_no_answer_about_the_budget_is_a_no() -> None:
    class Silent:
        async def ask(self, questions):  # type: ignore[no-untyped-def]
            await anyio.sleep_forever()

    tools = Tools()
    model = ScriptedModel(looking(1, cost=80), says("x", cost=20))
    bench = Bench(model, [tools.make("look")], AgentSettings(approval_s=0.01), approver=Silent())
    with anyio.fail_after(5):
        result = await bench.run(max_cost=100)
    assert (result.status, result.cost) == ("budget", 100)


async def test_with_approve_never_nobody_is_asked_for_money() -> None:
    tools, person = Tools(), Person({"budget": "yes"})
    model = ScriptedModel(looking(1, cost=80), says("x"))
    bench = Bench(model, [tools.make("look")], approver=person)
    result = await bench.run(max_cost=100, approve="never")
    assert (result.status, person.asked) == ("budget", [])


async def test_a_prompt_that_what_is_left_cannot_pay_is_a_reason_to_ask() -> None:
    tools, person = Tools(), Person({"budget": "yes"})
    model = ScriptedModel(looking(1, cost=50), BudgetExceeded("Too little."), says("done", cost=60))
    result = await Bench(model, [tools.make("look")], approver=person).run(max_cost=100)
    assert (result.status, result.cost) == ("completed", 110)
    assert [call.max_cost for call in model.seen] == [100, 50, 150]


async def test_an_answer_that_is_there_costs_no_question() -> None:
    person = Person({"budget": "yes"})
    result = await Bench(ScriptedModel(says("done", cost=95)), approver=person).run(max_cost=100)
    assert (result.status, person.asked) == ("completed", [])


# --- the property ---------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 40)), min_size=1, max_size=12),
    st.integers(0, 200),
    st.integers(1, 3),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_the_budget_is_never_passed_by_more_than_one_calls_bound(
    costs: list[tuple[int, int]], limit: int, beside: int, yes: bool
) -> None:
    """A model keeps to the cap that it is given; a tool may pass it by 40 at most."""
    anyio.run(_spend, costs, limit, beside, yes)


async def _spend(costs: list[tuple[int, int]], limit: int, beside: int, yes: bool) -> None:
    models, tools_cost = iter([cost for cost, _ in costs]), iter([cost for _, cost in costs])
    tools = Tools()
    asked: list[Call] = []

    async def complete(call: Call) -> Answer:
        cost = next(models, 0)
        asked.append(call)
        assert call.max_cost is not None
        if cost > call.max_cost:
            raise BudgetExceeded("The cap is too low.")
        wanted = [("buy", {"turn": len(asked), "n": n}) for n in range(beside)]
        return answer(calls(*wanted, cost=cost))

    async def buy(arguments: Mapping[str, Json], use: Use) -> ToolResult:
        return ToolResult(text=str(arguments), cost=next(tools_cost, 0))

    bench = Bench(ScriptedModel(), approver=Person({"budget": "yes"} if yes else {}))
    bench.model = complete  # type: ignore[assignment]
    bench.tools = [tools.make("buy", buy, risk="spend")]
    result = await bench.run(Task(text="x", max_cost=limit, max_turns=9, approve="all"))
    assert result.cost is not None
    assert result.cost <= limit * (2 if yes else 1) + 40
    requests = [e for e in bench.journal() if isinstance(e, ModelRequested)]
    assert sum(e.purpose == "turn" for e in requests) <= 9
    assert sum(e.purpose == "last" for e in requests) <= 1
