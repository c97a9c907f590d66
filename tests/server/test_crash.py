"""kill -9 of the real server under load: what was acknowledged is in the books."""

import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from tests.chaos import chaos_upstream
from tests.server.windows.harness import Window

ROOT = Path(__file__).parents[2]
KILLS = 20
CALLERS = 8


@asynccontextmanager
async def serving(home: Path, environ: Mapping[str, str]) -> AsyncIterator[Window]:
    """A real `pointsman serve` on `home`."""
    command = [sys.executable, "-P", str(ROOT / "pointsman" / "__main__.py"), "serve"]
    env = {**os.environ, **environ, "POINTSMAN_HOME": str(home)}
    process = await anyio.open_process(command, cwd=home.parent, env=env, stderr=subprocess.DEVNULL)
    async with process:
        try:
            yield Window(process)
        finally:
            if process.returncode is None:
                process.kill()


def backend_at(url: str) -> dict[str, str]:
    """A paid backend `acme`, by environment alone."""
    return {
        "POINTSMAN_LOCAL__ENABLED": "false",
        "POINTSMAN_PROVIDERS__ACME__BASE_URL": f"{url}/v1",
        "POINTSMAN_PROVIDERS__ACME__MODELS": '[{id="m", price={input=1.0, output=2.0}}]',
    }


async def answered_until_killed(window: Window, first: int, calls: int) -> set[str]:
    """The decisions of the calls that were answered before the process was killed."""
    for n in range(CALLERS):
        await window.call("complete", prompt=f"question {first + n}", cache="off")
    answered: set[str] = set()
    asked = CALLERS
    while len(answered) < calls:
        message = await window.message()
        result = message["result"]
        assert not result["isError"], result
        answered.add(result["structuredContent"]["decision_id"])
        await window.call("complete", prompt=f"question {first + asked}", cache="off")
        asked += 1
    window.process.kill()
    return answered


@pytest.mark.timeout(180)
async def test_every_acknowledged_call_survives_twenty_kills(tmp_path: Path) -> None:
    """ST-06, F-4: no acknowledged row is lost, and the database is whole."""
    home, dice = tmp_path / "home", random.Random(4)
    acknowledged: set[str] = set()
    async with chaos_upstream() as upstream:
        for n in range(KILLS):
            async with serving(home, backend_at(upstream.url)) as window:
                with anyio.fail_after(30):
                    acknowledged |= await answered_until_killed(
                        window, 1000 * n, dice.randrange(5, 40)
                    )
                    await window.process.wait()
    with sqlite3.connect(home / "ledger.db") as books:
        kept = {row[0] for row in books.execute("SELECT decision_id FROM calls")}
        assert books.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert len(acknowledged) > 5 * KILLS
    assert acknowledged <= kept
