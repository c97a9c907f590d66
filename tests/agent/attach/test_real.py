"""Servers that nobody here wrote, over pipes and over HTTP."""

import json
import os
import shutil
import signal
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from agent.attach.attachments import Attachments
from agent.tool import ToolResult
from tests.agent.attach.attaching import ToldClock, attached, named, use
from tests.agent.attach.ports import free_port, listens
from tests.conformance.node import install_servers, node

pytestmark = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not on this machine")
EVERYTHING = "@modelcontextprotocol/server-everything/dist/index.js"


@pytest.fixture
async def installed() -> Path:
    return await install_servers()


def program(installed: Path, script: str, *arguments: object, **env: str) -> dict[str, Any]:
    return {"command": node(), "args": [str(installed / script), *map(str, arguments)], "env": env}


def all_of(installed: Path, folder: Path) -> Mapping[str, Any]:
    files = "@modelcontextprotocol/server-filesystem/dist/index.js"
    memory = "@modelcontextprotocol/server-memory/dist/index.js"
    return {
        "everything": program(installed, EVERYTHING),
        "files": program(installed, files, folder),
        "memory": program(installed, memory, MEMORY_FILE_PATH=str(folder / "memory.jsonl")),
        "old": program(installed, "everything-2024/dist/index.js"),
    }


async def called(attachments: Attachments, name: str, **arguments: Any) -> ToolResult:
    with anyio.fail_after(30):
        return await (await named(attachments, name)).run(arguments, use())


async def test_servers_of_others_work_side_by_side(tmp_path: Path, installed: Path) -> None:
    """L: everything, filesystem, memory, and one that speaks 2024-11-05."""
    async with attached(tmp_path, all_of(installed, tmp_path)) as (attachments, _):
        assert (await called(attachments, "everything__echo", message="hi")).text == "Echo: hi"
        assert (await called(attachments, "old__add", a=2, b=3)).text == "The sum of 2 and 3 is 5."
        path = str(tmp_path / "note.txt")
        written = await called(attachments, "files__write_file", path=path, content="kept")
        assert not written.is_error
        assert (await called(attachments, "files__read_text_file", path=path)).text == "kept"
        outside = await called(attachments, "files__read_text_file", path="/etc/hostname")
        assert outside.is_error
        entity = {"name": "Ada", "entityType": "person", "observations": ["wrote programs"]}
        await called(attachments, "memory__create_entities", entities=[entity])
        found = await called(attachments, "memory__search_nodes", query="programs")
        assert json.loads(found.text)["entities"][0]["name"] == "Ada"
        protocols = {one.name: one.protocol for one in attachments.statuses()}
        assert protocols["old"] == "2024-11-05"
        assert protocols["everything"] == protocols["files"] == "2025-11-25"
        risks = {tool.spec.name: tool.risk for tool in attachments.now()}
        assert risks["files__read_text_file"] == "read"
        assert risks["files__write_file"] == risks["old__echo"] == "write"


async def test_what_is_no_text_is_named(tmp_path: Path, installed: Path) -> None:
    servers = {"everything": program(installed, EVERYTHING)}
    async with attached(tmp_path, servers) as (attachments, _):
        image = await called(attachments, "everything__get-tiny-image")
        assert "[image, image/png, " in image.text
        assert len(image.text) < 500
        weather = await called(
            attachments, "everything__get-structured-content", location="New York"
        )
        assert isinstance(weather.data, dict)
        assert json.loads(weather.text) == weather.data


async def test_progress_of_a_long_call_is_passed_on(tmp_path: Path, installed: Path) -> None:
    seen = list[float]()

    async def progress(done: float, _total: float | None, _message: str) -> None:
        seen.append(done)

    servers = {
        "everything": program(installed, EVERYTHING),
    }
    async with attached(tmp_path, servers) as (attachments, _):
        tool = await named(attachments, "everything__trigger-long-running-operation")
        with anyio.fail_after(30):
            result = await tool.run({"duration": 0.1, "steps": 3}, use(progress))
        assert not result.is_error
        assert seen == [1, 2, 3]


async def test_one_killed_during_a_call_leaves_the_others_at_work(
    tmp_path: Path, installed: Path
) -> None:
    clock = ToldClock()
    servers = all_of(installed, tmp_path)
    async with attached(tmp_path, servers, clock=clock.clock()) as (attachments, heard):
        tool = await named(attachments, "everything__trigger-long-running-operation")
        results = list[ToolResult]()
        begun = anyio.Event()

        async def progress(_done: float, _total: float | None, _message: str) -> None:
            begun.set()

        async def call() -> None:
            results.append(await tool.run({"duration": 600, "steps": 6_000}, use(progress)))

        with anyio.fail_after(40):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(call)
                await begun.wait()
                os.kill(await pid_of(EVERYTHING), signal.SIGKILL)
            assert results[0].is_error
            await heard.until("everything", "failed")
            assert {tool.server for tool in attachments.now()} == {"files", "memory", "old"}
            assert not (await called(attachments, "old__echo", message="still here")).is_error
            killed = len(heard.all)
            clock.advance(1)
            await heard.until("everything", "ready", since=killed)
            again = await called(attachments, "everything__echo", message="back")
            assert again.text == "Echo: back"


async def pid_of(script: str) -> int:
    """The program of ours that runs that script."""
    ours = str(os.getpid())
    async for folder in anyio.Path("/proc").glob("[0-9]*"):
        try:
            status = await (folder / "stat").read_text()
            command = await (folder / "cmdline").read_text()
        except OSError:
            continue
        if status.rsplit(")", 1)[1].split()[1] == ours and script in command:
            return int(folder.name)
    raise AssertionError(f"{script} does not run")


@asynccontextmanager
async def over_http(installed: Path, port: int) -> AsyncGenerator[None, None]:
    command = [node(), str(installed / EVERYTHING), "streamableHttp"]
    environ = {**os.environ, "PORT": str(port)}
    async with await anyio.open_process(command, env=environ, stdout=None, stderr=None) as process:
        try:
            with anyio.fail_after(30):
                while not await listens(port):
                    await anyio.lowlevel.checkpoint()
            yield
        finally:
            process.kill()


async def test_a_server_over_http_goes_away_and_comes_back(tmp_path: Path, installed: Path) -> None:
    port = free_port()
    clock = ToldClock()
    servers = {
        "web": {"type": "streamable-http", "url": f"http://127.0.0.1:{port}/mcp"},
        "old": program(installed, "everything-2024/dist/index.js"),
    }
    async with attached(tmp_path, servers, clock=clock.clock()) as (attachments, heard):
        async with over_http(installed, port):
            echo = await named(attachments, "web__echo")
            with anyio.fail_after(30):
                assert (await echo.run({"message": "hi"}, use())).text == "Echo: hi"
        with anyio.fail_after(30):
            assert (await echo.run({"message": "gone"}, use())).is_error
            await heard.until("web", "failed")
        assert {tool.server for tool in attachments.now()} == {"old"}
        async with over_http(installed, port):
            gone = len(heard.all)
            clock.advance(1)
            with anyio.fail_after(30):
                await heard.until("web", "ready", since=gone)
                echo = await named(attachments, "web__echo")
                assert (await echo.run({"message": "back"}, use())).text == "Echo: back"
