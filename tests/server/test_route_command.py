"""`pointsman route` as a person meets it: suppositions, and replays of what really was called."""

import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from pointsman.errors import ConfigError
from pointsman.settings import RoutingSettings
from server.app import CLOCK
from server.replaying import replayed, tried
from tests.chaos import chaos_upstream
from tests.server.test_app import client_of
from tests.server.test_cli import NO_LOCAL, explained, run
from tests.tools.test_route import settings_for

ACME = """
[local]
enabled = false
[embedding]
enabled = false
[providers.acme]
base_url = "http://127.0.0.1:9/v1"
api_key = "sk-none"
models = [
  { id = "large", tier = "strong", price = { input = 10, output = 30 } },
  { id = "small", price = { input = 0.1, output = 0.4 } },
]
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "pointsman.toml").write_text(ACME)
    return tmp_path / "home"


def told(home: Path, *arguments: str) -> dict[str, Any]:
    done = run(home, "route", "What is the capital of Peru?", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    route: dict[str, Any] = json.loads(done.stdout)
    return route


def test_flags_and_files_say_what_to_suppose(home: Path, tmp_path: Path) -> None:
    routing, file = tmp_path / "routing.toml", tmp_path / "what_if.toml"
    routing.write_text("[routing.weights]\ncost = 0.0\n")
    file.write_text("[prices.large]\ninput = 0\noutput = 0\n")
    assert told(home)["model"] == "small"
    assert told(home, "--breaker", "acme/small=open")["model"] == "large"
    assert told(home, "--routing", str(routing))["model"] == "large"
    assert told(home, "--what-if", str(file))["model"] == "large"
    assert told(home, "--what-if", str(file), "--price", "large=99,99")["model"] == "small"


def test_flags_hold_for_every_line_of_a_batch_that_says_nothing_else(
    home: Path, tmp_path: Path
) -> None:
    lines = ({"id": 1, "prompt": "Hello"}, {"id": 2, "prompt": "Hello", "model": "small"})
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = run(home, "route", "--batch", str(tmp_path / "in.jsonl"), "--model", "large")
    assert [json.loads(line)["model"] for line in done.stdout.splitlines()] == ["large", "small"]


def test_a_route_for_a_person_says_why_and_what_would_change_it(home: Path) -> None:
    done = run(home, "route", "What is the capital of Peru?")
    first, *others = done.stdout.splitlines()
    assert first.startswith("acme/small")
    assert any("acme/large would win if" in line for line in others)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["x", "--price", "large=cheap"], "--price large=cheap"),
        (["x", "--breaker", "large"], "--breaker large"),
        (["x", "--what-if", "{folder}/unknown.toml"], "colour"),
        (["x", "--routing", "{folder}/unknown.toml"], "colour"),
        (["x", "--routing", "{folder}/empty.toml"], "[routing]"),
        (["--replay", "7d"], "ledger"),
        (["x", "--replay", "7d"], "one of"),
        (["x", "--out", "out.jsonl"], "--out"),
        (["--replay", "7d", "--price", "large=1,1"], "--replay"),
        (["--replay", "someday", "--routing", "{folder}/fine.toml"], "24h"),
        (["--replay", "7d", "--routing", "{folder}/fine.toml"], "ledger"),
    ],
)
def test_what_cannot_be_supposed_or_replayed_is_explained(
    arguments: list[str], word: str, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "unknown.toml").write_text('colour = "red"\n')
    (tmp_path / "empty.toml").write_text("[cache]\nenabled = true\n")
    (tmp_path / "fine.toml").write_text('[routing]\nprofile = "cheap"\n')
    given = [argument.format(folder=tmp_path) for argument in arguments]
    explained(run(home, "route", *given, environ=NO_LOCAL), 2, word)


async def test_a_replay_reads_the_ledger_of_an_engine_that_runs(tmp_path: Path) -> None:
    """LN-03, LN-11: what really was called, decided again under other settings."""
    home = tmp_path / "home"
    async with (
        chaos_upstream() as upstream,
        client_of(settings_for(upstream.url), home) as (client, _),
    ):
        for n in range(6):
            named = {"model": "small"} if n < 2 else {}
            call = {"prompt": f"Which town is number {n} of Peru?", **named}
            assert not (await client.call_tool("complete", call)).is_error
        await client.call_tool("complete", {"prompt": "Which town is number 5 of Peru?"})  # a hit
        await client.call_tool("cost_stats", {})  # which waits until a hit is in the books
        same = await replayed(home, "7d", RoutingSettings(), CLOCK.wall())
        free = RoutingSettings.model_validate({"weights": {"cost": 0}})
        other = await replayed(home, "7d", free, CLOCK.wall())
        profiles = await tried(home, "7d", RoutingSettings(), CLOCK.wall())
    assert {t["profile"] for t in profiles["trials"]} == {
        "quality", "cheap", "fast", "local", "orchestrator",
    }  # fmt: skip
    assert not any(t["recommended"] for t in profiles["trials"])  # of six calls
    assert (same["calls"], same["cache_hits"], same["failed"], same["left_out"]) == (7, 1, 0, 0)
    assert (same["replay"]["calls"], same["replay"]["changed"]) == (6, 0)
    assert other["replay"]["moves"] == {"acme/small -> acme/large": 4}  # two were asked for
    assert other["replay"]["cost_usd"]["change"]["low"] > 1
    assert other["replay"]["quality"]["change"]["value"] > 0
    everything = json.dumps(other)
    assert "town" not in everything  # prompts are not kept
    assert any(line.startswith("estimated") for line in other["told"])


async def test_a_replay_writes_nothing_and_a_damaged_ledger_is_told(tmp_path: Path) -> None:
    home = tmp_path / "home"
    async with chaos_upstream() as upstream:
        async with client_of(settings_for(upstream.url), home) as (client, _):
            await client.call_tool("complete", {"prompt": "hello"})
        ledger = anyio.Path(home / "ledger.db")
        before = await ledger.read_bytes()
        made = await replayed(home, "all", RoutingSettings(profile="quality"), CLOCK.wall())
        assert made["replay"]["calls"] == 1
        assert await ledger.read_bytes() == before
        await ledger.write_bytes(b"not a database" * 1_000)
    with pytest.raises(ConfigError):
        await replayed(home, "all", RoutingSettings(), CLOCK.wall())


def test_a_replay_for_a_person_says_what_is_recorded_and_what_is_not(
    home: Path, tmp_path: Path
) -> None:
    routing = tmp_path / "routing.toml"
    routing.write_text('[routing]\nprofile = "cheap"\n')
    told(home)  # makes the ledger; a route alone is nothing that could be replayed
    done = run(home, "route", "--replay", "7d", "--routing", str(routing))
    every = run(home, "route", "--replay", "7d")
    for ran in (done, every):
        assert ran.returncode == 1
        assert "none of 0 calls" in ran.stdout
