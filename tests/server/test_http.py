"""The HTTP door: its guard, /health, and MCP through it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from pointsman.settings import Settings
from server.app import App, open_app
from server.http import make_http
from server.mcp import make_mcp
from tests.chaos import chaos_upstream
from tools.asking import Asking
from tools.tool import Caller


@asynccontextmanager
async def http_of(
    settings: dict[str, Any], home: Path
) -> AsyncGenerator[tuple[httpx.AsyncClient, App], None]:
    """A client of the whole app; the app's lifespan is not entered, which only /mcp needs."""
    async with open_app(Settings.model_validate(settings), home, {}) as app:
        door = make_http(app, make_mcp(app.tools, app.reading, app.toolsets))
        transport = httpx.ASGITransport(app=door)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8642") as http:
            yield http, app


NO_LOCAL: dict[str, Any] = {"local": {"enabled": False}}
FOREIGN = [
    ({"host": "evil.test:8642"}, 421),
    ({"host": "127.0.0.1.evil.test"}, 421),
    ({"host": "127.0.0.1:8642@evil.test"}, 421),
    ({"host": "[::1]evil:80"}, 421),
    ({"host": ""}, 421),
    ({"origin": "https://evil.test"}, 403),
    ({"origin": "null"}, 403),
    ({"origin": "http://localhost.evil.test:1"}, 403),
    ({"origin": "http://127.0.0.1:8642@evil.test"}, 403),
    ({"origin": "file://localhost"}, 403),
]
OURS = [
    {},
    {"host": "localhost"},
    {"host": "[::1]:8642"},
    {"origin": "http://localhost:3000"},
    {"origin": "http://127.0.0.1:8642"},
]


@pytest.mark.parametrize(("headers", "status"), FOREIGN)
@pytest.mark.parametrize("path", ["/health", "/mcp", "/nowhere"])
async def test_a_foreign_host_or_origin_is_refused_on_every_route(
    headers: dict[str, str], status: int, path: str, tmp_path: Path
) -> None:
    """T-1, T-2."""
    async with http_of(NO_LOCAL, tmp_path) as (http, _):
        answer = await http.get(path, headers=headers)
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == "forbidden"


@pytest.mark.parametrize("headers", OURS)
async def test_a_local_name_is_let_through(headers: dict[str, str], tmp_path: Path) -> None:
    async with http_of(NO_LOCAL, tmp_path) as (http, _):
        assert (await http.get("/health", headers=headers)).status_code == 200


async def test_a_body_too_large_is_refused_in_a_sentence(tmp_path: Path) -> None:
    """T-7, the large body."""
    async with http_of(NO_LOCAL, tmp_path) as (http, _):
        answer = await http.post("/mcp", content=b"x" * 5_000_000)
    assert answer.status_code == 413
    assert "5,000,000 bytes" in answer.json()["error"]["message"]


async def test_health_tells_the_state_and_asks_nobody(tmp_path: Path) -> None:
    """OB-04, CB-10."""
    async with chaos_upstream() as upstream:
        acme = {"base_url": f"{upstream.url}/v1", "models": [{"id": "m"}]}
        async with http_of({**NO_LOCAL, "providers": {"acme": acme}}, tmp_path) as (http, _):
            body = (await http.get("/health")).json()
        assert not upstream.requests
    assert body.pop("sandbox")["monty"] == "ok"
    assert body == {
        "status": "ok",
        "database": "ok",
        "redis": "disabled",
        "providers": {"acme": "closed"},
        "local": "off",
        "servers": {},
    }


async def test_health_answers_while_the_model_loads_and_when_it_cannot(
    tmp_path: Path, smollm2: Path
) -> None:
    """AT-110: the server is up in both cases."""
    local = {"model": str(smollm2), "fallback": None, "context": 512}
    async with http_of({"local": local}, tmp_path / "a") as (http, app):
        app.start()
        with anyio.fail_after(50):
            assert (await http.get("/health")).json()["local"] in ("cold", "loading")
            asking = Asking.model_validate({"prompt": "Hi", "max_tokens": 3})
            answer = await app.tool("complete").run(asking, Caller())
            assert answer.model_dump()["local"] is True
            assert (await http.get("/health")).json()["local"] == "ready"
    missing = {"model": "qwen2.5-coder-0.5b-instruct", "fallback": None}
    async with http_of({"local": missing}, tmp_path / "b") as (http, _):
        assert (await http.get("/health")).json()["local"] == "failed"
