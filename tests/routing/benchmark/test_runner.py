"""Runs over scripted backends, through the real dispatcher, breakers and books."""

import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.errors import InvalidInput, ProviderError
from pointsman.money import FREE, NANO_PER_USD, Usage
from pointsman.records import BenchmarkResult
from pointsman.settings import BenchmarkSettings
from pointsman.types import ChatRequest, Completion, Model, Outcome, Piece
from routing.benchmark.runner import GIVE_UP, Runner
from routing.benchmark.scales import final_score
from routing.benchmark.suite import NumberCheck, RubricCheck, Suites, Task
from routing.benchmark.tally import Report
from tests.fakes import (
    FakeProvider,
    Script,
    counting,
    hanging,
    make_model,
    price,
    refusing,
    saying,
)
from tests.routing.test_dispatch import Bench, bench
from tools.sandbox import run_code

DOLLAR = NANO_PER_USD


def sums(n: int, category: str = "math") -> list[Task]:
    return [
        Task(
            test_id=f"{category}-{i}",
            prompt=f"What is {i} plus nothing? The number only.",
            check=NumberCheck(kind="number", value=i),
            difficulty="easy",
            max_tokens=10,
        )
        for i in range(n)
    ]


async def right(request: ChatRequest) -> str:
    return request.messages[-1].content.split()[2]


def local(name: str, script: Script) -> FakeProvider:
    return FakeProvider(name, script, [make_model(name, tier="local", cost=FREE)])


def make_runner(
    b: Bench,
    suites: Suites,
    *,
    busy: Callable[[Model, int], bool] = lambda *_: False,
    judge: Model | None = None,
) -> Runner:
    return Runner(
        complete=b.dispatcher.complete,
        sandbox=run_code,
        suites=suites,
        settings=BenchmarkSettings(),
        clock=b.clock.clock(),
        busy=busy,
        new_id=counting(),
        judge=lambda: judge,
    )


class Kept:
    """What a run told and kept."""

    def __init__(self) -> None:
        self.said: list[tuple[int, int, str]] = []
        self.results: list[BenchmarkResult] = []

    async def say(self, done: int, total: int, what: str) -> None:
        self.said.append((done, total, what))

    async def keep(self, result: BenchmarkResult) -> None:
        self.results.append(result)


async def run(
    b: Bench, runner: Runner, *, budget: int = DOLLAR, kept: Kept | None = None
) -> Report:
    kept = kept or Kept()
    with anyio.fail_after(20):
        return await runner.run(
            b.dispatcher.catalogue.models, list(runner.suites), budget, kept.say, kept.keep
        )


async def test_every_model_gets_a_result_for_every_category() -> None:
    """BM-02, BM-04: quality, speed, cost and the weighted score of each."""

    async def half(request: ChatRequest) -> str:
        number = await right(request)
        return number if int(number) % 2 else "no"

    suites: Suites = {"math": sums(4), "empathy": sums(2, "empathy")}
    kept = Kept()
    async with bench([FakeProvider("a", right), FakeProvider("b", half)]) as b:
        report = await run(b, make_runner(b, suites), kept=kept)
    assert list(report.results) == kept.results
    assert not report.skipped
    found = {(r.category, r.provider): r for r in report.results}
    assert {key: r.quality for key, r in found.items()} == {
        ("math", "a"): 100,
        ("math", "b"): 50,
        ("empathy", "a"): 100,
        ("empathy", "b"): 50,
    }
    for r in report.results:
        assert (r.n, r.completed) == (4 if r.category == "math" else 2, r.n)
        assert r.final == pytest.approx(final_score(r.category, r.quality, r.speed, r.cost), 0.01)
        assert r.cost_nano is not None
        assert r.cost_nano > 0
    assert len({r.run_id for r in report.results}) == 1
    assert report.spent == sum(a.cost or 0 for c in b.ledger.settled for a in c.attempts)
    assert {c.tool for c in b.ledger.settled} == {"benchmark"}
    assert [done for done, _, _ in kept.said] == list(range(13))
    assert {total for _, total, _ in kept.said} == {12}
    assert not b.cache.entries


async def test_tasks_that_end_together_make_one_result() -> None:
    class Slow(Kept):
        async def say(self, done: int, total: int, what: str) -> None:
            await super().say(done, total, what)
            if done == total:
                everybody_ended.set()
            elif done:
                await everybody_ended.wait()

    kept, everybody_ended = Slow(), anyio.Event()
    async with bench([FakeProvider("a", right)]) as b:
        report = await run(b, make_runner(b, {"math": sums(4)}), kept=kept)
    assert len(kept.results) == len(report.results) == 1


async def test_tasks_that_fail_are_tried_again() -> None:
    """BM-12: with every tenth call failing, every task is completed."""
    number = itertools.count(1)

    async def flaky(request: ChatRequest) -> str:
        if next(number) % 10 == 0:
            raise ProviderError("a", "down", outcome=Outcome.FAILURE)
        return await right(request)

    async with bench([FakeProvider("a", flaky)]) as b:
        report = await run(b, make_runner(b, {"math": sums(40)}))
    assert [(r.completed, r.quality) for r in report.results] == [(40, 100)]


async def test_a_throttled_task_waits_as_long_as_it_is_asked_to() -> None:
    waits = iter([True])

    async def throttled(request: ChatRequest) -> str:
        if next(waits, False):
            raise ProviderError("a", "slow", outcome=Outcome.THROTTLED, retry_after_s=9)
        return await right(request)

    async with bench([FakeProvider("a", throttled)]) as b:
        started = b.clock.now
        report = await run(b, make_runner(b, {"math": sums(1)}))
        assert b.clock.now - started >= 9
    assert report.results[0].completed == 1


async def test_a_model_that_only_fails_is_given_up_and_said_so() -> None:
    dead = FakeProvider("dead", refusing(Outcome.FAILURE))
    async with bench([dead, FakeProvider("a", right)]) as b:
        report = await run(b, make_runner(b, {"math": sums(60)}))
    assert [(r.provider, r.completed) for r in report.results] == [("a", 60)]
    assert sum(s.tasks for s in report.skipped) == 60
    assert {s.model for s in report.skipped} == {"dead/m"}
    assert any(f"{GIVE_UP} failures in a row" in s.reason for s in report.skipped)
    assert len(dead.seen) < 60


async def test_paid_models_stop_before_the_budget_and_local_ones_go_on() -> None:
    """AT-409: budget exceeded = skipped, and said so."""
    dear = FakeProvider("dear", right, [make_model("dear", cost=price(100, 100))])
    worst = 10 * 100_000 + 12 * 100_000  # nano-dollars: 10 tokens out, about 12 in
    async with bench([dear, local("home", right)]) as b:
        report = await run(b, make_runner(b, {"math": sums(20)}), budget=5 * worst)
        spent = sum(a.cost or 0 for c in b.ledger.settled for a in c.attempts)
    by_provider = {r.provider: r for r in report.results}
    assert by_provider["home"].completed == 20
    assert 0 < by_provider["dear"].completed < 20
    (skipped,) = report.skipped
    assert skipped.tasks == 20 - by_provider["dear"].completed
    assert "budget" in skipped.reason
    assert spent == report.spent <= 5 * worst


@settings(max_examples=40, deadline=None)
@given(
    prices=st.lists(st.integers(0, 100), min_size=1, max_size=3),
    budget=st.integers(0, 20_000_000),
)
async def test_no_run_spends_more_than_its_budget(prices: Sequence[int], budget: int) -> None:
    providers = [
        FakeProvider(f"p{n}", saying("word " * 10), [make_model(f"p{n}", cost=price(p, p))])
        for n, p in enumerate(prices)
    ]
    async with bench(providers) as b:
        report = await run(b, make_runner(b, {"math": sums(5)}), budget=budget)
        spent = sum(a.cost or 0 for c in b.ledger.settled for a in c.attempts)
    assert spent <= report.spent <= budget


async def test_a_model_of_unknown_price_is_not_asked() -> None:
    model = replace(make_model("a"), price=None)
    provider = FakeProvider("a", right, [model])
    async with bench([provider]) as b:
        report = await run(b, make_runner(b, {"math": sums(3)}))
    assert not provider.seen
    assert not report.results
    assert ["price is not known" in s.reason for s in report.skipped] == [True]


async def test_cancelling_leaves_no_call_under_way_and_keeps_what_was_complete() -> None:
    """AT-408: a run can be cancelled."""
    stuck, kept = FakeProvider("stuck", hanging), Kept()
    quick = local("quick", right)
    async with bench([stuck, quick]) as b:
        runner = make_runner(b, {"math": sums(8)})
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: run(b, runner, kept=kept))
            with anyio.fail_after(5):
                while not kept.results or stuck.open < BenchmarkSettings().concurrency:
                    await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
        assert stuck.open == quick.open == 0
        assert b.health.view(stuck.models[0]).in_flight == 0
        stuck.script = right
        assert len((await run(b, runner)).results) == 2  # and another run may begin
    assert [r.provider for r in kept.results] == ["quick"]


async def test_a_second_run_at_the_same_time_is_refused() -> None:
    async with bench([FakeProvider("a", hanging)]) as b, anyio.create_task_group() as tasks:
        runner = make_runner(b, {"math": sums(1)})
        tasks.start_soon(lambda: run(b, runner))
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(InvalidInput):
            await run(b, runner)
        tasks.cancel_scope.cancel()


async def test_refusals_that_cost_nothing_leave_the_budget_to_others() -> None:
    async with bench(
        [FakeProvider("locked", refusing(Outcome.AUTH)), FakeProvider("a", right)]
    ) as b:
        report = await run(b, make_runner(b, {"math": sums(8)}))
        spent = sum(a.cost or 0 for c in b.ledger.settled for a in c.attempts)
    assert [(r.provider, r.completed) for r in report.results] == [("a", 8)]
    assert report.spent == spent == sum(8 * (r.cost_nano or 0) for r in report.results)


async def test_a_run_by_the_clock_waits_for_the_one_that_is_under_way() -> None:
    open_ = anyio.Event()

    async def waiting(request: ChatRequest) -> str:
        await open_.wait()
        return await right(request)

    kept = Kept()
    async with bench([FakeProvider("a", waiting)]) as b, anyio.create_task_group() as tasks:
        runner = make_runner(b, {"math": sums(1)})
        models = b.dispatcher.catalogue.models
        for _ in range(2):
            tasks.start_soon(
                lambda: runner.run(models, ["math"], DOLLAR, kept.say, kept.keep, wait=True)
            )
        await anyio.wait_all_tasks_blocked()
        assert [done for done, _, _ in kept.said] == [0]
        open_.set()
    assert len(kept.results) == 2


async def test_a_local_model_does_one_task_at_a_time() -> None:
    at_once: list[int] = []

    async def slow(request: ChatRequest) -> str:
        at_once.append(home.open)
        await anyio.lowlevel.checkpoint()
        return await right(request)

    home = local("home", slow)
    async with bench([home, FakeProvider("a", right)]) as b:
        await run(b, make_runner(b, {"math": sums(6), "general": sums(6)}))
    assert at_once == [1] * 12


async def test_no_task_begins_on_a_local_model_that_others_use() -> None:
    """AT-410: who asks interactively does not wait behind a benchmark."""
    began: list[float] = []

    async def timed(request: ChatRequest) -> str:
        began.append(b.clock.now)
        return await right(request)

    async with bench([local("home", timed)]) as b:
        until = b.clock.now + 30
        runner = make_runner(b, {"math": sums(3)}, busy=lambda *_: b.clock.now < until)
        report = await run(b, runner)
    assert report.results[0].completed == len(began) == 3
    assert min(began) >= until


async def test_a_task_under_way_is_taken_back_for_somebody_else_and_asked_again() -> None:
    """AT-410: a call that comes later finds the model free."""
    waiting = anyio.Event()

    async def first_hangs(request: ChatRequest) -> str:
        if not waiting.is_set():
            waiting.set()
            await anyio.sleep_forever()
        return await right(request)

    home = local("home", first_hangs)
    async with bench([home]) as b:
        until = b.clock.now + 20

        def busy(_model: Model, _own: int) -> bool:
            return waiting.is_set() and b.clock.now < until

        report = await run(b, make_runner(b, {"math": sums(2)}, busy=busy))
        outcomes = [a.outcome for c in b.ledger.settled for a in c.attempts]
    assert report.results[0].completed == 2
    assert outcomes == [Outcome.CANCELLED, Outcome.SUCCESS, Outcome.SUCCESS]


async def test_a_model_that_others_use_without_end_is_given_up() -> None:
    home = local("home", right)
    async with bench([home]) as b:
        report = await run(b, make_runner(b, {"math": sums(3)}, busy=lambda *_: True))
    assert not home.seen
    assert "in use by others" in report.skipped[0].reason


async def test_an_answer_of_nothing_but_thinking_is_not_marked() -> None:
    class Thinker(FakeProvider):
        async def _pieces(
            self, model: str, request: ChatRequest, stream: bool
        ) -> AsyncIterator[Piece]:
            yield Completion(text="", finish_reason="length", usage=Usage(), model=model)

    async with bench([Thinker("a", right)]) as b:
        report = await run(b, make_runner(b, {"math": sums(2)}))
    assert not report.results
    assert "thinking" in report.skipped[0].reason


def judged_task() -> Task:
    return Task(
        test_id="empathy-1",
        prompt="Say something kind to me, please, today.",
        check=RubricCheck(kind="rubric", all=("kind",)),
        difficulty="easy",
        max_tokens=10,
        judge="Is it kind?",
    )


@pytest.mark.parametrize(
    ("reply", "quality"),
    [('{"mark": 4}', 70), ("rather good", 100), ('{"mark": 99}', 100), ('{"mark": true}', 100)],
)
async def test_a_judge_marks_what_others_say_and_never_its_own(reply: str, quality: float) -> None:
    async def judge(request: ChatRequest) -> str:
        return reply if request.json_schema else "a kind word"

    providers = [FakeProvider("a", saying("a kind word")), FakeProvider("judge", judge)]
    async with bench(providers) as b:
        model = providers[1].models[0]
        report = await run(b, make_runner(b, {"empathy": [judged_task()]}, judge=model))
    assert {r.provider: r.quality for r in report.results} == {"a": quality, "judge": 100}
    assert sum(request.json_schema is not None for request in providers[1].seen) == 1
    assert report.spent == sum(a.cost or 0 for c in b.ledger.settled for a in c.attempts)


async def test_a_judge_beyond_the_budget_is_not_asked() -> None:
    judge = FakeProvider(
        "judge", saying('{"mark": 0}'), [make_model("judge", cost=price(900, 900))]
    )
    home = local("home", saying("a kind word"))
    async with bench([home, judge]) as b:
        runner = make_runner(b, {"empathy": [judged_task()]}, judge=judge.models[0])
        report = await runner.run(home.models, ["empathy"], 1000, Kept().say, Kept().keep)
    assert not judge.seen
    assert report.results[0].quality == 100
