"""Whatever ends a program, nothing of it is left on the machine."""

import os
import sys
from pathlib import Path

import anyio
import pytest

from tests.tools.workbench.code.processes import marked, processes_of, status
from tools.workbench.code.bubblewrap import Cell, Refused, run_bubblewrap
from tools.workbench.code.outcome import Limits

LIMITS = Limits(seconds=0.3, memory_bytes=64 * 1024 * 1024)
ROOT = Path(__file__).parents[4]
LOOPS = ({"use_uvloop": False}, {"use_uvloop": True})  # the command line's, and the HTTP server's


@pytest.mark.parametrize("anyio_backend", [("asyncio", loop) for loop in LOOPS])
@pytest.mark.parametrize(
    "code",
    [
        "1",
        "while True: pass",
        "while True: print('a' * 1000)",
        "import os\nos._exit(1)",
        "import os\nos.kill(os.getpid(), 9)",
        "import os\nfor fd in range(64):\n try: os.close(fd)\n except OSError: pass\n"
        "while True: pass",
    ],
)
async def test_no_process_and_no_mount_is_left(cell: Cell, code: str) -> None:
    mark = f"left-{os.getpid()}"
    mounts = await anyio.to_thread.run_sync(_mounts)
    with anyio.fail_after(20):
        await run_bubblewrap(marked(cell, mark), code, LIMITS)
        await _gone(mark)
    assert await anyio.to_thread.run_sync(_mounts) == mounts


@pytest.mark.parametrize("anyio_backend", [("asyncio", loop) for loop in LOOPS])
@pytest.mark.parametrize("after_s", [0, 0.001, 0.01, 0.02, 0.04, 0.06, 0.08, 0.12, 0.2, 0.3])
async def test_cancelling_at_any_time_ends_every_process(cell: Cell, after_s: float) -> None:
    mark = f"cancelled-{os.getpid()}"
    long = Limits(seconds=60, memory_bytes=LIMITS.memory_bytes)
    with anyio.fail_after(20):
        with anyio.move_on_after(after_s) as scope:
            await run_bubblewrap(marked(cell, mark), "while True: pass", long)
        assert scope.cancelled_caught
        await _gone(mark)


async def test_a_killed_engine_takes_its_programs_with_it(cell: Cell) -> None:
    mark = f"orphaned-{os.getpid()}"
    engine = f"""
import anyio
from tools.workbench.code.bubblewrap import Cell, run_bubblewrap
from tools.workbench.code.outcome import Limits
cell = Cell({marked(cell, mark).command!r}, {cell.readable!r}, {cell.filter!r})
limits = Limits(seconds=60, memory_bytes={LIMITS.memory_bytes})
anyio.run(run_bubblewrap, cell, "import time; time.sleep(60)", limits)
"""
    with anyio.fail_after(20):
        process = await anyio.open_process([sys.executable, "-c", engine], cwd=ROOT)
        try:
            while not await anyio.to_thread.run_sync(_is_locked_in, mark):
                await anyio.lowlevel.checkpoint()
        finally:
            process.kill()
            await process.aclose()
        await _gone(mark)


async def test_programs_that_run_beside_each_other_see_nothing_of_each_other(cell: Cell) -> None:
    code = "import os\nopen('{0}', 'w').close()\nprint(os.listdir('.'), os.getpid())"
    told: list[str] = []

    async def one(name: str) -> None:
        limits = Limits(seconds=10, memory_bytes=LIMITS.memory_bytes)
        told.append((await run_bubblewrap(cell, code.format(name), limits)).output)

    async with anyio.create_task_group() as tasks:
        for name in "abc":
            tasks.start_soon(one, name)
    assert sorted(told) == [f"['{name}'] 2\n" for name in "abc"]


@pytest.mark.parametrize("filter_bytes", [b"", b"\xff" * 8])
async def test_a_lock_that_does_not_close_means_that_nothing_is_run(
    cell: Cell, filter_bytes: bytes
) -> None:
    broken = Cell(cell.command, cell.readable, filter_bytes)
    with pytest.raises(Refused, match="seccomp"):
        await run_bubblewrap(broken, "print('ran')", LIMITS)


async def test_what_cannot_be_started_is_a_refusal(cell: Cell) -> None:
    with pytest.raises(Refused):
        await run_bubblewrap(Cell(("/nowhere",), (), b""), "1", LIMITS)
    complaining = ("/bin/sh", "-c", "echo no permission >&2")
    with pytest.raises(Refused, match="no permission"):
        await run_bubblewrap(Cell(complaining, (), b""), "1", LIMITS)


async def _gone(mark: str) -> None:
    while await anyio.to_thread.run_sync(processes_of, mark):
        await anyio.lowlevel.checkpoint()


def _is_locked_in(mark: str) -> bool:
    return any(status(at).get("Seccomp") == "2" for at in processes_of(mark))


def _mounts() -> str:
    return Path("/proc/self/mountinfo").read_text()
