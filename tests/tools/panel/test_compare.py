"""Side by side: at once, within one budget and one deadline, whoever fails. MM-04, MM-05"""

from typing import Any

import anyio
import anyio.lowlevel
import pytest

from pointsman.errors import (
    BudgetExceeded,
    DeadlineExceeded,
    InvalidInput,
    NoBackend,
    NotFound,
    RateLimited,
)
from pointsman.types import ChatRequest, Model, Outcome
from tests.fakes import FakeProvider, hanging, make_model, price, refusing, saying
from tests.tools.panel.table import table
from tools.describe import input_schema, output_schema
from tools.tool import Caller

FOUR = ["a", "b", "c", "d"]


async def test_answers_stand_side_by_side_with_what_each_cost() -> None:
    """MM-04"""
    backends = [FakeProvider(name, saying(f"{name} says so")) for name in "abc"]
    async with table(backends) as t:
        result = await t.ask(prompt="Why is the sky blue?", models=["c/m", "a/m"])
    assert [(m["model"], m["text"]) for m in result["members"]] == [
        ("c/m", "c says so"),
        ("a/m", "a says so"),
    ]
    assert result["cost_usd"] == sum(m["cost_usd"] for m in result["members"]) > 0
    assert (result["answer"], result["dissent"], result["warnings"]) == (None, [], None)


async def test_all_are_asked_before_any_has_answered() -> None:
    """AT-208, MM-05: a sequential panel would never end here."""
    everybody = anyio.Event()
    started = list[str]()

    def waiting(name: str) -> Any:
        async def script(_: ChatRequest) -> str:
            started.append(name)
            if len(started) == len(FOUR):
                everybody.set()
            await everybody.wait()
            return name

        return script

    async with table([FakeProvider(name, waiting(name)) for name in FOUR]) as t:
        with anyio.fail_after(5):
            result = await t.ask(prompt="Hello?", models=[f"{name}/m" for name in FOUR])
    assert [m["text"] for m in result["members"]] == FOUR


async def test_one_provider_is_not_asked_more_than_four_at_once() -> None:
    models = [make_model("a", f"m{n}") for n in range(8)]
    most = list[int]()

    async def script(_: ChatRequest) -> str:
        most.append(backend.open)
        await anyio.lowlevel.checkpoint()
        return "fine"

    backend = FakeProvider("a", script, models)
    async with table([backend]) as t:
        result = await t.ask(prompt="Hello?", models=[m.name for m in models])
    assert len(result["members"]) == 8
    assert max(most) == 4


async def test_who_fails_is_shown_with_the_reason_and_stops_nobody() -> None:
    backends = [
        FakeProvider("a", saying("fine")),
        FakeProvider("b", refusing(Outcome.CLIENT)),
        FakeProvider("c", saying("  ")),
    ]
    async with table(backends) as t:
        result = await t.ask(prompt="Hello?", models=["a/m", "b/m", "c/m"])
    a, b, c = result["members"]
    assert (a["text"], a["error"]) == ("fine", None)
    assert b["error"]
    assert "empty" in c["error"]
    assert len(result["warnings"]) == 2


async def test_a_panel_of_whom_none_answers_says_why_of_each() -> None:
    backends = [FakeProvider("a", refusing(Outcome.FAILURE)), FakeProvider("b", saying(""))]
    async with table(backends) as t:
        with pytest.raises(NoBackend) as caught:
            await t.ask(prompt="Hello?", models=["a/m", "b/m"])
    assert [cause.provider for cause in caught.value.causes] == ["a/m", "b/m"]


async def test_a_panel_that_is_throttled_as_a_whole_says_so() -> None:
    backends = [FakeProvider(name, refusing(Outcome.THROTTLED)) for name in "ab"]
    async with table(backends) as t:
        with pytest.raises(RateLimited):
            await t.ask(prompt="Hello?", models=["a/m", "b/m"])


async def test_models_are_chosen_from_different_providers_first() -> None:
    strong = [make_model("a", f"m{n}", tier="strong") for n in range(3)]
    backends = [
        FakeProvider("a", saying("x"), strong),
        FakeProvider("b", saying("x"), [make_model("b", "n")]),
        FakeProvider("c", saying("x"), [make_model("c", "o")]),
    ]
    async with table(backends) as t:
        result = await t.ask(prompt="Hello?")
    assert {m["model"].split("/")[0] for m in result["members"]} == {"a", "b", "c"}


async def test_a_model_that_cannot_be_called_now_is_not_chosen() -> None:
    backends = [FakeProvider(name, saying("x")) for name in "abcd"]
    backends[1].ready = "off"
    async with table(backends) as t:
        result = await t.ask(prompt="Hello?")
    assert [m["model"] for m in result["members"]] == ["a/m", "c/m", "d/m"]


async def test_a_second_panel_with_the_same_question_costs_nothing() -> None:
    backends = [FakeProvider(name, saying(name)) for name in "ab"]
    async with table(backends) as t:
        await t.ask(prompt="Hello?", models=["a/m", "b/m"])
        again = await t.ask(prompt="Hello?", models=["a/m", "b/m"])
    assert (again["cost_usd"], [m["cached"] for m in again["members"]]) == (0, [True, True])


async def test_the_cap_is_counted_before_anything_is_asked() -> None:
    """RELIABILITY 60"""
    backends = [FakeProvider(n, saying("x"), [make_model(n, cost=price(0, 10))]) for n in FOUR]
    names = [f"{n}/m" for n in FOUR]
    async with table(backends) as t:
        with pytest.raises(BudgetExceeded):  # 4 answers of 1,000 tokens at $10 a million
            await t.ask(prompt="Hello?", models=names, max_tokens=1000, max_cost_usd=0.0399)
        assert not any(backend.seen for backend in backends)
        await t.ask(prompt="Hello?", models=names, max_tokens=1000, max_cost_usd=0.04)
        worst = sum(hold.worst_cost or 0 for hold in t.bench.ledger.holds)
        assert worst <= 40_000_000


async def test_what_members_may_spend_together_is_never_more_than_the_cap() -> None:
    backends = [
        FakeProvider("a", saying("x"), [make_model("a", cost=price(1, 2))]),
        FakeProvider("b", saying("x"), [make_model("b", cost=price(30, 60))]),
        FakeProvider("c", saying("x"), [make_model("c", cost=price(0, 0))]),
    ]
    async with table(backends) as t:
        result = await t.ask(prompt="Hello?", models=["a/m", "b/m", "c/m"], max_cost_usd=0.006)
        held = [hold.worst_cost or 0 for hold in t.bench.ledger.holds]
    assert [m["error"] for m in result["members"]] == [None] * 3
    assert sum(held) <= 6_000_000
    assert all(backend.seen for backend in backends)


async def test_what_a_call_leaves_of_its_share_goes_to_those_after_it() -> None:
    async with table([FakeProvider("a", saying("word " * 9))]) as t:
        result = await t.ask(prompt="Plan it", mode="relay", max_cost_usd=0.02)
        spent = round(sum(m["cost_usd"] for m in result["members"][:3]) * 1e9)
        assert t.calls[-1].max_cost == 20_000_000 - spent
        first = t.calls[0].max_cost
        assert first is not None
        assert first < 5_000_000  # the later ones read more, and have more


async def test_a_panel_that_could_not_be_paid_to_its_end_is_not_begun() -> None:
    backend = FakeProvider("a", saying("x"), [make_model("a", cost=price(0, 10))])
    async with table([backend]) as t:
        with pytest.raises(BudgetExceeded):  # 4 answers of 64 tokens at $10 a million
            await t.ask(prompt="Plan it", mode="relay", max_cost_usd=0.0025)
        assert not backend.seen
        await t.ask(prompt="Plan it", mode="relay", max_cost_usd=0.00256)


async def test_a_model_without_a_price_fails_under_a_cap_and_the_others_answer() -> None:
    unknown = Model(
        provider="a", id="m", tier="cheap", context=8_000, price=None, origin="https://a.test"
    )
    backends = [FakeProvider("a", saying("x"), [unknown]), FakeProvider("b", saying("y"))]
    async with table(backends) as t:
        result = await t.ask(prompt="Hello?", models=["a/m", "b/m"], max_cost_usd=0.1)
        assert not backends[0].seen
        free = await t.ask(prompt="Hello!", models=["a/m", "b/m"])
    assert result["members"][0]["error"]
    assert result["members"][1]["text"] == "y"
    assert free["cost_usd"] is None
    assert any("not known" in warning for warning in free["warnings"])


async def test_cancellation_reaches_every_member() -> None:
    backends = [FakeProvider(name, hanging) for name in "abc"]
    async with table(backends) as t:
        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(lambda: t.ask(prompt="Hello?"))
                while not all(backend.open for backend in backends):
                    await anyio.lowlevel.checkpoint()
                tasks.cancel_scope.cancel()
    assert not any(backend.open for backend in backends)


async def test_the_deadline_is_the_panel_s_and_not_each_member_s() -> None:
    """What the first call leaves of it is the second's."""

    async def slow(_: ChatRequest) -> str:
        t.bench.clock.advance(25)
        return "late"

    async with table([FakeProvider("a", slow)]) as t:
        with pytest.raises(DeadlineExceeded):
            await t.ask(prompt="Plan it", mode="relay", deadline_ms=60_000)
        assert [call.deadline_s for call in t.calls] == [60, 35, 10]


async def test_progress_is_told_for_each_member() -> None:
    told = list[tuple[float, float | None, str]]()

    async def progress(*what: Any) -> None:
        told.append(what)

    backends = [FakeProvider("a", saying("x")), FakeProvider("b", refusing(Outcome.CLIENT))]
    async with table(backends) as t:
        await t.ask(Caller(progress=progress), prompt="Hello?", models=["a/m", "b/m"])
    assert [(done, of) for done, of, _ in told] == [(1, 2), (2, 2)]
    assert any("b/m: failed" in message for _, _, message in told)


@pytest.mark.parametrize(
    "given",
    [
        {"prompt": " "},
        {"prompt": "x", "models": ["a/m"]},
        {"prompt": "x", "models": ["a/m"] * 9},
        {"prompt": "x", "mode": "debate", "rounds": 6},
        {"prompt": "x", "mode": "debate", "rounds": 1_000_000},
        {"prompt": "x", "mode": "debate", "models": ["a/m"] * 5},
        {"prompt": "x", "mode": "consensus", "models": ["a/m"] * 2},
        {"prompt": "x", "mode": "consensus", "models": ["a/m"] * 6},
        {"prompt": "x", "mode": "vote"},
        {"prompt": "x" * 250_001},
        {"prompt": "x", "n": 100},
    ],
)
async def test_what_cannot_be_asked_is_refused_before_anybody_is(given: dict[str, Any]) -> None:
    """RELIABILITY 60, AT-203: two models are no consensus, and nothing is without bounds."""
    backend = FakeProvider("a", saying("x"))
    async with table([backend]) as t:
        with pytest.raises(InvalidInput):
            await t.ask(**given)
    assert not backend.seen


async def test_a_model_that_is_not_there_is_told_with_the_nearest() -> None:
    async with table([FakeProvider("a", saying("x"))]) as t:
        with pytest.raises(NotFound) as caught:
            await t.ask(prompt="x", models=["a/m", "a/n"])
        assert "a/m" in (caught.value.hint or "")
        with pytest.raises(NotFound):
            await t.ask(prompt="x", mode="debate", judge="nobody")


async def test_its_description_is_small() -> None:
    async with table([FakeProvider("a", saying("x"))]) as t:
        size = len(str(input_schema(t.tool))) + len(str(output_schema(t.tool)))
    assert size < 2200
