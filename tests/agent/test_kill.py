"""A process is killed with a run under way; another goes on with it, from the disk."""

import sys
from pathlib import Path

import anyio
import pytest

from agent.task import Task
from tests.agent import victim

ROOT = Path(__file__).parents[2]


async def kill_at(home: Path, place: str) -> None:
    command = [sys.executable, "-m", "tests.agent.victim", str(home), place]
    async with await anyio.open_process(command, cwd=ROOT, stderr=None) as process:
        assert process.stdout is not None
        said = await process.stdout.receive()
        assert said == b"here\n"
        process.kill()
        await process.wait()


def effects(home: Path) -> tuple[int, int]:
    """Payments, which declare idempotency, and letters, which do not."""
    letters = home / "sent"
    sent = letters.read_text().splitlines() if letters.exists() else []
    return len(list(home.glob("paid-*"))), len(sent)


@pytest.mark.parametrize("place", [p for p in victim.PLACES if p != "never"])
async def test_after_kill_9_the_run_goes_on_and_nothing_happens_twice(
    tmp_path: Path, place: str
) -> None:
    with anyio.fail_after(50):
        await kill_at(tmp_path, place)
        result = await victim.run(tmp_path, "never", Task(text="", resume="run-1"))
    assert (result.status, result.answer) == ("completed", "done")
    assert effects(tmp_path) == (1, 0 if place == "send begins" else 1)
    unknown = [s for s in result.steps if "unknown" in s.result_summary]
    assert [s.tool for s in unknown] == (["send"] if place.startswith("send") else [])
