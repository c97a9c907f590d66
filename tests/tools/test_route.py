"""The `route` tool through MCP: the explanation, what is supposed, and how little it takes."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from pointsman.errors import InvalidInput
from pointsman.records import Principal
from pointsman.settings import Settings
from tests.chaos import ChaosUpstream, chaos_upstream
from tests.server.test_app import KEY, client_of
from tools.asking import Asking
from tools.describe import arguments_from


def settings_for(url: str) -> Settings:
    """One backend with a strong, dear model and a cheap one."""
    models = [
        {"id": "large", "tier": "strong", "price": {"input": 10, "output": 30}},
        {"id": "small", "tier": "cheap", "price": {"input": 0.1, "output": 0.4}},
    ]
    acme = {"kind": "openai", "base_url": f"{url}/v1", "api_key": KEY, "models": models}
    return Settings.model_validate(
        {
            "providers": {"acme": acme},
            "local": {"enabled": False},
            "embedding": {"enabled": False},
        }
    )


@pytest.fixture
async def upstream() -> AsyncIterator[ChaosUpstream]:
    async with chaos_upstream() as upstream:
        yield upstream


async def route(client: Client, **arguments: object) -> dict[str, Any]:
    result = await client.call_tool(
        "route", {"prompt": "What is the capital of Peru?", **arguments}
    )
    assert not result.is_error, result.content
    told: dict[str, Any] = result.structured_content
    return told


async def test_a_route_names_the_runner_up_and_what_would_have_changed_it(
    tmp_path: Path, upstream: ChaosUpstream
) -> None:
    """RT-06: a person can see why, and what it hung on."""
    async with client_of(settings_for(upstream.url), tmp_path) as (client, _):
        told = await route(client)
        text = (await client.call_tool("route", {"prompt": "hello"})).content[0].text  # type: ignore[union-attr]
    assert (told["model"], told["runner_up"], told["profile"]) == (
        "small",
        "acme/large",
        "balanced",
    )
    assert any(change.startswith("acme/large would win if") for change in told["would_change"])
    for candidate in told["candidates"]:
        assert sum(candidate["factors"].values()) == pytest.approx(candidate["score"], abs=1e-6)
        assert 0 <= candidate["quality"] <= 1
        assert candidate["cost_usd"] > 0
    assert "acme/small" in text.splitlines()[0]
    assert not upstream.requests


@pytest.mark.parametrize(
    ("what_if", "model"),
    [
        ({"prices": {"large": {"input": 0, "output": 0}}}, "large"),
        ({"breakers": {"acme/small": "open"}}, "large"),
        ({"routing": {"weights": {"cost": 0}}}, "large"),
        ({"routing": {"profile": "cheap"}}, "small"),
        ('{"breakers": {"small": "open"}}', "large"),  # as some clients send an object
    ],
)
async def test_a_route_can_be_asked_what_if(
    what_if: object, model: str, tmp_path: Path, upstream: ChaosUpstream
) -> None:
    async with client_of(settings_for(upstream.url), tmp_path) as (client, _):
        told = await route(client, what_if=what_if)
        again = await route(client)
    assert told["model"] == model
    assert told["stages"][-1].startswith("what if: ")
    assert again["model"] == "small"  # nothing of it stays


@pytest.mark.parametrize(
    ("what_if", "code", "word"),
    [
        ({"prices": {"nope": {"input": 1, "output": 1}}}, "not_found", "nope"),
        ({"price": {}}, "invalid_input", "price"),
        ({"breakers": {"small": "broken"}}, "invalid_input", "breakers"),
        ({"routing": {"profle": "cheap"}}, "invalid_input", "'what_if.routing.profle'."),
    ],
)
async def test_what_cannot_be_supposed_is_an_error_that_says_so(
    what_if: object, code: str, word: str, tmp_path: Path, upstream: ChaosUpstream
) -> None:
    async with client_of(settings_for(upstream.url), tmp_path) as (client, _):
        result = await client.call_tool("route", {"prompt": "x", "what_if": what_if})
    assert result.is_error
    error = result.structured_content["error"]
    assert error["code"] == code
    assert word in error["message"]


async def test_preferences_of_the_settings_hold_where_the_call_names_none(
    tmp_path: Path, upstream: ChaosUpstream
) -> None:
    """RT-04, RT-13: the profile of the settings, a user's own, then the call's word."""
    settings = settings_for(upstream.url)
    routing = {"profile": "cheap", "preferences": {"ada": {"prefer": "quality"}}}
    settings = Settings.model_validate({**settings.model_dump(), "routing": routing})
    async with client_of(settings, tmp_path) as (client, _):
        profiles = [
            (await route(client, **asked))["profile"]
            for asked in ({}, {"user": "ada"}, {"user": "ada", "prefer": "fast"})
        ]
    assert profiles == ["cheap", "quality", "fast"]


async def test_the_schemas_of_complete_and_route_are_small(
    tmp_path: Path, upstream: ChaosUpstream
) -> None:
    async with client_of(settings_for(upstream.url), tmp_path) as (client, _):
        listed = {tool.name: tool for tool in (await client.list_tools()).tools}
    for name in ("complete", "route"):
        size = len(listed[name].model_dump_json(by_alias=True, exclude_none=True))
        assert size < 3_000, f"{name} takes {size} characters"
        assert "$defs" not in listed[name].model_dump_json()


def test_an_empty_session_is_none_and_a_long_one_is_refused() -> None:
    """Calls of a client that sends "" for what it does not have are not one session."""
    caller = Principal(id="ann")
    assert Asking(prompt="x", session_id="").call("complete", caller).session_id is None
    assert Asking(prompt="x", session_id="s" * 200).call("complete", caller).session_id == "s" * 200
    with pytest.raises(InvalidInput, match="session_id"):
        arguments_from("complete", Asking, {"prompt": "x", "session_id": "s" * 201})
