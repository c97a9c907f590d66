"""Learning on a real ledger: dispatcher, feedback tool and reset, across processes."""

import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from accounting.ledger import DatabaseLedger
from cache.flight import open_flights
from cache.key import Keys
from pointsman.errors import InvalidInput, NotFound, PointsmanError
from pointsman.records import LOCAL, Analysis, Call, CallRecord, Decision, Factors, Principal
from pointsman.seams import Embedding, Insight, Standing
from pointsman.settings import BreakerSettings, RoutingSettings
from pointsman.types import ChatRequest, Message, Model, Outcome
from routing.attempt import Attempts
from routing.backends.health import Health
from routing.dispatch import Dispatcher
from routing.recall import Recall
from server.learning import Learning, open_learning
from tests.accounting.examples import ledger_in
from tests.fakes import (
    FakeCache,
    FakeCatalogue,
    FakeProvider,
    SteadyClock,
    counting,
    make_model,
    price,
    refusing,
    saying,
)
from tools.feedback import feedback_tool
from tools.learning import Learned, learning_tool
from tools.tool import Caller, Tool

MALLORY = Principal(id="mallory")
DAY_S = 86_400.0


@dataclass
class Taught:
    """The experience of a dispatcher that learns and does nothing else."""

    learning: Learning

    async def recall(self, call: Call, analysis: Analysis, embedding: Embedding | None) -> Insight:
        recalled = self.learning.recall(call, analysis)

        def standing(model: Model) -> Standing:
            term, notes = recalled.of(model)
            return Standing(learned=term, notes=notes)

        return Insight(standing=standing, stages=recalled.stages)

    def settled(
        self, call: Call, decision: Decision, record: CallRecord, embedding: Embedding | None
    ) -> None:
        self.learning.settled(call, decision, record)


@dataclass
class Bench:
    dispatcher: Dispatcher
    ledger: DatabaseLedger
    learning: Learning
    clock: SteadyClock
    feedback: Tool
    lessons: Tool

    async def rate(self, decision_id: str, rating: float, who: Principal = LOCAL) -> Any:
        given = self.feedback.arguments.model_validate(
            {"decision_id": decision_id, "rating": rating}
        )
        return await self.feedback.run(given, Caller(who))

    async def route(self, number: int = 0, who: Principal = LOCAL) -> Decision:
        return await self.dispatcher.route(ask(number, tool="route", principal=who))

    async def share(self, name: str) -> float:
        """Of twenty coding prompts that would go to the model."""
        firsts = [(await self.route(n)).plan[0].model.name for n in range(20)]
        return firsts.count(name) / len(firsts)


def ask(number: int = 0, **fields: object) -> Call:
    text = f"Write a Python function number {number} that sorts a list of numbers."
    call = Call(request=ChatRequest(messages=(Message("user", text),)), category="coding")
    return replace(call, **fields)  # type: ignore[arg-type]


def settings(**routing: object) -> RoutingSettings:
    """Nothing is measured but what is learned: how long a fake takes says nothing."""
    return RoutingSettings.model_validate({"weights": {"latency": 0.0}, **routing})


def scores(decision: Decision) -> list[tuple[str, float, Factors]]:
    return [(c.model.name, c.score, c.factors) for c in decision.candidates]


def providers() -> list[FakeProvider]:
    return [
        FakeProvider("a", saying("def f"), [make_model("a", cost=price(1, 2))]),
        FakeProvider("b", saying("def g"), [make_model("b", cost=price(1.2, 2.4))]),
    ]


@asynccontextmanager
async def bench(
    home: Path,
    backends: list[FakeProvider] | None = None,
    routing: RoutingSettings | None = None,
    clock: SteadyClock | None = None,
) -> AsyncGenerator[Bench, None]:
    clock, routing, new_id = clock or SteadyClock(), routing or settings(), counting()
    health = Health(BreakerSettings(), clock.clock(), random.Random(7).random)
    async with ledger_in(home) as (ledger, database), open_flights() as flights:
        learning = await open_learning(database, routing, clock.clock(), random.Random(1))
        dispatcher = Dispatcher(
            catalogue=FakeCatalogue(backends or providers()),
            recall=Recall(cache=FakeCache(), key_of=Keys().key),
            flights=flights,
            ledger=ledger,
            attempts=Attempts(
                ledger=ledger,
                health=health,
                breaker=BreakerSettings(),
                idle_s=30,
                clock=clock.clock(),
                new_id=new_id,
                on_defect=lambda _name, _error: None,
            ),
            routing=routing,
            clock=clock.clock(),
            new_id=lambda: f"{home.name}-{new_id()}",
            experience=Taught(learning),
        )
        rate, lessons = feedback_tool(learning.rate), learning_tool(learning)
        yield Bench(dispatcher, ledger, learning, clock, rate, lessons)


async def test_fifty_bad_ratings_move_the_share_show_in_route_and_are_forgotten(
    tmp_path: Path,
) -> None:
    """AT-008, LN-04: feedback moves later routing; a reset restores it."""
    async with bench(tmp_path) as b:
        before = await b.route()
        assert await b.share("a/m") == 1.0
        for number in range(50):
            answer = await b.dispatcher.complete(ask(number, model="a/m"))
            rated = await b.rate(answer.decision_id, -1)
            assert (rated.recorded, rated.model, rated.category) == (True, "a/m", "coding")
        assert await b.share("a/m") == 0.0
        (loser,) = [c for c in (await b.route()).candidates if c.model.name == "a/m"]
        assert loser.factors.learned < -0.3
        assert any("feedback" in note and "50 ratings" in note for note in loser.observed.notes)
        empathy = await b.dispatcher.route(ask(category="empathy"))
        assert empathy.plan[0].model.name == "a/m"
        given = b.lessons.arguments.model_validate({"action": "reset", "model": "m"})
        forgotten = await b.lessons.run(given, Caller())
        assert forgotten.model_dump()["forgotten"] == 50
        assert scores(await b.route()) == scores(before)


async def test_feedback_of_one_principal_moves_no_other(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        before = await b.route()
        theirs: list[str] = []
        for number in range(10):
            call = ask(number, model="a/m", principal=MALLORY)
            theirs.append((await b.dispatcher.complete(call)).decision_id)
        for decision_id in theirs:
            await b.rate(decision_id, -1, MALLORY)
        assert (await b.route(who=MALLORY)).plan[0].model.name == "b/m"
        assert scores(await b.route()) == scores(before)
        with pytest.raises(NotFound):
            await b.rate(theirs[0], 1)


@pytest.mark.parametrize("kind", ["invented", "only routed", "another's", "failed"])
async def test_only_an_answer_that_one_got_can_be_rated(kind: str, tmp_path: Path) -> None:
    broken = FakeProvider("a", refusing(Outcome.CLIENT, fault="invalid"))
    async with bench(tmp_path, [broken] if kind == "failed" else None) as b:
        match kind:
            case "invented":
                decision_id = "0" * 32
            case "only routed":
                decision_id = (await b.route()).id
            case "another's":
                call = ask(principal=MALLORY)
                decision_id = (await b.dispatcher.complete(call)).decision_id
            case _:
                with pytest.raises(PointsmanError):
                    await b.dispatcher.complete(ask())
                (decision_id,) = await b.learning._database.read(
                    lambda c: c.execute("SELECT decision_id FROM calls").fetchone()
                )
        with pytest.raises(InvalidInput if kind == "failed" else NotFound):
            await b.rate(decision_id, -1)
        assert (await b.learning.show(LOCAL.id)).rated == 0


async def test_who_was_served_from_the_cache_may_rate_the_answer(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.dispatcher.complete(ask())
        hit = await b.dispatcher.complete(ask())
        assert hit.cache.hit
        assert (await b.rate(hit.decision_id, 0.5)).model == "a/m"


async def test_what_was_learned_outlives_the_process_and_fades(tmp_path: Path) -> None:
    clock = SteadyClock()
    async with bench(tmp_path, clock=clock) as b:
        for number in range(10):
            answer = await b.dispatcher.complete(ask(number, model="a/m"))
            await b.rate(answer.decision_id, -1)
        before = scores(await b.route())
    async with bench(tmp_path, clock=clock) as b:
        assert scores(await b.route()) == before
        clock.advance(60 * DAY_S)
        faded = [c for c in (await b.route()).candidates if c.model.name == "a/m"]
        assert -0.1 < faded[0].factors.learned < 0
    clock.advance(60 * DAY_S)
    async with bench(tmp_path, clock=clock) as b:
        assert [c.factors.learned for c in (await b.route()).candidates] == [0, 0]


async def test_a_reset_outlives_the_process(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        answer = await b.dispatcher.complete(ask())
        await b.rate(answer.decision_id, -1)
        await b.learning.reset(LOCAL.id, category="coding")
    async with bench(tmp_path) as b:
        assert (await b.learning.show(LOCAL.id)).rows == ()
        assert [c.factors.learned for c in (await b.route()).candidates] == [0, 0]


async def test_outcomes_move_the_routing_without_a_word(tmp_path: Path) -> None:
    """LN-01: a prompt asked again past the cache is held against the model that answered."""
    async with bench(tmp_path) as b:
        for number in range(40):
            await b.dispatcher.complete(ask(number))
            await b.dispatcher.complete(ask(number, cache="refresh"))
        (row,) = [r for r in (await b.learning.show(LOCAL.id)).rows if r.model == "a/m"]
        pleased = await b.learning.satisfaction(0.0, LOCAL.id)
        moved = await b.route()
    assert row.learned < -0.02
    assert "outcomes" in row.notes[0]
    assert moved.plan[0].model.name == "b/m"
    assert pleased.n == 80
    assert 0 < pleased.unrated - pleased.unrated_well <= 40


async def test_what_a_benchmark_asks_teaches_nothing_here(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        for _ in range(5):
            await b.dispatcher.complete(ask(tool="benchmark", cache="refresh"))
        assert await b.learning.show(LOCAL.id) == Learned(
            rows=(), satisfaction=None, rated=0, unrated=0
        )


async def test_learning_can_be_switched_off(tmp_path: Path) -> None:
    async with bench(tmp_path, routing=settings(learn=False, explore=0.5)) as b:
        before = scores(await b.route())
        for number in range(5):
            answer = await b.dispatcher.complete(ask(number, model="a/m"))
            assert (await b.rate(answer.decision_id, -1)).learned == 0
        assert scores(await b.route()) == before


async def test_a_share_of_calls_explores_and_says_so(tmp_path: Path) -> None:
    async with bench(tmp_path, routing=settings(explore=0.25)) as b:
        analysis = (await b.route()).analysis
        told = [b.learning.recall(ask(), analysis).stages for _ in range(400)]
        assert 60 < sum(any("exploring" in s for s in stages) for stages in told) < 140
        for never in (ask(tool="route"), ask(model="a/m")):
            assert not any(b.learning.recall(never, analysis).stages for _ in range(50))


async def test_an_unknown_model_cannot_be_reset(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        answer = await b.dispatcher.complete(ask())
        await b.rate(answer.decision_id, 1)
        with pytest.raises(NotFound) as caught:
            await b.learning.reset(LOCAL.id, "nope")
        assert "a/m" in (caught.value.hint or "")
