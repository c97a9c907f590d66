"""Both protocol eras, over pipes and over HTTP, against a server made with the SDK."""

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from agent.tool import ToolResult
from tests.agent.attach.attaching import HERE, attached, kit, named, use
from tests.agent.attach.ports import free_port, listens

ERAS = {"modern": "2026-07-28", "legacy": "2025-11-25"}


@asynccontextmanager
async def serving(how: str, era: str) -> AsyncGenerator[dict[str, Any], None]:
    """An entry of an mcp.json for the kit; over HTTP it is started here."""
    if how == "stdio":
        yield kit(protocolEra=era)
        return
    port = free_port()
    command = [sys.executable, str(HERE / "kit.py"), "--http", str(port)]
    async with await anyio.open_process(command, stdout=None, stderr=None) as process:
        try:
            with anyio.fail_after(30):
                while not await listens(port):
                    await anyio.lowlevel.checkpoint()
            yield {"url": f"http://127.0.0.1:{port}/mcp", "protocolEra": era}
        finally:
            process.kill()


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("how", ["stdio", "http"])
async def test_the_tools_of_a_server_work(tmp_path: Path, how: str, era: str) -> None:
    seen = list[str]()

    async def progress(_done: float, _total: float | None, message: str) -> None:
        seen.append(message)

    async def elicit(_server: str, message: str, _schema: object) -> dict[str, Any]:
        return {"ok": message == "Are you sure?"}

    async with serving(how, era) as entry, attached(tmp_path, {"k": entry}, elicit=elicit) as both:
        attachments, heard = both
        add = await named(attachments, "k__add")
        assert (add.risk, add.idempotent) == ("read", True)
        with anyio.fail_after(30):
            assert await add.run({"a": 2, "b": 3}, use()) == ToolResult(text="5")
            count = await named(attachments, "k__count")
            assert (await count.run({}, use(progress))).text == "three"
            careful = await named(attachments, "k__careful")
            assert (await careful.run({}, use())).text == "confirmed: True"
            wrong = await add.run({"a": "x"}, use())
            assert wrong.is_error
            assert "validation error" in wrong.text
            await (await named(attachments, "k__grow")).run({}, use())
            await heard.until("k", "ready", times=2)
            assert (await (await named(attachments, "k__later")).run({}, use())).text == "later"
        (status,) = attachments.statuses()
        assert status.protocol == ERAS[era]
    assert seen == ["step 1", "step 2", "step 3"]


@pytest.mark.parametrize("era", ERAS)
async def test_whoever_asks_where_nobody_can_answer_is_refused(tmp_path: Path, era: str) -> None:
    async with attached(tmp_path, {"k": kit(protocolEra=era)}) as (attachments, _):
        careful = await named(attachments, "k__careful")
        with anyio.fail_after(30):
            assert (await careful.run({}, use())).is_error
