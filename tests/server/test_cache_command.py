"""`pointsman cache` as a person meets it: a process, its tables, its exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest

from storage.database import open_database
from tests.chaos import ChaosUpstream, chaos_upstream
from tests.server.test_bench_command import ROOT, ended
from tests.server.test_cli import NO_LOCAL, explained
from tests.server.test_cli import run as run_alone

PAGE = 8192


async def run(home: Path, upstream: ChaosUpstream, *arguments: str) -> tuple[int, str, str]:
    """The command, with one paid backend at `upstream`, no local model and no embeddings."""
    (home.parent / "pointsman.toml").write_text(
        "[local]\nenabled = false\n[embedding]\nenabled = false\n"
        f'[providers.acme]\nbase_url = "{upstream.url}/v1"\n[[providers.acme.models]]\n'
        'id = "acme-1"\ncontext = 4096\nprice = { input = 1.0, output = 2.0 }\n'
    )
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    process = await anyio.open_process(
        [sys.executable, "-P", str(ROOT / "pointsman" / "__main__.py"), *arguments],
        stdin=subprocess.DEVNULL,
        cwd=home.parent,
        env={**keep, "POINTSMAN_HOME": str(home)},
    )
    return await ended(process)


async def done(home: Path, upstream: ChaosUpstream, *arguments: str) -> Any:
    """What a command that must succeed says as JSON."""
    code, out, err = await run(home, upstream, *arguments, "--json")
    assert code == 0, err
    return json.loads(out)


async def test_a_cache_is_warmed_used_reported_and_purged(tmp_path: Path) -> None:
    """CA-05, CA-16, CA-24, CA-26: by one who has nothing but the command line."""
    home = tmp_path / "home"
    (tmp_path / "prompts.txt").write_text('What is a monad?\n\n{"prompt": "Two\\nlines"}\n')
    async with chaos_upstream() as upstream:
        code, out, err = await run(home, upstream, "cache", "warm", "prompts.txt")
        assert code == 0, err
        assert "2 answers stored" in out
        assert "2/2 " in err
        asked = len(upstream.requests)
        hits = [await done(home, upstream, "ask", "What is a monad?") for _ in range(2)]
        assert len(upstream.requests) == asked
        assert all(hit["cache"]["hit"] for hit in hits)
        told = await done(home, upstream, "cache", "stats", "--by", "layer,kind", "--top", "3")
        assert (told["totals"]["hits"], told["totals"]["hit_rate"]) == (2, 1.0)
        assert told["totals"]["saved_usd"] > 0
        assert [top["prompt"] for top in told["top"]] == ["What is a monad?"]
        code, out, _ = await run(home, upstream, "cache", "stats")
        lines = out.splitlines()
        assert lines[0].split() == [
            "requests", "hits", "rate", "exact", "semantic", "adapted", "stale", "saved"
        ]  # fmt: skip
        assert lines[1].split()[:4] == ["total", "2", "2", "100.0%"]
        assert lines[2].endswith("What is a monad?")
        assert "redis disabled; database 2 answers" in lines[-1]
        code, out, _ = await run(home, upstream, "cache", "report", hits[0]["cache"]["hit_id"])
        assert (code, out.split(".")[0]) == (0, "The answer was deleted")
        assert await done(home, upstream, "cache", "gc") | {"bytes": 0, "bytes_before": 0} == {
            "removed": 0, "items": 1, "bytes_before": 0, "bytes": 0
        }  # fmt: skip
        code, out, _ = await run(home, upstream, "cache", "purge", "--older-than", "1h")
        assert (code, out) == (0, "Forgot 0 answers.\n")
        code, out, _ = await run(home, upstream, "cache", "purge", "--model", "acme-1")
        assert (code, out) == (0, "Forgot 1 answers.\n")
        _, out, _ = await run(home, upstream, "cache", "stats")
        assert "local purged model acme-1: 1 answers" in out


async def test_a_backup_is_taken_checked_and_put_back(tmp_path: Path) -> None:
    """CA-19: also while an engine has the cache open."""
    home = tmp_path / "home"
    async with chaos_upstream() as upstream:
        code, _, err = await run(home, upstream, "cache", "backup", "copy.db")
        assert code == 2
        assert "no cache" in err
        await done(home, upstream, "ask", "hello")
        async with open_database(home / "cache.db", kind="cache"):
            made = await done(home, upstream, "cache", "backup", "copy.db")
            assert (made["rows"], made["damaged"], made["problems"]) == (1, 0, [])
            code, _, err = await run(home, upstream, "cache", "restore", "copy.db")
            assert code == 2
            assert "in use" in err
        code, _, err = await run(home, upstream, "cache", "backup", "copy.db")
        assert (code, "there already" in err) == (2, True)
        await done(home, upstream, "cache", "purge", "--all")
        code, out, _ = await run(home, upstream, "cache", "restore", "copy.db")
        assert code == 0
        assert "1 answers" in out
        assert (await done(home, upstream, "ask", "hello"))["cache"]["hit"]
        code, out, _ = await run(home, upstream, "cache", "verify")
        assert (code, "all whole" in out) == (0, True)
        copy = anyio.Path(tmp_path / "copy.db")
        data = await copy.read_bytes()
        await copy.write_bytes(data[:PAGE] + b"x" * (len(data) - PAGE))
        code, out, _ = await run(home, upstream, "cache", "verify", "copy.db")
        assert (code, "all whole" in out) == (1, False)


PAIRS = [
    {"id": 1, "a": "What is the capital of France?", "b": "what is the capital of france"},
    {"id": "two", "a": "What is 2 + 2?", "b": "What is 2 + 3?"},
]


async def test_pairs_are_probed_without_an_engine_and_beside_one(tmp_path: Path) -> None:
    """The contract's `cache probe`: nothing is called, and no database is opened."""
    home = tmp_path / "home"
    pairs = "".join(json.dumps(pair) + "\n" for pair in PAIRS)
    (tmp_path / "in.jsonl").write_text(pairs + "\n")
    probing = ("cache", "probe", "--pairs", "in.jsonl")
    async with chaos_upstream() as upstream:
        code, out, err = await run(home, upstream, *probing)
        assert code == 0, err
        told = [json.loads(line) for line in out.splitlines()]
        assert not (home / "cache.db").exists()
        home.mkdir(exist_ok=True)
        async with open_database(home / "cache.db", kind="cache"):
            code, out, err = await run(home, upstream, *probing, "--out", "out.jsonl")
        assert code == 0, err
        assert "1 of 2 pairs" in out
        assert upstream.requests == []
    assert [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()] == told
    assert [(row["id"], row["hit"]) for row in told] == [(1, True), ("two", False)]
    assert all(row.keys() == {"id", "hit", "layer", "similarity", "reason"} for row in told)


async def test_what_was_not_warmed_is_told(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (tmp_path / "prompts.txt").write_text("one\ntwo\n")
    async with chaos_upstream() as upstream:
        code, out, _ = await run(
            home, upstream, "cache", "warm", "prompts.txt", "--max-cost", "0.000001"
        )
        assert (code, upstream.requests) == (1, [])
        assert "2 not asked" in out


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["purge"], "--all"),
        (["purge", "--older-than", "soon"], "'soon'"),
        (["purge", "--all", "--model", "m"], "all=true"),
        (["warm"], "FILE"),
        (["warm", "/nowhere.txt"], "/nowhere.txt"),
        (["warm", "bad.jsonl"], "Line 2"),
        (["warm", "odd.jsonl"], "Line 1 has no 'prompt'"),
        (["warm", "empty.txt"], "no prompt"),
        (["report"], "HIT_ID"),
        (["report", "abc", "--key", "k"], "HIT_ID"),
        (["report", "abc"], "no such answer"),
        (["stats", "--since", "yesterday"], "24h"),
        (["stats", "--by", "colour"], "group_by"),
        (["stats", "--top", "1000"], "'top'"),
        (["stats", "--config", "/nowhere.toml"], "/nowhere.toml"),
        (["probe", "--pairs", "/nowhere.jsonl"], "/nowhere.jsonl"),
        (["probe", "--pairs", "bad.jsonl"], "Line 1"),
        (["verify", "/nowhere.db"], "/nowhere.db"),
        (["restore", "/nowhere.db"], "/nowhere.db"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_work_is_explained(arguments: list[str], word: str, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('{"prompt": "x"}\n{"prompt": \n')
    (tmp_path / "odd.jsonl").write_text('{"prompt": 3}\n')
    (tmp_path / "empty.txt").write_text("\n  \n")
    explained(run_alone(tmp_path / "home", "cache", *arguments, environ=NO_LOCAL), 2, word)


@pytest.mark.parametrize("arguments", [[], ["warmer"], ["probe"], ["backup"]])
def test_the_usage_is_shown_for_what_is_no_action(arguments: list[str], tmp_path: Path) -> None:
    told = run_alone(tmp_path / "home", "cache", *arguments, environ=NO_LOCAL)
    assert told.returncode == 2
    assert "usage: pointsman cache" in told.stderr
