"""The official SDK's client at our standard streams, in both eras of the protocol."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.types import TextContent

from tests.server.windows.harness import ROOT, open_window

ERAS = pytest.mark.parametrize("mode", ["legacy", "auto"])


@asynccontextmanager
async def client_of(home: Path, mode: str) -> AsyncIterator[Client]:
    parameters = StdioServerParameters(
        command=sys.executable, args=["-m", "tests.server.windows.window", str(home)], cwd=ROOT
    )
    with anyio.fail_after(50):
        async with Client(parameters, mode=mode) as client:
            yield client


@ERAS
async def test_the_sdk_client_lists_and_calls_tools_through_a_relay(
    tmp_path: Path, mode: str
) -> None:
    async with open_window(tmp_path) as owner:
        await owner.echo("mine")
        async with client_of(tmp_path, mode) as client:
            expected = "2026-07-28" if mode == "auto" else "2025-11-25"
            assert client.protocol_version == expected
            assert [tool.name for tool in (await client.list_tools()).tools] == ["echo", "wait"]
            result = await client.call_tool("echo", {"text": "hello"})
            assert result.structured_content == {"text": "hello", "state": str(tmp_path)}
            refused = await client.call_tool("nonsense", {})
            assert refused.is_error
            assert isinstance(refused.content[0], TextContent)


@ERAS
async def test_progress_and_cancellation_pass_through_a_relay(tmp_path: Path, mode: str) -> None:
    async with open_window(tmp_path) as owner:
        await owner.echo("mine")
        async with client_of(tmp_path, mode) as client:
            told = anyio.Event()

            async def on_progress(
                progress: float, total: float | None, message: str | None
            ) -> None:
                assert (progress, total, message) == (1, 2, "waiting")
                told.set()

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(
                    lambda: client.call_tool("wait", {}, progress_callback=on_progress)
                )
                await told.wait()
                tasks.cancel_scope.cancel()
            while not await anyio.Path(tmp_path / "cancelled").exists():
                await client.call_tool("echo", {"text": "does it know?"})
