"""`pointsman bench` as a person meets it: a process, its table, its exit code, Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from anyio.abc import Process

from server.windows.client import call_engine
from tests.chaos import ChaosUpstream, Exchange, chaos_upstream
from tests.faults import answering

ROOT = Path(__file__).parents[2]
MATH = ("bench", "--category", "math")


async def start(home: Path, upstream: ChaosUpstream, *arguments: str) -> Process:
    """The command, with one paid backend at `upstream` and no local model."""
    (home.parent / "pointsman.toml").write_text(
        f'[local]\nenabled = false\n[providers.acme]\nbase_url = "{upstream.url}/v1"\n'
        '[[providers.acme.models]]\nid = "acme-1"\nprice = { input = 1.0, output = 2.0 }\n'
    )
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return await anyio.open_process(
        [sys.executable, "-P", str(ROOT / "pointsman" / "__main__.py"), *arguments],
        stdin=subprocess.DEVNULL,
        cwd=home.parent,
        env={**keep, "POINTSMAN_HOME": str(home), "POINTSMAN_EMBEDDING__ENABLED": "false"},
    )


async def text(stream: anyio.abc.ByteReceiveStream | None) -> str:
    assert stream is not None
    return b"".join([chunk async for chunk in stream]).decode()


async def ended(process: Process) -> tuple[int, str, str]:
    """Its exit code, and what it said on standard output and standard error."""
    said: dict[str, str] = {}

    async def read(name: str, stream: anyio.abc.ByteReceiveStream | None) -> None:
        said[name] = await text(stream)

    with anyio.fail_after(50):
        async with process, anyio.create_task_group() as tasks:
            tasks.start_soon(read, "out", process.stdout)
            tasks.start_soon(read, "err", process.stderr)
        return await process.wait(), said["out"], said["err"]


async def run(home: Path, upstream: ChaosUpstream, *arguments: str) -> tuple[int, str, str]:
    return await ended(await start(home, upstream, *arguments))


async def test_a_run_its_table_and_what_is_remembered_of_it(tmp_path: Path) -> None:
    """BM-14."""
    home = tmp_path / "home"
    async with chaos_upstream(answering("282")) as upstream:
        code, out, err = await run(home, upstream, *MATH)
        assert code == 0, err
        head, line = out.splitlines()
        assert head.split()[:3] == ["category", "model", "quality"]
        assert line.split()[:3] == ["math", "acme/acme-1", "7"]
        assert "15/15 math-" in err
        asked = len(upstream.requests)
        code, out, err = await run(home, upstream, "bench", "latest", "--json")
        assert (code, err) == (0, "")
        (result,) = json.loads(out)["results"]
        assert (result["n"], result["completed"], result["provider"]) == (15, 15, "acme")
        code, out, _ = await run(home, upstream, "bench", "history", "-n", "1", "--json")
        assert json.loads(out)["results"] == [result]
        assert len(upstream.requests) == asked


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        ((*MATH, "--max-cost", "0"), 1, "budget"),
        ((*MATH, "--model", "nope"), 2, "'nope'"),
        (("bench", "--category", "maths"), 2, "maths"),
        (("bench", "history", "-n", "0"), 2, "'n'"),
    ],
)
async def test_what_cannot_be_measured_is_explained(
    arguments: tuple[str, ...], code: int, word: str, tmp_path: Path
) -> None:
    async with chaos_upstream() as upstream:
        got, _, err = await run(tmp_path / "home", upstream, *arguments)
        assert got == code, err
        assert word in err
        assert "Traceback" not in err
        assert not upstream.requests


async def test_an_interrupt_ends_the_run_and_its_calls(tmp_path: Path) -> None:
    asked = anyio.Event()

    async def silence(exchange: Exchange) -> None:
        asked.set()
        await exchange.until_gone()

    async with chaos_upstream(silence) as upstream:
        process = await start(tmp_path / "home", upstream, *MATH)
        with anyio.fail_after(30):
            await asked.wait()
        process.send_signal(signal.SIGINT)
        code, out, err = await ended(process)
        assert (code, out) == (130, "")
        assert "Traceback" not in err
        with anyio.fail_after(5):
            await upstream.quiet()


async def test_a_run_leaves_the_home_open_to_others(tmp_path: Path) -> None:
    """BM-14: windows and commands find an engine while a run, which may be long, holds the home."""
    home, asked, answered = tmp_path / "home", anyio.Event(), anyio.Event()

    async def held(exchange: Exchange) -> None:
        asked.set()
        await answered.wait()
        await answering("282")(exchange)

    async with chaos_upstream(held) as upstream:
        process = await start(home, upstream, *MATH)
        with anyio.fail_after(50):
            await asked.wait()
            code, out, err = await run(home, upstream, "route", "Who wrote Hamlet?", "--json")
            health = await call_engine(home, "provider_health", {})
        assert (code, json.loads(out)["model"]) == (0, "acme-1"), err
        assert health["providers"][0]["in_flight"] > 0  # told by the process of the run
        answered.set()
        code, out, _ = await ended(process)
        assert (code, out.splitlines()[1].split()[0]) == (0, "math")
