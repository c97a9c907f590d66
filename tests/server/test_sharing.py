"""Several real `pointsman serve` on one home: one cache and one ledger (DESIGN section 4)."""

import sqlite3
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import anyio

from tests.chaos import chaos_upstream
from tests.server.test_crash import backend_at, serving
from tests.server.windows.harness import Window, pid_of_owner, rss_mb


async def result_of(window: Window, tool: str, **arguments: Any) -> Any:
    number = await window.call(tool, **arguments)
    while (message := await window.message()).get("id") != number:
        pass
    return message["result"]


async def test_windows_share_a_cache_and_a_ledger_and_outlive_their_owner(tmp_path: Path) -> None:
    home = tmp_path / "home"
    async with chaos_upstream() as upstream, AsyncExitStack() as stack:
        windows = [
            await stack.enter_async_context(serving(home, backend_at(upstream.url)))
            for _ in range(4)
        ]
        with anyio.fail_after(40):
            first = await result_of(windows[0], "complete", prompt="hello")
            again = await result_of(windows[3], "complete", prompt="hello")
            owner = pid_of_owner(home)
            relays = [w for w in windows if w.process.pid != owner]
            assert all(rss_mb(w.process.pid) < 80 for w in relays)
            next(w for w in windows if w.process.pid == owner).process.kill()
            late = await answered_at_last(relays[1], "hello")
    assert not first["structuredContent"]["cache"]["hit"]
    assert again["structuredContent"]["cache"]["hit"]
    assert late["structuredContent"]["cache"]["layer"] == "database"
    assert len(upstream.requests) == 1
    with sqlite3.connect(home / "ledger.db") as books:
        assert books.execute("SELECT count(*) FROM attempts").fetchone() == (1,)


async def answered_at_last(window: Window, prompt: str) -> Any:
    """What `complete` answers, again as long as the answer is that the engine ended meanwhile."""
    while (result := await result_of(window, "complete", prompt=prompt))["isError"]:
        assert result["structuredContent"]["error"]["code"] == "cancelled"
    return result


async def test_a_prompt_of_ten_megabytes_is_refused_in_a_sentence(tmp_path: Path) -> None:
    async with (
        chaos_upstream() as upstream,
        serving(tmp_path / "home", backend_at(upstream.url)) as window,
    ):
        with anyio.fail_after(40):
            result = await result_of(window, "complete", prompt="x" * 10_000_000)
            assert result["isError"]
            assert "10,000,000" in result["content"][0]["text"]
            assert not (await result_of(window, "route", prompt="still there"))["isError"]
    assert not upstream.requests
