"""Whole engines with a Redis: what their callers and `/health` see of it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest

from pointsman.records import Call
from pointsman.settings import Settings
from pointsman.types import ChatRequest, Message
from server.app import App, open_app
from server.http import make_http
from server.mcp import make_mcp
from tests.chaos import ChaosUpstream, Exchange, chaos_upstream
from tests.faults import answering
from tests.redis_server import RedisServer, calls
from tests.server.test_crash import backend_at, serving
from tests.server.windows.harness import Window

PROCESSES = 2
CALLS = 64  # in each of them


@pytest.fixture(autouse=True)
def forget_statistics(server: RedisServer) -> None:
    server.ask("CONFIG", "RESETSTAT")


async def results(window: Window, count: int, into: list[Any]) -> None:
    for _ in range(count):
        into.append((await window.message())["result"])


@pytest.mark.timeout(120)
async def test_identical_misses_in_two_processes_become_one_call(
    server: RedisServer, tmp_path: Path
) -> None:
    """CA-06, T-48: two `pointsman serve` on two homes, one Redis, 64 callers each."""
    both_ask = anyio.Event()

    async def held(exchange: Exchange) -> None:
        await both_ask.wait()
        await answering()(exchange)

    found: list[Any] = []
    async with chaos_upstream(held) as upstream, AsyncExitStack() as stack:
        environ = {
            **backend_at(upstream.url),
            "POINTSMAN_CACHE__REDIS_URL": server.url,
            "POINTSMAN_CACHE__REDIS_TIMEOUT_S": "5",
        }
        windows = [
            await stack.enter_async_context(serving(tmp_path / f"home{number}", environ))
            for number in range(PROCESSES)
        ]
        with anyio.fail_after(90):
            async with anyio.create_task_group() as group:
                for window in windows:
                    for _ in range(CALLS):
                        await window.call("complete", prompt="What is the capital of France?")
                    group.start_soon(results, window, CALLS, found)
                await until_both_wait(server)
                both_ask.set()
    assert len(upstream.requests) == 1
    assert len(found) == PROCESSES * CALLS
    told = [result["structuredContent"] for result in found if not result["isError"]]
    assert len({answer["text"] for answer in told}) == 1
    assert len(told) == PROCESSES * CALLS
    assert "redis" in {answer["cache"]["layer"] for answer in told}
    assert sum(bool(answer["cost_usd"]) for answer in told) == 1  # only one of them paid


@pytest.mark.timeout(120)
async def test_who_waits_for_a_process_that_was_killed_asks_himself(
    server: RedisServer, tmp_path: Path
) -> None:
    """Its lock runs out, which is 10 s from its last sign of life."""
    asked = anyio.Event()

    async def held(exchange: Exchange) -> None:
        if not asked.is_set():
            asked.set()
            await exchange.until_gone()
        await answering()(exchange)

    found: list[Any] = []
    async with chaos_upstream(held) as upstream:
        environ = {
            **backend_at(upstream.url),
            "POINTSMAN_CACHE__REDIS_URL": server.url,
            "POINTSMAN_CACHE__REDIS_TIMEOUT_S": "5",
        }
        async with (
            serving(tmp_path / "leads", environ) as leading,
            serving(tmp_path / "waits", environ) as waiting,
        ):
            with anyio.fail_after(90):
                await leading.call("complete", prompt="hello")
                await asked.wait()
                await waiting.call("complete", prompt="hello")
                await until_both_wait(server)
                leading.process.kill()
                await leading.process.wait()
                [lock] = [n for n in server.names() if n.startswith(b"pointsman-flight:")]
                server.ask("PEXPIRE", lock, "1")  # so that the test need not wait
                await results(waiting, 1, found)
    assert not found[0]["isError"]
    assert len(upstream.requests) == 2


async def until_both_wait(server: RedisServer) -> None:
    """Until each process has asked for the lock of its flight."""
    while calls(server, "eval") < PROCESSES:
        await anyio.lowlevel.checkpoint()


@asynccontextmanager
async def engine(
    server: RedisServer, upstream: ChaosUpstream, home: Path
) -> AsyncIterator[tuple[App, httpx.AsyncClient]]:
    settings = Settings.model_validate(
        {
            "local": {"enabled": False},
            "embedding": {"enabled": False},
            "cache": {"redis_url": server.url, "redis_timeout_s": 0.5, "memory_items": 0},
            "providers": {
                "acme": {
                    "base_url": f"{upstream.url}/v1",
                    "models": [{"id": "m", "price": {"input": 1.0, "output": 2.0}}],
                }
            },
        }
    )
    async with open_app(settings, home, {}) as app:
        door = make_http(app, make_mcp(app.tools, app.reading, app.toolsets))
        transport = httpx.ASGITransport(app=door)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            yield app, http


async def redis_state(http: httpx.AsyncClient) -> str:
    return str((await http.get("/health")).json()["redis"])


async def until_redis_is(state: str, http: httpx.AsyncClient) -> None:
    while await redis_state(http) != state:
        await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("trouble", ["frozen", "killed"])
async def test_an_engine_goes_on_without_redis_says_so_and_finds_it_again(
    server: RedisServer, tmp_path: Path, trouble: str
) -> None:
    """AT-107, CA-18, OB-04: no call fails, and nobody restarts us."""
    begin, end = {
        "frozen": (server.freeze, server.thaw),
        "killed": (server.kill, server.start),
    }[trouble]
    answers: list[str | None] = []
    stop = anyio.Event()

    async def load(app: App, number: int) -> None:
        while not stop.is_set():
            prompt = f"question {len(answers) % 7} of {number}"
            request = ChatRequest(messages=(Message("user", prompt),))
            answer = await app.dispatcher.complete(Call(request=request))
            answers.append(answer.cache.layer)

    async def more(count: int = 60) -> list[str | None]:
        known = len(answers)
        while len(answers) < known + count:
            await anyio.lowlevel.checkpoint()
        return answers[known:]

    with anyio.fail_after(50):
        async with (
            chaos_upstream() as upstream,
            engine(server, upstream, tmp_path) as (app, http),
            anyio.create_task_group() as group,
        ):
            for number in range(8):
                group.start_soon(load, app, number)
            await until_redis_is("ok", http)
            await more()
            begin()
            try:
                await until_redis_is("degraded", http)
                await more(8)  # those that were under way
                assert "redis" not in await more()
            finally:
                end()
            await until_redis_is("ok", http)
            while "redis" not in await more(8):
                pass
            stop.set()


async def test_without_a_redis_there_is_none(tmp_path: Path) -> None:
    """CA-18."""
    settings = Settings.model_validate({"local": {"enabled": False}})
    async with open_app(settings, tmp_path, {}) as app:
        assert app.reading.summary()["redis"] == "disabled"
