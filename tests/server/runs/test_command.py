"""`pointsman agent` as a person meets it: its steps, its questions, its exit codes."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from anyio.abc import Process

from tests.chaos import ChaosUpstream, chaos_upstream
from tests.server.runs.script import calling, saying

ROOT = Path(__file__).parents[3]
WRITE = ("write_file", {"path": "a.txt", "content": "hello"})


@pytest.fixture
async def upstream() -> AsyncIterator[ChaosUpstream]:
    async with chaos_upstream() as upstream:
        yield upstream


def environ(home: Path, upstream: ChaosUpstream) -> dict[str, str]:
    """One paid model at `upstream`."""
    file = home.with_suffix(".toml")
    file.write_text(
        f"""
        [providers.acme]
        kind = "openai"
        base_url = "{upstream.url}/v1"
        [[providers.acme.models]]
        id = "m"
        price = {{ input = 1.0, output = 2.0 }}
        capabilities = ["tools", "json"]
        [local]
        enabled = false
        [embedding]
        enabled = false
        """
    )
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**keep, "POINTSMAN_HOME": str(home), "POINTSMAN_CONFIG": str(file)}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-P", str(ROOT / "pointsman" / "__main__.py"), *arguments]


async def run(
    cwd: Path, env: dict[str, str], *arguments: str
) -> subprocess.CompletedProcess[bytes]:
    with anyio.fail_after(50):
        return await anyio.run_process(command(*arguments), cwd=cwd, env=env, check=False)


@asynccontextmanager
async def engine(env: dict[str, str], cwd: Path) -> AsyncIterator[Process]:
    """A server that owns the home, as one in an IDE does."""
    process = await anyio.open_process(command("serve"), env=env, cwd=cwd, stderr=None)
    async with process:
        try:
            yield process
        finally:
            process.kill()


async def at_a_terminal(
    cwd: Path, env: dict[str, str], said: bytes, *arguments: str
) -> tuple[int, bytes]:
    """The exit code and the result of a command at a terminal where `said` is typed."""
    ours, theirs = pty.openpty()
    os.write(ours, b"y\ny\n")  # typed ahead: no answer to anything
    try:
        with anyio.fail_after(50):
            called = command(*arguments)
            async with await anyio.open_process(called, cwd=cwd, env=env, stdin=theirs) as process:
                assert process.stdout is not None
                assert process.stderr is not None
                told = b""
                while b"[y]es" not in told:
                    told += await process.stderr.receive()
                os.write(ours, said)
                out = b"".join([part async for part in process.stdout])
                return await process.wait(), out
    finally:
        os.close(ours)
        os.close(theirs)


async def test_steps_go_to_standard_error_and_the_answer_to_standard_output(
    tmp_path: Path, upstream: ChaosUpstream
) -> None:
    upstream.script(calling(("calculator", {"expression": "17*23"})), saying("It is 391."))
    env = environ(tmp_path / "home", upstream)
    done = await run(tmp_path, env, "agent", "What is 17*23?")
    assert (done.returncode, done.stdout) == (0, b"It is 391.\n"), done.stderr
    assert b"calculator" in done.stderr
    assert b"= 391" in done.stderr


async def test_a_run_at_its_limit_says_how_to_go_on(
    tmp_path: Path, upstream: ChaosUpstream
) -> None:
    env = environ(tmp_path / "home", upstream)
    upstream.script(calling(("calculator", {"expression": "1+1"})), saying("So far: 2."))
    done = await run(tmp_path, env, "agent", "Count.", "--max-turns", "1", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["status"]) == (1, "max_turns")
    upstream.script(saying("Four."))
    again = await run(tmp_path, env, "agent", "--resume", told["run_id"], "--max-turns", "4")
    assert (again.returncode, again.stdout) == (0, b"Four.\n"), again.stderr


@pytest.mark.parametrize(("said", "written"), [(b"y\n", True), (b"n\n", False), (b"\n", False)])
async def test_the_person_at_the_terminal_is_asked(
    said: bytes, written: bool, tmp_path: Path, upstream: ChaosUpstream
) -> None:
    upstream.script(calling(WRITE), saying("Well."))
    env = environ(tmp_path / "home", upstream)
    code, out = await at_a_terminal(tmp_path, env, said, "agent", "Write it.")
    assert (code, out) == (0, b"Well.\n")
    assert (tmp_path / "a.txt").exists() is written


async def test_without_a_terminal_nobody_is_asked_unless_all_is_approved(
    tmp_path: Path, upstream: ChaosUpstream
) -> None:
    env = environ(tmp_path / "home", upstream)
    for approve, written in (("ask", False), ("never", False), ("all", True)):
        upstream.script(calling(WRITE), saying("Well."))
        done = await run(tmp_path, env, "agent", "Write it.", "--approve", approve)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "a.txt").exists() is written


async def test_it_works_through_the_engine_that_runs_on_the_home(
    tmp_path: Path, upstream: ChaosUpstream
) -> None:
    """The question comes over the socket, and the folder is the one the command is called in."""
    work = tmp_path / "work"
    await anyio.to_thread.run_sync(work.mkdir)
    env = environ(tmp_path / "home", upstream)
    async with engine(env, tmp_path):
        with anyio.fail_after(40):
            while not await anyio.Path(tmp_path / "home" / "engine.sock").exists():  # noqa: ASYNC110
                await anyio.sleep(0.05)
        upstream.script(calling(WRITE), saying("Well."))
        code, out = await at_a_terminal(work, env, b"y\n", "agent", "Write it.")
    assert (code, out) == (0, b"Well.\n")
    assert (work / "a.txt").exists()


async def test_a_file_of_servers_that_is_not_there_is_named(
    tmp_path: Path, upstream: ChaosUpstream
) -> None:
    env = environ(tmp_path / "home", upstream)
    done = await run(tmp_path, env, "agent", "x", "--servers", "nowhere.json")
    assert done.returncode == 2
    assert b"nowhere.json" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["x", "--max-cost", "nan"], b"nan"),
        (["x", "--root", "/nowhere/at/all"], b"/nowhere/at/all"),
        (["x", "--root", "/"], b"/"),
        ([""], b"empty"),
    ],
)
async def test_what_cannot_work_is_explained(
    arguments: list[str], word: bytes, tmp_path: Path, upstream: ChaosUpstream
) -> None:
    done = await run(tmp_path, environ(tmp_path / "home", upstream), "agent", *arguments)
    assert done.returncode == 2
    assert word in done.stderr
    assert b"Traceback" not in done.stderr
