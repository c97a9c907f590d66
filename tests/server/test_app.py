"""The whole engine over a chaos upstream, asked through MCP in both protocol eras."""

import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal, cast

import anyio
import pytest
import structlog
from mcp import Client, MCPError
from mcp.types import RequestParamsMeta

from pointsman.settings import Settings
from server.app import App, open_app
from server.logs import configure_logs
from server.mcp import make_mcp
from server.windows.messages import COMMAND_META, STREAM_META
from tests.chaos import ChaosUpstream, Exchange, chaos_upstream
from tests.faults import status

KEY = "sk-CANARY-0123456789abcdef"
Era = Literal["auto", "legacy"]


@pytest.fixture
async def upstream() -> AsyncIterator[ChaosUpstream]:
    async with chaos_upstream() as upstream:
        yield upstream


@pytest.fixture
def own_logs() -> Iterator[None]:
    """Logging may be set up as the server does; afterwards it is as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def settings_for(*urls: str) -> Settings:
    """Backends `b0`, `b1`... at `urls`, each dearer than the one before; no local model."""
    providers = {
        f"b{n}": {
            "kind": "openai",
            "base_url": f"{url}/v1",
            "api_key": KEY,
            "models": [{"id": f"m{n}", "price": {"input": 1.0 + 20 * n, "output": 2.0 + 20 * n}}],
        }
        for n, url in enumerate(urls)
    }
    return Settings.model_validate({"providers": providers, "local": {"enabled": False}})


@asynccontextmanager
async def client_of(
    settings: Settings, home: Path, era: Era = "auto", heartbeat_s: float = 60
) -> AsyncGenerator[tuple[Client, App], None]:
    async with open_app(settings, home, {}) as app:
        server = make_mcp(app.tools, app.reading, app.toolsets, heartbeat_s=heartbeat_s)
        async with Client(server, mode=era) as client:
            yield client, app


async def test_the_tool_list_is_small_and_fully_described(
    tmp_path: Path, upstream: ChaosUpstream
) -> None:
    async with client_of(settings_for(upstream.url), tmp_path) as (client, _):
        listed = await client.list_tools()
    assert [t.name for t in listed.tools] == [
        "complete",
        "route",
        "benchmark",
        "cost_stats",
        "provider_health",
        "code_quality",
        "find_security_issues",
        "suggest_fixes",
        "feedback",
        "agent",
    ]
    assert len(listed.model_dump_json(by_alias=True, exclude_none=True)) < 12_000
    for tool in listed.tools:
        assert tool.title
        assert tool.output_schema
        assert tool.annotations
        acts = tool.name in ("benchmark", "feedback", "agent", "suggest_fixes")
        assert tool.annotations.read_only_hint is not acts
        assert tool.annotations.destructive_hint is (tool.name in ("agent", "suggest_fixes"))
        reaches_out = tool.name in ("complete", "benchmark", "agent", "suggest_fixes")
        assert tool.annotations.open_world_hint is reaches_out


@pytest.mark.parametrize(("commands", "allowed"), [(True, True), (False, False)])
async def test_a_tool_that_is_not_enabled_is_for_the_command_line_only(
    commands: bool, allowed: bool, tmp_path: Path, upstream: ChaosUpstream
) -> None:
    """On a door that is open to more than the home's owner, not even for who says to be that."""
    async with open_app(settings_for(upstream.url), tmp_path, {}) as app:
        server = make_mcp(app.tools, app.reading, app.toolsets, commands=commands)
        async with Client(server) as client:
            plain = await client.call_tool("learning", {})
            told = await client.call_tool(
                "learning", {}, meta=cast("RequestParamsMeta", {COMMAND_META: True})
            )
    assert plain.structured_content["error"]["code"] == "not_found"
    assert told.is_error is not allowed


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_an_answer_a_hit_a_route_and_the_bill(
    era: Era, tmp_path: Path, upstream: ChaosUpstream
) -> None:
    async with client_of(settings_for(upstream.url), tmp_path, era) as (client, _):
        first = (await client.call_tool("complete", {"prompt": "hello"})).structured_content
        again = (await client.call_tool("complete", {"prompt": "hello"})).structured_content
        route = (await client.call_tool("route", {"prompt": "hello"})).structured_content
        stats = (await client.call_tool("cost_stats", {})).structured_content
        why = await client.read_resource(f"pointsman://decisions/{first['decision_id']}")
        told = await client.read_resource(f"pointsman://decisions/{route['decision_id']}")
    assert first["provider"] == "b0"
    assert first["cost_usd"] > 0
    assert not first["cache"]["hit"]
    hit_id = again["cache"].pop("hit_id")
    assert again["cache"] | {"age_s": 0} == {
        "hit": True, "layer": "memory", "kind": "exact", "similarity": None, "probability": None,
        "age_s": 0, "stale": False,
    }  # fmt: skip
    assert len(hit_id) == 32
    assert (again["cost_usd"], again["saved_usd"]) == (0, first["cost_usd"])
    assert len(upstream.requests) == 1
    candidate = route["candidates"][0]
    assert sum(candidate["factors"].values()) == pytest.approx(candidate["score"], abs=1e-6)
    assert stats["totals"]["requests"] == 2
    assert stats["totals"]["cost_usd"] == first["cost_usd"]
    assert stats["totals"]["cache_hit_rate"] == 0.5
    assert json.loads(why.contents[0].text)["decision_id"] == first["decision_id"]  # type: ignore[union-attr]
    not_kept = {"emotion": {"label": "unknown", "intensity": 0.0}}
    assert json.loads(told.contents[0].text) == route | not_kept  # type: ignore[union-attr]


async def test_a_hit_outlives_the_process(tmp_path: Path, upstream: ChaosUpstream) -> None:
    settings = settings_for(upstream.url)
    async with client_of(settings, tmp_path) as (client, _):
        await client.call_tool("complete", {"prompt": "hello"})
    async with client_of(settings, tmp_path) as (client, _):
        found = (await client.call_tool("complete", {"prompt": "hello"})).structured_content
    assert found["cache"]["layer"] == "database"
    assert len(upstream.requests) == 1


async def test_a_failing_backend_is_passed_over_and_shown(
    tmp_path: Path, upstream: ChaosUpstream
) -> None:
    async with chaos_upstream() as second:
        settings = settings_for(upstream.url, second.url)
        upstream.script(*[status(500)] * 50)
        async with client_of(settings, tmp_path) as (client, _):
            for n in range(20):
                result = await client.call_tool("complete", {"prompt": f"question {n}"})
                assert result.structured_content["provider"] == "b1"
            health = (await client.call_tool("provider_health", {})).structured_content
    assert len(upstream.requests) == 5
    states = {p["provider"]: p["state"] for p in health["providers"]}
    assert states == {"b0": "open", "b1": "closed"}
    assert health["providers"][0]["retry_at"] is not None


BAD = [
    ({}, "invalid_input", "either 'prompt' or 'messages'"),
    ({"prompt": "x", "messages": []}, "invalid_input", "not both"),
    ({"prompt": "   "}, "invalid_input", "empty"),
    ({"messages": []}, "invalid_input", "empty"),
    ({"prompt": "x", "temperature": "hot"}, "invalid_input", "temperature"),
    ({"prompt": "x", "max_tokens": -1}, "invalid_input", "max_tokens"),
    ({"prompt": "x", "prefer": "best"}, "invalid_input", "prefer"),
    ({"prompt": "x", "promt": "y"}, "invalid_input", "promt"),
    ({"prompt": "x", "tools": [{}]}, "invalid_input", "name"),
    ({"prompt": "\ud800 x"}, "invalid_input", "surrogate"),
    ({"prompt": "x", "json_schema": {"maximum": 10**30}}, "invalid_input", "64 bits"),
    ({"prompt": "x", "tools": [{"name": "t", "parameters": None}]}, "invalid_input", "'t'"),
    ({"prompt": "x", "tools": "[" * 100_000}, "invalid_input", "tools"),
    ({"prompt": "x", "model": "nope"}, "not_found", "nope"),
    ({"prompt": "x" * 10_000_000}, "invalid_input", "10,000,000"),
    ({"prompt": "x" * 1_000_000}, "invalid_input", "too long"),
    ({"prompt": "x", "max_cost_usd": 1e-9}, "budget_exceeded", "price cap"),
]


@pytest.mark.parametrize(("arguments", "code", "word"), BAD)
async def test_bad_input_is_a_tool_error_that_says_what_is_wrong(
    arguments: dict[str, Any], code: str, word: str, tmp_path: Path, upstream: ChaosUpstream
) -> None:
    async with client_of(settings_for(upstream.url), tmp_path) as (client, _):
        result = await client.call_tool("complete", arguments)
    assert result.is_error
    assert result.structured_content["error"]["code"] == code
    text = result.content[0].text  # type: ignore[union-attr]
    assert word in text
    assert len(text) < 600
    assert not upstream.requests


async def test_an_object_sent_as_text_is_read_as_one(
    tmp_path: Path, upstream: ChaosUpstream
) -> None:
    arguments = {"messages": json.dumps([{"role": "user", "content": "hello"}])}
    async with client_of(settings_for(upstream.url), tmp_path) as (client, _):
        result = await client.call_tool("complete", arguments)
    assert not result.is_error
    assert upstream.requests[0].json["messages"][-1]["content"] == "hello"


async def test_without_a_backend_the_error_says_how_to_get_one(tmp_path: Path) -> None:
    async with client_of(settings_for(), tmp_path) as (client, _):
        result = await client.call_tool("complete", {"prompt": "hello"})
    assert result.structured_content["error"]["code"] == "no_backend"
    assert "pointsman models pull" in result.structured_content["error"]["hint"]


async def test_an_unknown_decision_is_not_found(tmp_path: Path) -> None:
    async with client_of(settings_for(), tmp_path) as (client, _):
        with pytest.raises(MCPError, match="no decision"):
            await client.read_resource("pointsman://decisions/ffff")


async def test_no_prompt_answer_or_key_is_logged(
    tmp_path: Path, upstream: ChaosUpstream, capfd: pytest.CaptureFixture[str], own_logs: None
) -> None:
    """T-56: neither when all goes well nor when a backend fails."""
    settings = settings_for(upstream.url)
    configure_logs(settings.log.model_copy(update={"level": "debug", "format": "json"}))
    upstream.script(*[status(500), status(401), status(400)] * 4)
    async with client_of(settings, tmp_path) as (client, _):
        for n in range(8):
            await client.call_tool("complete", {"prompt": f"PROMPT-CANARY {n}"})
    shown = "".join(capfd.readouterr())
    assert "CANARY" not in shown


async def test_a_cancelled_call_is_let_go_upstream_and_settled(
    tmp_path: Path, upstream: ChaosUpstream
) -> None:
    """T-12."""
    asked = anyio.Event()

    async def silent(exchange: Exchange) -> None:
        asked.set()
        await exchange.until_gone()

    upstream.script(silent)
    async with client_of(settings_for(upstream.url), tmp_path) as (client, app):
        with anyio.move_on_after(30):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(client.call_tool, "complete", {"prompt": "hello"})
                await asked.wait()
                tasks.cancel_scope.cancel()
        with anyio.fail_after(5):
            await upstream.quiet()
        stats = (await client.call_tool("cost_stats", {})).structured_content
        assert stats["totals"]["error_rate"] == 1.0
        health = app.reading.health()
    assert health.providers[0].in_flight == 0


async def test_a_long_call_gives_signs_of_life(tmp_path: Path, upstream: ChaosUpstream) -> None:
    """G-1: a host that hears nothing for a minute gives a call up."""
    enough = anyio.Event()
    numbers: list[float] = []

    async def held(exchange: Exchange) -> None:
        await enough.wait()
        await upstream.otherwise(exchange)

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        numbers.append(progress)
        assert message == "complete: still working"
        if len(numbers) == 3:
            enough.set()

    upstream.script(held)
    settings = settings_for(upstream.url)
    async with client_of(settings, tmp_path, "legacy", heartbeat_s=0.01) as (client, _):
        with anyio.fail_after(20):
            result = await client.call_tool(
                "complete", {"prompt": "hello"}, progress_callback=on_progress
            )
    assert not result.is_error
    assert numbers[:3] == [1, 2, 3]


async def test_who_asks_for_it_gets_the_text_as_it_comes(
    tmp_path: Path, upstream: ChaosUpstream
) -> None:
    pieces: list[str | None] = []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        pieces.append(message)

    meta = cast(RequestParamsMeta, {STREAM_META: True})
    async with client_of(settings_for(upstream.url), tmp_path, "legacy") as (client, _):
        result = await client.call_tool(
            "complete", {"prompt": "hello"}, progress_callback=on_progress, meta=meta
        )
    assert len(pieces) > 1
    assert "".join(map(str, pieces)) == result.structured_content["text"]


async def test_the_log_tells_of_choices_and_of_breakers(
    tmp_path: Path, upstream: ChaosUpstream, capfd: pytest.CaptureFixture[str], own_logs: None
) -> None:
    """AT-411, RT-19, CB-07: with the fields that were asked for."""
    settings = settings_for(upstream.url)
    configure_logs(settings.log.model_copy(update={"level": "info", "format": "json"}))
    upstream.script(*[status(500)] * 12)
    async with client_of(settings, tmp_path) as (client, _):
        for n in range(4):
            asked = {"prompt": f"Explain bubble sort {n}", "session_id": "s1"}
            await client.call_tool("complete", asked)
    lines = capfd.readouterr().err.splitlines()
    events = [json.loads(line) for line in lines if line.startswith("{")]
    choice = next(e for e in events if e["event"] == "provider_selection")
    assert choice["session_id"] == "s1"
    assert choice["selected_provider"] == "b0"
    assert choice["category"] == "coding"
    assert choice["reason"]
    assert isinstance(choice["score"], float)
    breaker = next(e for e in events if e["event"] == "circuit_breaker_event")
    assert breaker["provider"] == "b0"
    assert (breaker["state"], breaker["action"]) == ("open", "opened")
    assert breaker["failure_count"] >= 5
