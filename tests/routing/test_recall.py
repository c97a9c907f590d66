"""Answers given before: found by the call, by its model, by its meaning, or past their time."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from pointsman.errors import NoBackend, ProviderError
from pointsman.records import Analysis, Answer, Call, Found
from pointsman.seams import Embedding
from pointsman.settings import PreferenceSettings, RoutingSettings
from pointsman.types import ChatRequest, Outcome, Piece
from routing.recall import NothingSimilar
from tests.fakes import FakeProvider, Script, make_model, refusing, saying
from tests.routing.test_dispatch import Bench, ask, bench, read_along

AGAIN = "Tell me which city is the capital of France"


class Same(NothingSimilar):
    """Holds that every prompt means what the first one did."""

    def __init__(self, *, serves: bool = True) -> None:
        self.serves = serves
        self.kept: list[str] = []
        self.b: Bench | None = None

    def _found(self) -> Found | None:
        if self.b is None or not self.kept:
            return None
        remembered = self.b.cache.entries[self.kept[0]]
        return Found(
            remembered=remembered,
            layer="memory",
            age_s=5.0,
            key=self.kept[0],
            kind="semantic",
            similarity=0.97,
            probability=0.99,
        )

    async def find(
        self, call: Call, stamp: str, analysis: Analysis, embedding: Embedding | None
    ) -> Found | None:
        return self._found() if self.serves else None

    async def near(
        self, call: Call, stamp: str, analysis: Analysis, embedding: Embedding | None
    ) -> Found | None:
        return None if self.serves else self._found()

    async def keep(
        self, call: Call, stamp: str, key: str, analysis: Analysis, embedding: Embedding | None
    ) -> None:
        self.kept.append(key)


async def read(b: Bench, call: Call) -> tuple[list[str], Answer]:
    async with b.dispatcher.open(call, stream=True) as pieces:
        seen = [piece async for piece in pieces]
    assert isinstance(seen[-1], Answer)
    return [piece for piece in seen[:-1] if isinstance(piece, str)], seen[-1]


@asynccontextmanager
async def bench_with_near(
    said: str, adapt: Script
) -> AsyncGenerator[tuple[Bench, FakeProvider, FakeProvider]]:
    """A cloud and a local backend, and for every prompt a near one: the first."""
    same = Same(serves=False)
    cloud = FakeProvider("a", saying(said))
    home = FakeProvider("home", adapt, [make_model("home", tier="local")])
    async with bench([cloud, home], similar=same) as b:
        same.b = b
        yield b, cloud, home


async def test_an_answer_serves_the_call_that_names_its_model_too() -> None:
    """X-03: whoever asks the model by name gets what it said when it was chosen for another."""
    provider = FakeProvider("a", saying("Paris"))
    async with bench([provider]) as b:
        await b.dispatcher.complete(ask())
        for model in ("a/m", "m", "auto"):
            assert (await b.dispatcher.complete(ask(model=model))).cache.kind == "exact"
        other = await b.dispatcher.complete(ask(model="a/m", prefer="cheap", category="math"))
        assert other.cache.hit
    assert len(provider.seen) == 1


async def test_what_one_model_said_is_not_what_another_would() -> None:
    first, other = FakeProvider("a", saying("Paris")), FakeProvider("b", saying("Lyon"))
    async with bench([first, other]) as b:
        await b.dispatcher.complete(ask(model="a/m"))
        answer = await b.dispatcher.complete(ask(model="b/m"))
    assert (answer.completion.text, answer.cache.hit) == ("Lyon", False)


async def test_an_answer_to_the_same_meaning_is_served_and_said_to_be_one() -> None:
    same = Same()
    provider = FakeProvider("a", saying("Paris"))
    async with bench([provider], similar=same) as b:
        same.b = b
        await b.dispatcher.complete(ask())
        pieces, answer = await read(b, ask(AGAIN))
        (noted,) = b.ledger.noted
    assert len(provider.seen) == 1
    assert "".join(pieces) == answer.completion.text == "Paris"
    cache = answer.cache
    assert (cache.kind, cache.similarity, cache.probability, cache.age_s) == (
        "semantic",
        0.97,
        0.99,
        5.0,
    )
    assert (noted.cache, noted.id) == (cache, cache.hit_id)
    assert same.kept == [cache.key]  # what was served is not kept for yet another prompt


@pytest.mark.parametrize("use", ["refresh", "off"])
async def test_nothing_similar_is_served_to_who_wants_a_new_answer(use: str) -> None:
    same = Same()
    provider = FakeProvider("a", saying("Paris"))
    async with bench([provider], similar=same) as b:
        same.b = b
        await b.dispatcher.complete(ask())
        assert not (await b.dispatcher.complete(ask(AGAIN, cache=use))).cache.hit
        assert not (await b.dispatcher.complete(ask(cache=use))).cache.hit
    assert len(provider.seen) == 3


async def test_a_stale_answer_is_given_when_nobody_else_gives_one() -> None:
    """X-04: past its freshness, and said to be."""
    provider = FakeProvider("a", saying("Paris"))
    async with bench([provider]) as b:
        await b.dispatcher.complete(ask())
        b.cache.stale = True
        provider.script = saying("Paris still")
        fresh = await b.dispatcher.complete(ask())
        assert (fresh.completion.text, fresh.cache.hit) == ("Paris still", False)
        provider.script = refusing(Outcome.FAILURE)
        pieces, answer = await read(b, ask())
        with pytest.raises(NoBackend):
            await b.dispatcher.complete(ask("Something else"))
    assert "".join(pieces) == answer.completion.text == "Paris still"
    assert (answer.cache.hit, answer.cache.stale, answer.cost) == (True, True, 0)


async def test_the_receipt_of_a_stale_answer_says_what_was_spent_on_a_fresh_one() -> None:
    provider = FakeProvider("a", saying("Paris"))
    async with bench([provider]) as b:
        await b.dispatcher.complete(ask())
        b.cache.stale, provider.script = True, saying("")  # which is billed
        answer = await b.dispatcher.complete(ask())
        (*_, failed), (noted,) = b.ledger.settled, b.ledger.noted
    spent = sum(attempt.cost or 0 for attempt in failed.attempts)
    assert (answer.cache.stale, answer.cost) == (True, spent)
    assert spent > 0
    assert noted.attempts == ()  # it is in the books once


async def test_a_stale_answer_never_follows_the_beginning_of_another() -> None:
    class Breaks(FakeProvider):
        broken = False

        async def _pieces(
            self, model: str, request: ChatRequest, stream: bool
        ) -> AsyncIterator[Piece]:
            async for piece in super()._pieces(model, request, stream):
                if self.broken and not isinstance(piece, str):
                    raise ProviderError(self.name, "cut", outcome=Outcome.FAILURE)
                yield piece

    provider = Breaks("a", saying("Paris"))
    async with bench([provider]) as b:
        await b.dispatcher.complete(ask())
        b.cache.stale, provider.broken = True, True
        seen: list[str | Answer] = []
        with pytest.raises(NoBackend, match="broke off"):
            await read_along(b, seen)
    assert seen == ["Paris "]


async def test_a_near_answer_is_adapted_by_a_local_model() -> None:
    """RT-11: it is marked, costs nothing, and is not kept as if it had been asked for."""
    said = "Paris has two million inhabitants."
    async with bench_with_near(said, saying("Adapted.")) as (b, cloud, home):
        first = await b.dispatcher.complete(ask(model="a/m"))
        entries = dict(b.cache.entries)
        pieces, answer = await read(b, ask(AGAIN))
        assert b.cache.entries == entries
    assert "".join(pieces) == answer.completion.text == "Adapted."
    assert (answer.cache.kind, answer.cache.hit, answer.provider) == ("adapted", True, "home")
    assert len(cloud.seen) == 1
    (asked,) = home.seen
    assert AGAIN in asked.messages[-1].content
    assert first.completion.text in asked.messages[-1].content
    booked = b.ledger.settled[-1]
    assert (booked.cache, booked.id) == (answer.cache, answer.cache.hit_id)  # can be reported


async def test_json_that_was_asked_for_is_not_adapted() -> None:
    async with bench_with_near("{}", saying("Adapted.")) as (b, _, home):
        wish = replace(ask(), request=replace(ask().request, json_schema={}))
        await b.dispatcher.complete(wish)
        again = replace(wish, request=replace(wish.request, messages=ask(AGAIN).request.messages))
        answer = await b.dispatcher.complete(again)
    assert (answer.provider, answer.completion.text, home.seen) == ("a", "{}", [])


async def test_an_answer_of_nothing_but_blanks_is_no_answer() -> None:
    async with bench([FakeProvider("a", saying(" \n\t"))]) as b:
        with pytest.raises(NoBackend, match="empty"):
            await b.dispatcher.complete(ask())
        assert not b.cache.entries


async def test_where_adapting_fails_the_question_is_answered() -> None:
    async with bench_with_near("Paris", refusing(Outcome.FAILURE)) as (b, _, _):
        await b.dispatcher.complete(ask(model="a/m"))
        answer = await b.dispatcher.complete(ask(AGAIN))
    assert (answer.provider, answer.cache.hit) == ("a", False)
    assert [(one.error, one.cache.hit) for one in b.ledger.settled] == [
        (None, False),
        ("no_backend", False),
        (None, False),
    ]


async def test_who_prefers_other_models_has_answers_of_their_own() -> None:
    likes = RoutingSettings(preferences={"ann": PreferenceSettings(models={"b/m": 1.0})})
    first, other = FakeProvider("a", saying("Paris")), FakeProvider("b", saying("Lyon"))
    async with bench([first, other], likes) as b:
        assert (await b.dispatcher.complete(ask(user="bob"))).provider == "a"
        answer = await b.dispatcher.complete(ask(user="ann"))
        assert (answer.provider, answer.cache.hit) == ("b", False)
        again = await b.dispatcher.complete(replace(ask(), user="bob"))
    assert again.cache.hit
