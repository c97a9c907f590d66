"""Answers to prompts that mean the same: found, and never where they should not be."""

import dataclasses
import sqlite3
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
import structlog
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cache.codec import Codec, encrypting_codec
from cache.key import Keys
from cache.memory import MemoryCache
from cache.purge import Purge
from cache.scope import Share
from cache.semantic.index import Partition
from cache.semantic.similar import SimilarAnswers
from cache.semantic.store import Nowhere, packed
from pointsman.errors import StorageFailed
from pointsman.records import Call
from pointsman.seams import Embedding
from pointsman.types import ChatRequest, Message, ToolSpec
from tests.cache.semantic.parts import (
    STAMP,
    ToldJudge,
    WordEmbedder,
    World,
    asking,
    of,
    open_world,
    place_of,
    read,
    settings,
)
from tests.contract.cache import FakeTime, remembered

KEPT = "explain how bubble sort works in detail"
ASKED = "explain in detail how bubble sort works for me"
FURTHER = "in detail how bubble sort works for me then"
SHORT = "explain how heap sort works in detail"


@pytest.fixture
def judge() -> ToldJudge:
    judge = ToldJudge()
    judge.say(KEPT, ASKED, 0.97)
    return judge


async def test_an_answer_to_a_prompt_of_the_same_meaning_is_found(
    tmp_path: Path, judge: ToldJudge
) -> None:
    """CA-22."""
    async with open_world(tmp_path, judge) as world:
        key = await world.answer(KEPT, "by swapping")
        found = await world.find(ASKED)
        assert found is not None
        assert found.remembered.completion.text == "by swapping"
        assert (found.key, found.kind, found.probability) == (key, "semantic", 0.97)
        assert found.similarity == pytest.approx(float(place_of(KEPT) @ place_of(ASKED)), abs=1e-3)


async def test_the_same_words_need_no_embedding(tmp_path: Path, judge: ToldJudge) -> None:
    embedder = WordEmbedder(working=False)
    async with open_world(tmp_path, judge, embedder=embedder) as world:
        await world.answer("What is the capital of France?", "Paris")
        found = await world.find("  what is the capital of france  ")
        assert found is not None
        assert (found.kind, found.similarity, found.probability) == ("semantic", 1.0, 1.0)
        assert judge.judged == 0


@pytest.mark.parametrize("p", [0.0, 0.5, 0.899])
async def test_what_is_not_likely_enough_is_not_served(
    tmp_path: Path, judge: ToldJudge, p: float
) -> None:
    """T-50."""
    judge.say(KEPT, ASKED, p)
    async with open_world(tmp_path, judge) as world:
        await world.answer(KEPT)
        assert await world.find(ASKED) is None


async def test_what_lies_far_away_is_not_even_judged(tmp_path: Path, judge: ToldJudge) -> None:
    """X-01."""
    judge.say(KEPT, SHORT)
    async with open_world(tmp_path, judge, serve_similarity=0.9) as world:
        await world.answer(KEPT)
        assert await world.find(SHORT) is None
        assert judge.judged == 0


async def test_of_several_the_likeliest_is_served(tmp_path: Path, judge: ToldJudge) -> None:
    nearer = f"{ASKED} now"
    judge.say(nearer, ASKED, 0.93)
    async with open_world(tmp_path, judge) as world:
        await world.answer(KEPT, "likelier")
        await world.answer(nearer, "nearer")
        assert await world.text(ASKED) == "likelier"


async def test_hits_do_not_chain(tmp_path: Path, judge: ToldJudge) -> None:
    judge.say(ASKED, FURTHER)
    async with open_world(tmp_path, judge) as world:
        await world.answer(KEPT)
        assert await world.find(ASKED) is not None
        assert await world.find(FURTHER) is None


@pytest.mark.parametrize(
    ("share", "other", "served"),
    [
        ("user", of("b", "sales"), False),
        ("department", of("b", "sales"), True),
        ("department", of("b", "legal"), False),
        ("public", of("b", "legal"), True),
    ],
)
@pytest.mark.parametrize("asked", [KEPT, KEPT.upper(), ASKED])
async def test_answers_are_found_by_whom_they_are_shared_with(
    tmp_path: Path, judge: ToldJudge, share: Share, other: object, served: bool, asked: str
) -> None:
    """AT-006, T-49, SEC-07."""
    async with open_world(tmp_path, judge, keys=Keys(share=share)) as world:
        await world.answer(asking(KEPT, principal=of("a", "sales")))
        assert (await world.find(asking(asked, principal=other)) is not None) == served
        assert await world.find(asking(asked, principal=of("a", "sales"))) is not None


async def test_a_private_prompt_is_found_by_nobody_else(tmp_path: Path, judge: ToldJudge) -> None:
    """T-52."""
    async with open_world(tmp_path, judge) as world:
        mine = asking(KEPT, principal=of("a", "sales"), metadata={"private": "true"})
        await world.answer(mine)
        assert await world.find(asking(ASKED, principal=of("b", "sales"))) is None
        assert await world.find(replace(mine, request=asking(ASKED).request)) is not None


BEFORE = (Message("system", "be brief"), Message("user", "hello"), Message("assistant", "hi"))
PLAIN = asking(KEPT, before=BEFORE)


@pytest.mark.parametrize(
    ("call", "stamp"),
    [
        (PLAIN, "catalogue 2"),
        (replace(PLAIN, model="acme/m"), STAMP),
        (replace(PLAIN, prefer="cheap"), STAMP),
        (replace(PLAIN, category="coding"), STAMP),
        (replace(PLAIN, max_cost=5), STAMP),
        (asking(KEPT), STAMP),
        (asking(KEPT, before=BEFORE[1:]), STAMP),
        (asking(KEPT, before=(Message("system", "be kind"), *BEFORE[1:])), STAMP),
        (asking(KEPT, before=(*BEFORE[:2], Message("assistant", "hello"))), STAMP),
        (asking(KEPT, before=BEFORE, request={"max_tokens": 9}), STAMP),
        (asking(KEPT, before=BEFORE, request={"temperature": 0.0}), STAMP),
        (asking(KEPT, before=BEFORE, request={"json_schema": {"type": "array"}}), STAMP),
    ],
)
async def test_another_context_is_another_question(
    tmp_path: Path, judge: ToldJudge, call: Call, stamp: str
) -> None:
    """C-17, T-50."""
    last = replace(call.request.messages[-1], content=KEPT.upper())
    messages = (*call.request.messages[:-1], last)
    call = replace(call, request=replace(call.request, messages=messages))
    async with open_world(tmp_path, judge) as world:
        await world.answer(PLAIN)
        assert await world.find(call, stamp) is None
        assert await world.find(asking(KEPT.upper(), before=BEFORE)) is not None


WORDS = st.sampled_from(["be brief", "be kind", "hello", "sort it", ""])
MESSAGES = st.lists(
    st.builds(Message, st.sampled_from(["system", "user", "assistant"]), WORDS), max_size=3
)
OTHERS = st.fixed_dictionaries(
    {},
    optional={
        "max_tokens": st.integers(1, 9),
        "temperature": st.sampled_from([0.0, 0.5, 1.0]),
        "json_schema": st.sampled_from([{"type": "object"}, {"type": "array"}]),
        "tools": st.just((ToolSpec(name="f", description="", parameters={}),)),
    },
)
ASKS = st.fixed_dictionaries(
    {},
    optional={
        "model": st.sampled_from(["acme/m", "acme/n"]),
        "prefer": st.sampled_from(["cheap", "quality"]),
        "category": st.sampled_from(["coding", "math"]),
        "max_cost": st.integers(1, 3),
    },
)
Made = tuple[list[Message], dict[str, object], dict[str, object], str]
CALLS = st.tuples(MESSAGES, OTHERS, ASKS, st.sampled_from(["s1", "s2"]))


def change_of(one: Made) -> st.SearchStrategy[Made]:
    """`one`, or a call that differs from it in one respect or in many."""
    parts = (MESSAGES, OTHERS, ASKS, st.sampled_from(["s1", "s2"]))
    changes = [
        st.tuples(*(part if at == turn else st.just(one[at]) for at, part in enumerate(parts)))
        for turn in range(len(parts))
    ]
    return st.one_of(st.just(one), *changes, CALLS)


@hypothesis_settings(max_examples=50, deadline=None)
@given(CALLS.flatmap(lambda one: st.tuples(st.just(one), change_of(one))))
def test_nothing_is_found_where_anything_but_the_prompt_differs(
    tmp_path_factory: pytest.TempPathFactory,
    calls: tuple[Made, Made],
) -> None:
    """C-17, T-49, T-50, AT-006."""
    one, other = calls
    judge = ToldJudge()
    judge.say(KEPT, ASKED)
    path = tmp_path_factory.mktemp("home")

    async def check() -> None:
        async with open_world(path, judge) as world:
            before, request, ask, stamp = one
            await world.answer(asking(KEPT, before=before, request=request, **ask), stamp=stamp)
            before, request, ask, stamp = other
            alike = one == other and "tools" not in request
            same = asking(KEPT.upper(), before=before, request=request, **ask)
            assert (await world.find(same, stamp) is not None) == alike
            turns = [message for message in before if message.role == "user"]
            like = asking(ASKED, before=before, request=request, **ask)
            assert (await world.find(like, stamp) is not None) == (alike and not turns)

    anyio.run(check)


async def test_a_later_turn_is_compared_by_itself(tmp_path: Path, judge: ToldJudge) -> None:
    """C-17: what both conversations begin with must not make them look alike."""
    before = (Message("user", "a long question about sorting " * 9), Message("assistant", "yes"))
    judge.say("and now backwards", "and now in french")
    async with open_world(tmp_path, judge) as world:
        await world.answer(asking("and now backwards", before=before), "sdrawkcab")
        assert await world.find(asking("and now in french", before=before)) is None
        assert judge.judged == 0
        await world.answer(asking(KEPT, before=before), "by swapping")
        with anyio.fail_after(5):
            while await world.text(asking(ASKED, before=before)) != "by swapping":
                await anyio.lowlevel.checkpoint()


async def test_what_was_kept_is_found_after_a_restart(tmp_path: Path, judge: ToldJudge) -> None:
    time = FakeTime()
    async with open_world(tmp_path, judge, time=time) as world:
        await world.answer(KEPT, "by swapping")
        before = await world.find(ASKED)
    async with open_world(tmp_path, judge, time=time) as world:
        found = await world.find(ASKED)
        assert found is not None
        assert before is not None
        assert found.similarity == pytest.approx(before.similarity, abs=1e-6)
        assert await world.text(KEPT.upper()) == "by swapping"


async def test_many_are_found_after_a_restart(tmp_path: Path, judge: ToldJudge) -> None:
    async with open_world(tmp_path, judge) as world:
        for number in range(700):
            await world.answer(f"prompt number {number}", str(number))
    async with open_world(tmp_path, judge, semantic_items=600) as world:
        for number in (699, 300, 150):
            assert await world.text(f"Prompt number {number}?") == str(number)
        assert await world.find("Prompt number 50?") is None
        assert len(world.similar) == 600


async def test_another_embedding_model_finds_the_same_words_and_in_time_the_rest(
    tmp_path: Path, judge: ToldJudge
) -> None:
    """CA-32, X-49."""
    async with open_world(tmp_path, judge) as world:
        await world.answer(KEPT, "by swapping")
    for turn in range(2):  # the second time it was written down
        embedder = WordEmbedder(model="words-2")
        async with open_world(tmp_path, judge, embedder=embedder) as world:
            assert await world.text(KEPT.upper()) == "by swapping"
            assert judge.judged == 0 or turn
            with anyio.fail_after(5):
                while await world.find(ASKED) is None:
                    await anyio.lowlevel.checkpoint()
            assert embedder.seen.count(KEPT) == (1 if turn == 0 else 0)


async def test_what_could_not_be_embedded_is_tried_again(tmp_path: Path, judge: ToldJudge) -> None:
    class Flaky(WordEmbedder):
        async def embed(self, text: str) -> Embedding | None:
            found = await super().embed(text)
            return None if text == KEPT and self.seen.count(KEPT) < 4 else found

    embedder = Flaky()
    async with open_world(tmp_path, judge, embedder=embedder) as world:
        await world.answer(KEPT)
        with anyio.fail_after(5):
            while await world.find(ASKED) is None:
                await anyio.lowlevel.checkpoint()
    assert embedder.seen.count(KEPT) == 4


async def test_a_vector_of_another_model_is_not_compared(tmp_path: Path, judge: ToldJudge) -> None:
    """X-49."""
    async with open_world(tmp_path, judge) as world:
        await world.answer(KEPT)
        other = await WordEmbedder(model="words-9").embed(KEPT)
        found = await world.similar.find(asking(ASKED), STAMP, read(asking(ASKED)), other)
        assert judge.judged == 1  # its own embedder was asked instead
        assert found is not None


async def test_an_answer_that_is_gone_is_no_longer_found(tmp_path: Path, judge: ToldJudge) -> None:
    async with open_world(tmp_path, judge) as world:
        await world.answer(KEPT)
        await world.answer(SHORT)
        assert len(world.similar) == 2
        await world.cache.purge(Purge())
        assert await world.find(ASKED) is None
        assert await world.find(SHORT.upper()) is None
        assert len(world.similar) == 0
    async with open_world(tmp_path, judge) as world:
        await world.find(ASKED)
        assert len(world.similar) == 0


async def test_a_stale_answer_is_found_as_such_and_a_fresh_one_before_it(
    tmp_path: Path, judge: ToldJudge
) -> None:
    other = "in detail explain how bubble sort works"
    judge.say(other, ASKED, 0.92)
    time = FakeTime()
    async with open_world(tmp_path, judge, time=time) as world:
        await world.answer(KEPT, "old")
        time.pass_(25 * 3600)
        found = await world.find(ASKED)
        assert found is not None
        assert found.stale
        await world.answer(other, "new")
        assert await world.text(ASKED) == "new"


async def test_an_answer_to_another_prompt_under_the_same_key_is_not_served(
    tmp_path: Path, judge: ToldJudge
) -> None:
    """T-50: what the index says is checked against what was really answered."""
    async with open_world(tmp_path, judge) as world:
        key = await world.answer(KEPT)
        await world.cache.put(key, remembered("of something else"))
        assert await world.find(ASKED) is None


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE similar SET text = x'0102'",
        "UPDATE similar SET text = (SELECT vector FROM similar LIMIT 1)",
        "UPDATE similar SET key = key || '0'",
        "UPDATE similar SET words = zeroblob(16)",
    ],
)
async def test_a_damaged_row_is_dropped(tmp_path: Path, judge: ToldJudge, change: str) -> None:
    async with open_world(tmp_path, judge) as world:
        await world.answer(KEPT)
    altered(tmp_path, change)
    async with open_world(tmp_path, judge) as world:
        assert await world.find(ASKED) is None
        assert len(world.similar) == 0
    assert altered(tmp_path, "SELECT count(*) FROM similar") == 0


async def test_a_damaged_vector_costs_a_hit_until_it_is_made_again(
    tmp_path: Path, judge: ToldJudge
) -> None:
    async with open_world(tmp_path, judge) as world:
        await world.answer(KEPT)
    altered(tmp_path, "UPDATE similar SET vector = x'01020304050607'")
    async with open_world(tmp_path, judge) as world:
        assert await world.find(KEPT.upper()) is not None
        with anyio.fail_after(5):
            while await world.find(ASKED) is None:
                await anyio.lowlevel.checkpoint()


async def test_a_row_moved_to_another_scope_is_not_served(tmp_path: Path, judge: ToldJudge) -> None:
    """T-49."""
    async with open_world(tmp_path, judge) as world:
        await world.answer(asking(KEPT, principal=of("a", "sales")))
        await world.answer(asking(SHORT, principal=of("b", "legal")))
    altered(
        tmp_path,
        "UPDATE similar SET context = (SELECT context FROM similar WHERE context LIKE '%legal%')",
    )
    async with open_world(tmp_path, judge) as world:
        assert await world.find(asking(ASKED, principal=of("b", "legal"))) is None
        assert await world.find(asking(KEPT.upper(), principal=of("b", "legal"))) is None
        assert await world.find(asking(SHORT.upper(), principal=of("b", "legal"))) is not None


async def test_what_was_not_kept_after_all_leaves_no_row(tmp_path: Path, judge: ToldJudge) -> None:
    async with open_world(tmp_path, judge) as world:
        call = asking(KEPT)
        key = world.keys.key(call, STAMP)
        await world.similar.keep(call, STAMP, key, read(call), await world.embedder.embed(KEPT))
        assert await world.find(ASKED) is None
    assert altered(tmp_path, "SELECT count(*) FROM similar") == 0


async def test_a_defect_costs_a_hit_and_is_told_of_once(tmp_path: Path) -> None:
    class Broken(ToldJudge):
        def threshold(self, *_: object) -> float:
            raise ZeroDivisionError

    async with open_world(tmp_path, Broken()) as world:
        await world.answer(KEPT, "by swapping")
        with structlog.testing.capture_logs() as logs:
            assert await world.find(ASKED) is None
            assert await world.find(ASKED) is None
        assert [(one["event"], one["error"]) for one in logs] == [
            ("cache.similar_defect", "ZeroDivisionError")
        ]
        assert KEPT not in str(logs)
        assert await world.text(KEPT.upper()) == "by swapping"


async def test_what_is_encrypted_is_read_with_the_secret_alone(
    tmp_path: Path, judge: ToldJudge
) -> None:
    mine, other = Keys(b"my secret"), Keys(b"another")
    sealed = encrypting_codec(mine.of_scope)
    async with open_world(tmp_path, judge, keys=mine, codec=sealed) as world:
        key = await world.answer(FURTHER)
        await world.similar.report(key, principal="a")
        await world.answer(KEPT, "by swapping")
    assert b"bubble" not in (tmp_path / "cache.db").read_bytes()
    assert packed(place_of(KEPT)) not in (tmp_path / "cache.db").read_bytes()
    for keys, codec, served in (
        (mine, Codec(), None),
        (other, encrypting_codec(other.of_scope), None),
        (mine, sealed, "by swapping"),
    ):
        async with open_world(tmp_path, judge, keys=keys, codec=codec) as world:
            assert await world.text(ASKED) == served
            assert await world.text(KEPT.upper()) == served


async def test_prompts_that_no_encoding_takes_do_not_raise(
    tmp_path: Path, judge: ToldJudge
) -> None:
    odd = "explain half a pair \ud800 of surrogates"
    async with open_world(tmp_path, judge) as world:
        await world.answer(odd)
        await world.find(odd.upper())
        await world.find(f"{odd} please \ud801")


async def test_at_most_so_many_are_held_and_the_rest_is_found_again(
    tmp_path: Path, judge: ToldJudge
) -> None:
    """CA-25, X-05."""
    async with open_world(tmp_path, judge, semantic_items=3) as world:
        for number in range(5):
            await world.answer(asking(f"prompt number {number}", model=f"acme/{number}"))
        assert len(world.similar) == 3
        assert await world.find(asking("Prompt number 0?", model="acme/0")) is not None
        assert len(world.similar) == 3


async def test_a_near_answer_is_offered_for_adaptation_only_if_wished(
    tmp_path: Path, judge: ToldJudge
) -> None:
    """RT-11, X-01."""
    judge.say(KEPT, ASKED, 0.4)
    for adapt in (False, True):
        async with open_world(tmp_path, judge, adapt=adapt, adapt_similarity=0.8) as world:
            await world.answer(KEPT, "by swapping")
            call = asking(ASKED)
            embedding = await world.embedder.embed(ASKED)
            assert await world.similar.find(call, STAMP, read(call), embedding) is None
            found = await world.similar.near(call, STAMP, read(call), embedding)
            assert (found is not None) == adapt
            if found is not None:
                assert (found.kind, found.probability) == ("adapted", 0.4)
                far = asking("something quite different")
                embedding = await world.embedder.embed("something quite different")
                assert await world.similar.near(far, STAMP, read(far), embedding) is None


async def test_what_is_asked_for_by_many_at_once_is_read_once(judge: ToldJudge) -> None:
    class Slow(Nowhere):
        loads = 0

        async def load(self, context: str, most: int) -> Partition | None:
            self.loads += 1
            await anyio.lowlevel.checkpoint()
            return None if self.loads == 1 else await super().load(context, most)

    store, time, embedder = Slow(), FakeTime(), WordEmbedder()
    cache = MemoryCache(items=9, max_bytes=10**6, residency_s=60, clock=time.clock)
    similar = SimilarAnswers(
        settings(), cache, Keys(), judge, embedder=embedder, clock=time.clock, store=store
    )
    world = World(cache, similar, embedder, Keys(), time)
    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(world.find, ASKED)
    assert store.loads == 2  # the first could not read
    await world.answer(KEPT)
    assert await world.find(ASKED) is not None
    assert store.loads == 2


async def test_a_database_that_cannot_be_read_costs_hits_only(
    tmp_path: Path, judge: ToldJudge
) -> None:
    async with open_world(tmp_path, judge) as world:
        await world.answer(KEPT)
    assert await world.find(ASKED) is not None  # from memory
    other = asking(KEPT, model="acme/m")
    assert await world.find(other) is None
    await world.answer(other)
    key = world.keys.key(asking(SHORT), STAMP)
    with pytest.raises(StorageFailed):  # whoever reports must know that it was not forgotten
        await world.similar.report(key, principal="a")


def test_every_field_of_a_call_is_compared_or_known_not_to_matter() -> None:
    fields = {f.name for f in dataclasses.fields(Call)} | {
        f.name for f in dataclasses.fields(ChatRequest)
    }
    assert fields == {
        *("request", "model", "prefer", "category", "max_cost", "principal"),
        *("messages", "tools", "max_tokens", "temperature", "json_schema"),
        *("session_id", "deadline_s", "cache", "tool", "user", "metadata"),  # do not matter
    }


def altered(path: Path, statement: str) -> object:
    """Run `statement` on the closed database; what it says first."""
    connection = sqlite3.connect(path / "cache.db", isolation_level=None)
    try:
        row = connection.execute(statement).fetchone()
        return None if row is None else row[0]
    finally:
        connection.close()
