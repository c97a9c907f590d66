"""Killing the process in the middle of writing. AT-215, F-4"""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from tests.accounting.examples import ledger_in

KILLS = 20
ROOT = Path(__file__).parent.parent.parent

# Eight tasks hold and settle as fast as they can, and say so once it is acknowledged.
WRITER = """
import itertools, os, sys
from pathlib import Path
import anyio
from tests.accounting.examples import attempt, call, hold, ledger_in

async def main(folder, first):
    numbers = itertools.count(first)
    async def write():
        for number in numbers:
            await ledger.hold(hold(number))
            os.write(1, b"held %d\\n" % number)
            await ledger.settle(call(number, attempt(number)))
            os.write(1, b"settled %d\\n" % number)
            ledger.note(call(-number))
    async with ledger_in(folder) as (ledger, _), anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(write)

anyio.run(main, Path(sys.argv[1]), int(sys.argv[2]))
"""


def write_until_killed(folder: Path, cycle: int) -> list[bytes]:
    """What a process acknowledged before it was killed, at another moment in each cycle."""
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", WRITER, str(folder), str(cycle * 1_000_000)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(1 + 37 * cycle % 400)]
        process.kill()
        lines += process.stdout.readlines()
    return [line for line in lines if line.endswith(b"\n")]


async def test_what_was_acknowledged_survives_every_kill(tmp_path: Path) -> None:
    held, settled = set[str](), set[str]()
    for cycle in range(KILLS):
        for line in write_until_killed(tmp_path, cycle):
            what, number = line.decode().split()
            (held if what == "held" else settled).add(f"a{number}")
    assert len(settled) > 20 * KILLS
    async with ledger_in(tmp_path) as (_, database):
        attempts, calls, holds, verdict = await database.read(contents)
    assert verdict == "ok"
    assert holds == 0
    assert held | settled <= attempts.keys()  # a hold that was never settled is charged
    assert {name for name in settled if attempts[name]} == set()
    assert {name.replace("a", "c") for name in settled} <= calls


def contents(connection: sqlite3.Connection) -> tuple[dict[str, bool], set[str], int, str]:
    """Whether each attempt is unreconciled, the calls, the count of holds, and SQLite's verdict."""
    attempts = connection.execute("SELECT id, unreconciled FROM attempts").fetchall()
    calls = connection.execute("SELECT id FROM calls").fetchall()
    (holds,) = connection.execute("SELECT count(*) FROM holds").fetchone()
    (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
    return (
        {name: bool(open_) for name, open_ in attempts},
        {row[0] for row in calls},
        holds,
        verdict,
    )
