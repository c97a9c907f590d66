"""Flipped bits anywhere in the files of the cache. CA-19, AT-109, F-7"""

import random
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import pytest
import structlog  # noqa: F401 - the server has imported it long before anything fails

from cache.codec import Codec
from cache.database import DatabaseCache
from cache.purge import Purge
from pointsman.errors import StorageFailed
from storage.database import Database, open_database
from tests.contract.cache import FakeTime, remembered

ANSWERS = 40
PAGE_BYTES, HEAD_BYTES = 8192, 100  # of the database
LOG_HEAD_BYTES, FRAME_HEAD_BYTES = 32, 24  # of the write-ahead log


def key_of(number: int) -> str:
    return f"cc:v1:a:{number:064x}"


def name_of(number: int) -> str:
    return f"cc:v1:a:{number + 1000:064x}"


def text_of(number: int) -> str:
    """Of a row's part, a row's whole page, or several pages, that cannot be made smaller."""
    return f"{number}:" + random.Random(number).randbytes(number % 4 * 2_500).hex()


@pytest.fixture(autouse=True, scope="module")
def built() -> None:
    """The codec's first use builds what decodes, which blocks for once."""
    codec = Codec()
    codec.decode("key", codec.encode("key", remembered()))


@asynccontextmanager
async def cache_in(home: Path) -> AsyncIterator[tuple[DatabaseCache, Database]]:
    async with open_database(home / "cache.db", kind="cache", max_bytes=10**8) as database:
        clock = FakeTime().clock
        yield DatabaseCache(database, ttl_s=10**6, max_bytes=10**8, clock=clock), database


@pytest.fixture
async def homes(tmp_path: Path) -> Path:
    """One that was closed, and one as a crash leaves it, with half of it only in the log."""
    async with cache_in(tmp_path / "closed") as (cache, _):
        for number in range(ANSWERS // 2):
            await cache.put(key_of(number), remembered(text_of(number)), (name_of(number),))
        for number in range(100, 110):
            await cache.put(f"cc:v1:gone:{number}", remembered(text_of(number)))
        await cache.purge(Purge(scope="gone"))  # leaves free pages
    async with cache_in(tmp_path / "closed") as (cache, _):
        for number in range(ANSWERS // 2, ANSWERS):
            await cache.put(key_of(number), remembered(text_of(number)), (name_of(number),))
        shutil.copytree(tmp_path / "closed", tmp_path / "crashed")
    return tmp_path


def flip(path: Path, place: int, bit: int) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        (byte,) = file.read(1)
        file.seek(place)
        file.write(bytes([byte ^ 1 << bit]))


def places(size: int, generator: random.Random, most: int) -> list[int]:
    """Some of each kind of place: the head, the heads of pages, and anywhere at all."""
    heads = [page + generator.randrange(16) for page in range(0, size, PAGE_BYTES)]
    anywhere = [generator.randrange(size) for _ in range(most // 2)]
    return [*range(HEAD_BYTES)[:: 200 // most + 1], *generator.sample(heads, most // 4), *anywhere]


async def nothing_wrong_is_served(cache: DatabaseCache) -> int:
    """How many answers are still there, each under its key and its name."""
    found = 0
    for number in range(ANSWERS):
        for name in (key_of(number), name_of(number)):
            answer = await cache.get(name)
            if answer is not None:
                found += 1
                assert answer.key == key_of(number)
                assert answer.remembered == remembered(text_of(number))
    return found


async def it_still_serves(cache: DatabaseCache) -> None:
    """What is put is found, once the writes that find the damage are over."""
    for number in range(200, 206):
        await cache.put(key_of(number), remembered(text_of(number)), (name_of(number),))
        found = [await cache.get(name) for name in (key_of(number), name_of(number))]
        assert all(each is None or each.remembered == remembered(text_of(number)) for each in found)
        if number > 202 and None not in found:
            await cache.tidy()
            return
    raise AssertionError("it never served again")


@pytest.mark.parametrize("ended", ["closed", "crashed"])
async def test_without_damage_everything_is_there(homes: Path, ended: str) -> None:
    async with cache_in(homes / ended) as (cache, database):
        assert database.moved is None
        assert await nothing_wrong_is_served(cache) == 2 * ANSWERS


PARTS = ["closed/cache.db", "crashed/cache.db", "crashed/cache.db-wal"]


@pytest.mark.parametrize("part", PARTS)
async def test_a_flipped_bit_never_serves_a_wrong_answer_after_a_restart(
    homes: Path, part: str
) -> None:
    generator = random.Random(11)
    lost = 0
    size = (homes / part).stat().st_size
    for place in places(size, generator, most=40):
        shutil.copytree((homes / part).parent, homes / "home")
        flip(homes / "home" / Path(part).name, place, generator.randrange(8))
        with anyio.fail_after(20):
            async with cache_in(homes / "home") as (cache, _):
                lost += await nothing_wrong_is_served(cache) < 2 * ANSWERS
                await it_still_serves(cache)
        shutil.rmtree(homes / "home")
    assert lost > 1  # the flips did hit what is kept


@pytest.mark.parametrize("part", PARTS)
async def test_a_flipped_bit_never_serves_a_wrong_answer_while_it_runs(
    homes: Path, part: str
) -> None:
    generator = random.Random(12)
    lost = 0
    for place in places((homes / part).stat().st_size, generator, most=40):
        shutil.copytree((homes / part).parent, homes / "home")
        with anyio.fail_after(20):
            async with cache_in(homes / "home") as (cache, database):
                await cache.get(key_of(1))
                flip(homes / "home" / Path(part).name, place, generator.randrange(8))
                for use in (database.read, database.write):  # forget the pages in memory
                    with suppress(StorageFailed):  # it may find the damage already
                        await use(lambda c: c.execute("PRAGMA shrink_memory").fetchall())
                lost += await nothing_wrong_is_served(cache) < 2 * ANSWERS
                await it_still_serves(cache)
        shutil.rmtree(homes / "home")
    assert lost > 1
