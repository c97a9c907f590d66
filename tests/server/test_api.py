"""The JSON doors of the cache: behind the guard, over a real cache and ledger."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message
from structlog.testing import capture_logs

from accounting.stats import cost_stats
from pointsman.errors import NotFound, RateLimited
from server.api import api_routes, refused
from server.http import Guard
from tests.fakes import FakeProvider, hanging
from tests.tools.caching import Bench, bench
from tools.tool import Arguments, Caller, Result, Tool

MOST_BYTES = 5_000


def app_of(tools: dict[str, Tool]) -> ASGIApp:
    def find(name: str) -> Tool:
        if name not in tools:
            raise NotFound(f"There is no tool {name!r} here.")
        return tools[name]

    routes = api_routes(find, MOST_BYTES)
    return Guard(Starlette(routes=routes, exception_handlers={HTTPException: refused}))


@asynccontextmanager
async def http_of(tools: dict[str, Tool]) -> AsyncGenerator[httpx.AsyncClient, None]:
    transport = httpx.ASGITransport(app=app_of(tools))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        yield http


@pytest.fixture
async def b(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path) as made:
        for prompt in ("one", "one", "one", "two", "two", "three"):
            await made.ask(prompt)
        yield made


async def test_the_analytics_price_what_was_not_paid_again(b: Bench) -> None:
    """AT-301, CA-27"""
    async with http_of(b.tools) as http:
        answer = await http.get("/api/v1/llm/cache-analytics")
        first = (await http.get("/api/v1/llm/cache-analytics?top=1")).json()
    billed = (await cost_stats(b.book.ledger, now=b.clock.clock().wall(), since="all")).totals
    assert answer.status_code == 200
    told = answer.json()
    assert told.keys() == {"hit_rate", "savings", "top_cached_queries", "cache_size"}
    assert told["hit_rate"] == billed.cache_hit_rate == 0.5
    assert told["savings"] == billed.saved_by_cache_usd > 0
    assert [(q["query"], q["hits"]) for q in told["top_cached_queries"]] == [("one", 2), ("two", 1)]
    assert told["cache_size"] == 3
    assert first["top_cached_queries"] == told["top_cached_queries"][:1]


async def test_each_tool_has_its_twin(b: Bench) -> None:
    hit = await b.ask("one")
    async with http_of(b.tools) as http:
        stats = await http.get("/api/v1/cache/stats?group_by=kind,category&group_by=model&since=1d")
        wrong = await http.post("/api/v1/cache/report-wrong", json={"hit_id": hit.cache.hit_id})
        warm = await http.post("/api/v1/cache/warm", json={"prompts": ["one", "four"]})
        purged = await http.post("/api/v1/cache/purge", json={"all": True})
    assert {"kind", "category", "model"} < stats.json()["rows"][0].keys()
    assert wrong.json() == {"removed": True, "tightened": False}
    assert warm.json()["stored"] == 2
    assert purged.json() == {"removed": 4}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code", "word"),
    [
        ("POST", "purge", b"", 400, "invalid_input", "forget"),
        ("POST", "purge", b"[1]", 400, "invalid_input", "object"),
        ("POST", "purge", b"{", 400, "invalid_input", "JSON"),
        ("POST", "purge", b'{"modl": "m"}', 400, "invalid_input", "'modl'"),
        ("POST", "report-wrong", b'{"hit_id": "none"}', 404, "not_found", "no such"),
        ("POST", "warm", b"{}", 400, "invalid_input", "prompts"),
        ("GET", "stats?since=yesterday", b"", 400, "invalid_input", "yesterday"),
        ("GET", "stats?group_by=colour", b"", 400, "invalid_input", "group_by"),
        ("GET", "stats?colour=red", b"", 400, "invalid_input", "'colour'"),
        ("GET", "purge", b"", 405, "invalid_input", "POST"),
        ("DELETE", "stats", b"", 405, "invalid_input", "GET"),
        ("GET", "nothing", b"", 404, "not_found", "path"),
    ],
)
async def test_what_cannot_be_done_is_told_as_json(
    method: str, path: str, body: bytes, status: int, code: str, word: str, b: Bench
) -> None:
    async with http_of(b.tools) as http:
        answer = await http.request(method, f"/api/v1/cache/{path}", content=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    error = answer.json()["error"]
    assert error["code"] == code
    assert word in error["message"]


async def test_a_body_that_does_not_say_its_length_is_measured(b: Bench) -> None:
    """T-7"""

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1_000_000):
            yield b'{"prompts": ["' + b"x" * 1_000

    async with http_of(b.tools) as http:
        answer = await http.post("/api/v1/cache/warm", content=endless())
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "invalid_input"


@pytest.mark.parametrize("headers", [{"host": "evil.test"}, {"origin": "https://evil.test"}])
async def test_a_foreign_page_changes_nothing(headers: dict[str, str], b: Bench) -> None:
    """T-1, T-2"""
    async with http_of(b.tools) as http:
        body = {"all": True}
        answer = await http.post("/api/v1/cache/purge", json=body, headers=headers)
    assert answer.status_code in (403, 421)
    assert (await b.ask("one")).cache.hit


def failing(error: Exception) -> dict[str, Tool]:
    async def run(_given: Arguments, _caller: Caller) -> Result:
        raise error

    return {
        "cache_stats": Tool(
            name="cache_stats", title="", description="", arguments=Arguments, result=Result,
            run=run, read=str, read_only=True, open_world=False,
        )
    }  # fmt: skip


async def test_a_limit_says_when_to_come_back_and_a_defect_says_nothing() -> None:
    async with http_of(failing(RateLimited("Busy.", retry_after_s=2.4))) as http:
        busy = await http.get("/api/v1/cache/stats")
    with capture_logs() as logs:
        async with http_of(failing(ZeroDivisionError("a secret"))) as http:
            defect = await http.get("/api/v1/cache/stats")
    async with http_of({}) as http:
        gone = await http.get("/api/v1/cache/stats")
    assert (busy.status_code, busy.headers["retry-after"]) == (429, "2")
    assert (defect.status_code, gone.status_code) == (500, 404)
    assert "secret" not in defect.text
    assert [(fact["event"], fact["tool"]) for fact in logs] == [("api.crashed", "cache_stats")]


async def test_warming_ends_when_the_client_goes_away(tmp_path: Path) -> None:
    backend = FakeProvider("a", hanging)
    asked = anyio.Event()
    sent: list[Message] = []
    body = json.dumps({"prompts": ["one"]}).encode()

    async def receive() -> Message:
        if not asked.is_set():
            asked.set()
            return {"type": "http.request", "body": body, "more_body": False}
        while not backend.open:
            await anyio.lowlevel.checkpoint()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http", "method": "POST", "path": "/api/v1/cache/warm", "query_string": b"",
        "headers": [(b"host", b"localhost")],
    }  # fmt: skip
    async with bench(tmp_path, [backend]) as b:
        with anyio.fail_after(5):
            await app_of(b.tools)(scope, receive, send)
        assert backend.open == 0
    assert sent[0]["status"] == 499
