"""The confinement that the tests run programs in, checked from outside before any of them does."""

import os
from pathlib import Path

import anyio
import pytest

from pointsman.agent_settings import ToolSettings
from tests.tools.workbench.code.processes import marked, processes_of, status
from tools.workbench.code.bubblewrap import MOST_THREADS, Cell, build_cell, run_bubblewrap
from tools.workbench.code.outcome import Limits
from tools.workbench.code.tiers import OK, Tiers

NAMESPACES = ("user", "pid", "net", "mnt", "ipc", "uts")
CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")


@pytest.fixture(scope="session")
def cell() -> Cell:
    """A cell whose locks hold, as its own self-test and the kernel say; skips where they cannot.

    No escape is tried in any other.
    """
    said = anyio.run(Tiers(ToolSettings()).probe).bubblewrap
    if said != OK:
        pytest.skip(f"no confinement here: {said}")
    built = build_cell()
    anyio.run(_look_from_outside, marked(built, f"looked-at-{os.getpid()}"))
    return built


async def _look_from_outside(cell: Cell) -> None:
    """What the kernel says of a harmless program behind the locks."""
    mark = f"looked-at-{os.getpid()}"
    limits = Limits(seconds=20, memory_bytes=128 * 1024 * 1024)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run_bubblewrap, cell, "import time\ntime.sleep(20)", limits)
        with anyio.fail_after(15):
            while not (
                found := [at for at in processes_of(mark) if status(at).get("Seccomp") == "2"]
            ):
                await anyio.lowlevel.checkpoint()
        (inside,) = found
        try:
            _check_locks(inside)
            for process in processes_of(mark):
                environment = (process / "environ").read_bytes().split(b"\0")
                names = {each.partition(b"=")[0] for each in environment}
                assert names <= {b"", b"HOME", b"PWD", b"TMPDIR"}
        finally:
            tasks.cancel_scope.cancel()


def _check_locks(inside: Path) -> None:
    held = status(inside)
    assert held["NoNewPrivs"] == "1"
    assert {int(held[kind], 16) for kind in CAPABILITIES} == {0}
    assert "0" not in held["Uid"].split()
    assert "0" not in held["Gid"].split()
    for name in NAMESPACES:
        assert os.readlink(inside / "ns" / name) != os.readlink(f"/proc/self/ns/{name}")
    limits = (inside / "limits").read_text().splitlines()
    (threads,) = (line.split() for line in limits if line.startswith("Max processes"))
    assert threads[2:4] == [str(MOST_THREADS)] * 2
