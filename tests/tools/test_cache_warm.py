"""Warming the cache: what is asked, what it may cost, and where the answers are found. CA-24"""

from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from pointsman.errors import InvalidInput
from pointsman.money import Nano
from pointsman.records import LOCAL, Principal
from pointsman.types import ChatRequest, Model, Outcome
from tests.fakes import FakeProvider, hanging, make_model, price, refusing, saying
from tests.tools.caching import GENERAL_S, bench
from tools.cache_warming import Purse

ANN = Principal(id="ann", department="sales")
PROMPTS = ["one", "two", "three"]


def counts(told: dict[str, Any]) -> dict[str, int]:
    names = ("asked", "hits", "stored", "failed", "not_asked")
    return {name: told[name] for name in names if told[name]}


async def test_prompts_that_were_asked_ahead_are_answered_from_cache(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.ask("one")
        told = await b.use("cache_warm", prompts=[*PROMPTS, "two"], model="m")
        assert counts(told) == {"asked": 3, "hits": 1, "stored": 2}
        again = await b.use("cache_warm", prompts=PROMPTS)
        assert counts(again) == {"asked": 3, "hits": 3}  # of the model that would be chosen
        assert again["cost_usd"] == 0 < told["cost_usd"]
        for prompt in PROMPTS:
            found = await b.ask(prompt, model="m")
            assert (found.cache.hit, found.cache.kind) == (True, "exact")
        totals = (await b.use("cache_stats"))["totals"]
    assert (totals["requests"], totals["hits"]) == (4, 3)  # warming is nobody's request


async def test_the_answers_most_used_are_renewed_before_they_are_stale(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        for prompt, times in (("often", 4), ("seldom", 2), ("once", 1)):
            for _ in range(times):
                await b.ask(prompt)
        assert counts(await b.use("cache_warm", from_history=5)) == {}  # all are fresh
        b.clock.advance(GENERAL_S * 0.85)
        await b.ask("new")
        await b.ask("new")
        first = await b.use("cache_warm", from_history=1)
        assert counts(first) == {"asked": 1, "stored": 1}
        b.clock.advance(GENERAL_S * 0.3)
        assert (await b.ask("often")).cache.age_s == pytest.approx(GENERAL_S * 0.3)
        assert counts(await b.use("cache_warm", from_history=9)) == {"asked": 1, "stored": 1}
        assert (await b.ask("seldom")).cache.hit
        assert not (await b.ask("once")).cache.hit  # it was no hit, so it is no history


@pytest.mark.parametrize(
    "given",
    [
        {"user": "kid/of: ann"},
        {"prefer": "cheap"},
        {"metadata": {"private": "true"}},
        {"temperature": 0.5, "max_tokens": 9, "system": "Be brief."},
        {"model": "m"},
    ],
)
async def test_an_answer_is_renewed_where_it_will_be_looked_for(
    given: dict[str, Any], tmp_path: Path
) -> None:
    async with bench(tmp_path) as b:
        for _ in range(2):
            await b.ask("one", ANN, **given)
        b.clock.advance(GENERAL_S * 2)
        assert counts(await b.use("cache_warm", LOCAL, from_history=9)) == {}  # not theirs
        assert counts(await b.use("cache_warm", ANN, from_history=9, model="other")) == {}
        told = await b.use("cache_warm", ANN, from_history=9)
        assert counts(told) == {"asked": 1, "stored": 1}
        found = await b.ask("one", ANN, **given)
        assert (found.cache.hit, found.cache.age_s) == (True, 0)


async def test_no_more_is_spent_than_was_allowed(tmp_path: Path) -> None:
    """Each call's worst cost must fit what is left, the fallback's too."""
    dear = make_model("dear", cost=price(900, 900))
    cheap = make_model("cheap", cost=price(1, 1), context=1000)
    backends = [
        FakeProvider("cheap", refusing(Outcome.FAILURE), [cheap]),
        FakeProvider("dear", saying("word " * 500), [dear]),
    ]
    async with bench(tmp_path, backends) as b:
        prompts = [f"prompt {n}" for n in range(6)]
        told = await b.use("cache_warm", prompts=prompts, max_usd=0.002)
        assert told["cost_usd"] <= 0.002
        assert told["failed"] + told["not_asked"] == 6
        nothing = await b.use("cache_warm", prompts=prompts, max_usd=0)
        assert counts(nothing) == {"not_asked": 6}


async def test_whoever_asks_the_same_meanwhile_is_not_held_to_the_warming_s_budget(
    tmp_path: Path,
) -> None:
    may_fail = anyio.Event()

    async def failing(request: ChatRequest) -> str:
        await may_fail.wait()
        return await refusing(Outcome.FAILURE)(request)

    dear = FakeProvider("dear", saying("fine"), [make_model("dear", cost=price(900, 900))])
    cheap = FakeProvider("cheap", failing, [make_model("cheap", cost=price(1, 1))])
    told: list[dict[str, Any]] = []

    async with bench(tmp_path, [cheap, dear]) as b:

        async def warm() -> None:
            told.append(await b.use("cache_warm", prompts=["one"], concurrency=1))

        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(warm)
                while not cheap.open:
                    await anyio.lowlevel.checkpoint()
                tasks.start_soon(_let_go, may_fail)
                answer = await b.ask("one")
    assert (answer.provider, answer.completion.text) == ("dear", "fine")
    assert counts(told[0]) == {"asked": 1, "failed": 1}


async def _let_go(event: anyio.Event) -> None:
    await anyio.wait_all_tasks_blocked()
    event.set()


async def test_a_price_that_nobody_knows_cannot_be_kept_to(tmp_path: Path) -> None:
    unknown = Model(
        provider="a", id="m", tier="cheap", context=8_000, price=None, origin="https://a.test"
    )
    backend = FakeProvider("a", saying("x"), [unknown])
    async with bench(tmp_path, [backend]) as b:
        told = await b.use("cache_warm", prompts=PROMPTS, max_usd=5)
    assert counts(told) == {"failed": 3}
    assert told["problems"] == ["The price of a/m is not known, so no budget can be kept."]
    assert not backend.seen


async def test_what_fails_is_told_and_stops_nothing(tmp_path: Path) -> None:
    async def script(request: ChatRequest) -> str:
        if request.messages[-1].content == "two":
            return await refusing(Outcome.CLIENT)(request)
        return "fine"

    async with bench(tmp_path, [FakeProvider("a", script)]) as b:
        told = await b.use("cache_warm", prompts=PROMPTS, concurrency=1)
        assert counts(told) == {"asked": 3, "stored": 2, "failed": 1}
        assert len(told["problems"]) == 1
        other = await b.use("cache_warm", prompts=PROMPTS, model="nope")
        assert counts(other) == {"failed": 3}
        assert "'nope'" in other["problems"][0]


async def test_progress_is_told_for_each(tmp_path: Path) -> None:
    told: list[tuple[float, float | None]] = []

    async def progress(done: float, of: float | None, message: str) -> None:
        assert "stored" in message
        told.append((done, of))

    async with bench(tmp_path) as b:
        await b.use("cache_warm", progress=progress, prompts=PROMPTS)
    assert told == [(1, 3), (2, 3), (3, 3)]


async def test_it_ends_when_its_caller_goes_away(tmp_path: Path) -> None:
    backend = FakeProvider("a", hanging)
    async with bench(tmp_path, [backend]) as b:
        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(lambda: b.use("cache_warm", prompts=PROMPTS))
                while backend.open < 2:
                    await anyio.lowlevel.checkpoint()
                tasks.cancel_scope.cancel()
        assert backend.open == 0
        assert len(backend.seen) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"prompts": []},
        {"prompts": [" "]},
        {"from_history": 0},
        {"prompts": ["x"], "max_usd": -1},
    ],
)
async def test_what_cannot_be_asked_is_refused(arguments: dict[str, Any], tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        with pytest.raises(InvalidInput):
            await b.use("cache_warm", **arguments)


async def test_a_purse_waits_for_what_may_come_back_and_no_longer() -> None:
    purse = Purse(10)
    held: list[bool] = []

    async def hold(worst: Nano) -> None:
        held.append(await purse.hold(worst))

    assert await purse.hold(8)
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(hold, 7)
            await anyio.wait_all_tasks_blocked()
            assert held == []
            purse.settle(8, 3)
    assert held == [True]
    purse.settle(7, 7)
    assert (await purse.hold(1), await purse.hold(0), purse.spent) == (False, True, 10)
