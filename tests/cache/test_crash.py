"""Killing the process in the middle of writing to the cache. CA-08, CA-19, F-4"""

import math
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import anyio
import pytest
import structlog  # noqa: F401 - the server has imported it long before anything fails

from cache.codec import Codec
from cache.database import DatabaseCache
from storage.database import Database, open_database
from tests.contract.cache import FakeTime, remembered

KILLS = 50
ROOT = Path(__file__).parent.parent.parent
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

# One process that has everything imported, and has a child of it write until it is killed.
NURSERY = """
import os, sys
from pathlib import Path
from tests.cache.test_crash import write

for line in sys.stdin:
    child = os.fork()
    if not child:
        write(Path(sys.argv[1]), int(line))
    os.write(1, b"child %d\\n" % child)
    os.waitpid(child, 0)
    os.write(1, b"dead\\n")
"""


def key_of(number: int) -> str:
    return f"cc:v1:a:{number}"


def text_of(number: int) -> str:
    return f"{number}:" + random.Random(number).randbytes(number % 7 * 1_000).hex()


def write(home: Path, first: int) -> None:
    """Four tasks put answers as fast as they can, and say so when it is done; a fifth tidies."""

    async def put(cache: DatabaseCache, place: int) -> None:
        for number in range(first + place, first + 10**6, 4):
            await cache.put(key_of(number), remembered(text_of(number)), (f"name {number}",))
            os.write(1, b"put %d\n" % number)

    async def tidy(cache: DatabaseCache) -> None:
        while True:
            await cache.get(key_of(first))
            await cache.tidy()

    async def main() -> None:
        async with (
            open_database(home / "cache.db", kind="cache") as database,
            anyio.create_task_group() as group,
        ):
            cache = cache_of(database)
            group.start_soon(tidy, cache)
            for place in range(4):
                group.start_soon(put, cache, place)

    anyio.run(main)


def cache_of(database: Database) -> DatabaseCache:
    return DatabaseCache(database, ttl_s=10**6, max_bytes=10**9, clock=FakeTime().clock)


@contextmanager
def nursery(home: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", NURSERY, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdin, process.stdout


def write_until_killed(orders: IO[bytes], said: IO[bytes], cycle: int) -> list[int]:
    """Which answers a process had put when it was killed, at another moment in each cycle."""
    orders.write(b"%d\n" % (cycle * 10**6))
    orders.flush()
    put, lines, child = list[int](), 0, 0
    while (line := said.readline()) != b"dead\n":
        assert line, "the nursery died"
        what, number = line.split()
        if what == b"child":
            child = int(number)
        else:
            put.append(int(number))
        lines += 1
        if lines == 2 + cycle * 7 % 40:
            os.kill(child, signal.SIGKILL)
    return put


@pytest.fixture(autouse=True)
def built() -> None:
    """The codec's first use builds what decodes, which blocks for once."""
    Codec().decode("key", Codec().encode("key", remembered()))


async def test_whatever_was_put_is_there_and_right_after_every_kill(tmp_path: Path) -> None:
    everything = list[int]()
    with nursery(tmp_path) as (orders, said):
        for cycle in range(KILLS):
            put = write_until_killed(orders, said, cycle)
            everything += put
            with anyio.fail_after(2) as opening:  # however it ended, it opens at once
                async with open_database(tmp_path / "cache.db", kind="cache") as database:
                    opening.deadline = math.inf
                    assert database.moved is None
                    assert await missing(cache_of(database), put) == []
        orders.close()
    assert len(everything) > 10 * KILLS
    async with open_database(tmp_path / "cache.db", kind="cache") as database:
        assert await missing(cache_of(database), everything) == []
        rows = await database.read(lambda c: c.execute("SELECT key, blob FROM cached").fetchall())
        verdict = await database.read(lambda c: c.execute("PRAGMA integrity_check").fetchone())
    assert verdict == ("ok",)
    for key, blob in rows:  # those too of which nobody was told
        number = int(key.rpartition(":")[2])
        assert Codec().decode(key, blob) == remembered(text_of(number))


async def missing(cache: DatabaseCache, numbers: list[int]) -> list[int]:
    gone = []
    for number in numbers:
        for name in (key_of(number), f"name {number}"):
            found = await cache.get(name)
            if found is None or found.remembered != remembered(text_of(number)):
                gone.append(number)
    return gone
