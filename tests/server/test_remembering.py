"""The cache on the whole engine: what is found, for whom, for how long, and what it says."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pointsman.records import Answer, Call, Principal
from pointsman.seams import Clock
from pointsman.settings import CacheSettings
from pointsman.types import ChatRequest, Message
from server.app import CLOCK, App, open_app
from tests.chaos import ChaosUpstream, chaos_upstream
from tests.faults import status
from tests.server.test_app import settings_for
from tools.tool import Caller

HOUR, DAY = 3600, 86_400
ANN, BOB = Principal(id="ann", department="sales"), Principal(id="bob", department="sales")
CAT = Principal(id="cat", department="law")


@pytest.fixture
async def upstream() -> AsyncIterator[ChaosUpstream]:
    async with chaos_upstream() as upstream:
        yield upstream


class Shifted:
    """The real clock, some time ahead."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.clock = Clock(
            monotonic=lambda: CLOCK.monotonic() + self.ahead,
            wall=lambda: CLOCK.wall() + self.ahead,
        )


def ask(text: str = "Who wrote Hamlet?", **facts: Any) -> Call:
    request = ChatRequest(messages=(Message("user", text),), temperature=facts.pop("warm", None))
    return replace(Call(request=request), **facts)


@asynccontextmanager
async def engine(
    home: Path, upstream: ChaosUpstream, time: Shifted | None = None, **cache: Any
) -> AsyncGenerator[App, None]:
    settings = settings_for(upstream.url).model_copy(
        update={"cache": CacheSettings.model_validate(cache)}
    )
    clock = time.clock if time else CLOCK
    async with open_app(settings, home, {}, clock) as app:
        yield app


async def complete(app: App, call: Call) -> Answer:
    return await app.dispatcher.complete(call)


async def test_how_long_an_answer_is_served(tmp_path: Path, upstream: ChaosUpstream) -> None:
    """AT-003: an hour if it is time-sensitive, a day if it is not."""
    time = Shifted()
    timely, general = ask("What is the weather in Paris today?"), ask()
    async with engine(tmp_path, upstream, time) as app:
        for call in (timely, general):
            await complete(app, call)
            assert (await complete(app, call)).cache.hit
        time.ahead = HOUR + 1
        assert not (await complete(app, timely)).cache.hit
        time.ahead = 23 * HOUR
        assert (await complete(app, general)).cache.hit
        time.ahead = 25 * HOUR
        assert not (await complete(app, general)).cache.hit


async def test_an_answer_sinks_through_the_layers(tmp_path: Path, upstream: ChaosUpstream) -> None:
    """AT-106, without Redis; one named model at temperature 0 stays fresh for a month."""
    time, call = Shifted(), ask(model="m0", warm=0.0)
    seen: list[str | None] = []
    async with engine(tmp_path, upstream, time) as app:
        await complete(app, call)
        for ahead in (10, 2 * HOUR, 29 * DAY, 31 * DAY):
            time.ahead = ahead
            seen.append((await complete(app, call)).cache.layer)
    assert seen == ["memory", "database", "database", None]


@pytest.mark.parametrize("text", ["Who wrote Hamlet?", "who wrote hamlet"])
@pytest.mark.parametrize(("scope", "shared"), [("user", False), ("department", True)])
async def test_who_shares_an_answer(
    tmp_path: Path, upstream: ChaosUpstream, scope: str, shared: bool, text: str
) -> None:
    """AT-006: by its words and by its meaning alike."""
    async with engine(tmp_path, upstream, scope=scope) as app:
        await complete(app, ask(principal=ANN))
        assert (await complete(app, ask(text, principal=BOB))).cache.hit is shared
        assert not (await complete(app, ask(text, principal=CAT))).cache.hit


async def test_the_same_words_in_another_form_are_a_hit_and_after_a_restart_too(
    tmp_path: Path, upstream: ChaosUpstream
) -> None:
    async with engine(tmp_path, upstream) as app:
        await complete(app, ask())
        answer = await complete(app, ask("  who wrote hamlet ?"))
        assert (answer.cache.kind, answer.cache.similarity) == ("semantic", 1.0)
        assert not (await complete(app, ask("Who wrote Macbeth?"))).cache.hit
    async with engine(tmp_path, upstream) as app:
        answer = await complete(app, ask("Please, who wrote Hamlet?"))
        assert (answer.cache.kind, answer.cache.layer) == ("semantic", "database")


async def test_without_the_semantic_cache_only_the_same_call_is_a_hit(
    tmp_path: Path, upstream: ChaosUpstream
) -> None:
    async with engine(tmp_path, upstream, semantic=False) as app:
        await complete(app, ask())
        assert (await complete(app, ask())).cache.kind == "exact"
        assert not (await complete(app, ask("who wrote hamlet"))).cache.hit


async def test_purging_a_model_says_how_many_answers_went(
    tmp_path: Path, upstream: ChaosUpstream
) -> None:
    """AT-004"""
    async with engine(tmp_path, upstream) as app:
        for text in ("one", "two", "three"):
            await complete(app, ask(f"Spell the word {text}"))
        run = app.tool("cache_purge")
        for model, removed in (("b0/other", 0), ("m0", 3), ("m0", 0)):
            result = await run.run(run.arguments.model_validate({"model": model}), Caller())
            assert result.model_dump()["removed"] == removed
        assert not (await complete(app, ask("Spell the word one"))).cache.hit
        assert len(upstream.requests) == 4


async def test_a_stale_answer_is_served_while_every_backend_is_down(
    tmp_path: Path, upstream: ChaosUpstream
) -> None:
    """X-04"""
    time = Shifted()
    async with engine(tmp_path, upstream, time) as app:
        await complete(app, ask())
        time.ahead = 2 * DAY
        upstream.otherwise = status(503)
        answer = await complete(app, ask())
    assert (answer.cache.hit, answer.cache.stale) == (True, True)


async def test_what_is_kept_can_be_encrypted(tmp_path: Path, upstream: ChaosUpstream) -> None:
    async with engine(tmp_path, upstream, encrypt=True) as app:
        first = await complete(app, ask("A sentence that nobody else would write"))
        assert (await complete(app, ask("A sentence that nobody else would write"))).cache.hit
    kept = bytes_of(tmp_path, "cache.db*")
    assert b"nobody else would write" not in kept
    assert first.completion.text.encode() not in kept


def bytes_of(folder: Path, pattern: str) -> bytes:
    files = sorted(folder.glob(pattern))
    assert files
    return b"".join(path.read_bytes() for path in files)
