"""A provider's `/embeddings` over a real socket: answered, broken, late."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import numpy as np
import pytest

from pointsman.money import Usage
from pointsman.settings import Settings
from providers.cloud import Upstream
from providers.discovery import discover
from providers.embedding.remote import REST_S, RemoteEmbedder
from tests.chaos import ChaosUpstream, Exchange, Handler, chaos_upstream
from tests.fakes import SteadyClock
from tests.faults import status
from tests.providers.conftest import KEY, QUICK

VECTOR = [3.0, 4.0, *[0.0] * 6]


@pytest.fixture
async def upstream() -> AsyncIterator[ChaosUpstream]:
    async with chaos_upstream() as upstream:
        yield upstream


def giving(body: object) -> Handler:
    async def handler(exchange: Exchange) -> None:
        await exchange.reply(200, body)

    return handler


def embedding(vector: list[float]) -> Handler:
    data = [{"object": "embedding", "index": 0, "embedding": vector}]
    return giving({"object": "list", "data": data, "usage": {"prompt_tokens": 5}})


async def silent(exchange: Exchange) -> None:
    await exchange.until_gone()


@dataclass
class Bench:
    embedder: RemoteEmbedder
    clock: SteadyClock = field(default_factory=SteadyClock)
    spent: list[Usage] = field(default_factory=list[Usage])


@asynccontextmanager
async def bench(url: str, timeout_s: float = 5) -> AsyncGenerator[Bench, None]:
    acme = {"kind": "openai", "base_url": f"{url}/v1", "api_key": KEY, "models": [{"id": "m"}]}
    settings = Settings.model_validate({"providers": {"acme": acme}})
    clock, spent = SteadyClock(), list[Usage]()
    async with AsyncExitStack() as stack:
        embedder = RemoteEmbedder(
            discover(settings, {}).backends[0],
            Upstream(QUICK, stack),
            "embed-small",
            timeout_s=timeout_s,
            clock=clock.clock(),
            spent=lambda usage, _: spent.append(usage),
        )
        yield Bench(embedder, clock, spent)


async def test_an_embedding_has_length_one_and_its_cost_is_reported(
    upstream: ChaosUpstream,
) -> None:
    upstream.script(embedding(VECTOR))
    async with bench(upstream.url) as b:
        found = await b.embedder.embed("hello")
    assert found is not None
    assert np.allclose(found.vector[:2], [0.6, 0.8])
    assert found.model == "acme/embed-small"
    assert b.spent == [Usage(input_tokens=5)]
    request = upstream.requests[0]
    assert request.path == "/v1/embeddings"
    assert request.json["input"] == "hello"
    assert request.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "fault",
    [
        status(500),
        status(429),
        giving(b"not json"),
        giving({"data": []}),
        giving({"data": [{"embedding": ["a"]}]}),
        embedding([0.0] * 8),
        giving(b"[" * (1 << 21)),
        silent,
    ],
)
async def test_a_broken_answer_is_none_and_the_backend_rests(
    upstream: ChaosUpstream, fault: Handler
) -> None:
    upstream.script(fault, embedding(VECTOR))
    async with bench(upstream.url, timeout_s=0.5) as b:
        assert await b.embedder.embed("hello") is None
        assert b.embedder.problem
        assert KEY not in b.embedder.problem
        assert await b.embedder.embed("hello") is None
        assert len(upstream.requests) == 1
        b.clock.advance(REST_S)
        assert await b.embedder.embed("hello") is not None
        assert b.embedder.problem is None


async def test_of_a_long_text_only_its_ends_are_sent(upstream: ChaosUpstream) -> None:
    upstream.script(embedding(VECTOR))
    async with bench(upstream.url) as b:
        await b.embedder.embed("start " + "x" * 50_000 + " end")
    sent = upstream.requests[0].json["input"]
    assert len(sent) < 10_000
    assert sent.startswith("start")
    assert sent.endswith("end")
