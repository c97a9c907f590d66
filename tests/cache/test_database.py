"""The cache database within its bounds: names, purging, the cap, the disk, what was used."""

import random
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import orjson
import pytest
import structlog  # noqa: F401 - the server has imported it long before anything fails

from cache.codec import Codec, encrypting_codec
from cache.database import DatabaseCache
from cache.key import Keys
from cache.memory import MemoryCache
from cache.purge import Purge
from cache.room import Room
from pointsman.errors import StorageFailed
from pointsman.records import Remembered
from storage.database import Database, open_database
from storage.files import Space
from storage.packing import pack
from tests.contract.cache import NOW, FakeTime, remembered

DAY_S = 86_400
MB = 1_000_000
KEY = "cc:v1:a:1"


@pytest.fixture(autouse=True, scope="module")
def built() -> None:
    """The codec's first use builds what decodes, which blocks for once."""
    codec = Codec()
    codec.decode(KEY, codec.encode(KEY, remembered()))


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@asynccontextmanager
async def database_cache(
    path: Path, time: FakeTime, *, max_bytes: int = 10**9, room: Room | None = None
) -> AsyncIterator[tuple[DatabaseCache, Database]]:
    async with open_database(path / "cache.db", kind="cache", max_bytes=max_bytes) as database:
        yield (
            DatabaseCache(
                database, ttl_s=30 * DAY_S, max_bytes=max_bytes, clock=time.clock, room=room
            ),
            database,
        )


@pytest.fixture(params=["memory", "database"])
async def cache(
    request: pytest.FixtureRequest, tmp_path: Path, time: FakeTime
) -> AsyncIterator[DatabaseCache | MemoryCache]:
    if request.param == "memory":
        yield MemoryCache(items=100, max_bytes=MB, residency_s=60, clock=time.clock)
        return
    async with database_cache(tmp_path, time) as (database, _):
        yield database


# --- names --------------------------------------------------------------------------------------


async def test_names_go_with_their_answer(tmp_path: Path, time: FakeTime) -> None:
    async with database_cache(tmp_path, time) as (cache, database):
        await cache.put(KEY, remembered(), ("n1", "n2"))
        await cache.purge(Purge())
        assert await database.read(count("names")) == 0


async def test_a_name_that_was_led_to_another_answer_finds_nothing(
    tmp_path: Path, time: FakeTime
) -> None:
    """CA-19: as one flipped bit can lead it"""
    async with database_cache(tmp_path, time) as (cache, database):
        await cache.put("one", remembered("1"), ("name",))
        await cache.put("two", remembered("2"))
        await database.write(lambda c: c.execute("UPDATE names SET key = 'two'"))
        assert await cache.get("name") is None
        assert await cache.get("one") is not None
        await cache.put("one", remembered("1"), ("name",))
        assert await text(cache, "name") == "1"


async def test_an_answer_that_cannot_be_kept_costs_no_other(tmp_path: Path, time: FakeTime) -> None:
    async with database_cache(tmp_path, time) as (cache, database):
        await cache.put("one", remembered("1"))
        await cache.put("two", replace(remembered(), stored_at=float("nan")))
        await cache.put("three", remembered("half a pair \ud800"))
        assert (cache.failures, database.replaced) == (2, 0)
        assert await text(cache, "one") == "1"


async def test_switching_encryption_on_or_off_costs_the_answers_and_no_alarm(
    tmp_path: Path, time: FakeTime
) -> None:
    """SEC-10"""
    foreign = []
    plain, sealing = Codec(), encrypting_codec(Keys(secret=b"s" * 32).of_scope)
    async with database_cache(tmp_path, time) as (_, database):
        for codec in (plain, sealing, plain):
            cache = DatabaseCache(database, ttl_s=60, max_bytes=MB, clock=time.clock, codec=codec)
            for name in (KEY, "name"):
                assert await cache.get(name) is None
            await cache.put(KEY, remembered("Uppsala"), ("name",))
            assert [await text(cache, name) for name in (KEY, "name")] == ["Uppsala"] * 2
            assert (cache.damaged, cache.failures) == (0, 0)
            foreign.append(cache.foreign)
        assert foreign == [0, 1, 1]


async def test_what_another_version_wrote_is_a_miss_and_no_alarm(
    tmp_path: Path, time: FakeTime
) -> None:
    """The first version kept no request."""
    data = orjson.loads(orjson.dumps(remembered(), default=dict))
    for name in ("request", "asked", "pinned"):
        del data[name]
    old = pack(orjson.dumps(data), KEY)
    async with database_cache(tmp_path, time) as (cache, database):
        await cache.put(KEY, remembered(), ("name",))
        await database.write(lambda c: c.execute("UPDATE cached SET blob = ?", (old,)))
        assert await cache.get("name") is None
        assert await cache.get(KEY) is None
        assert (cache.damaged, cache.foreign, cache.failures) == (0, 1, 0)
        await cache.put(KEY, remembered())
        assert await cache.get(KEY) is not None


async def text(cache: DatabaseCache | MemoryCache, key: str) -> str | None:
    found = await cache.get(key)
    return None if found is None else found.remembered.completion.text


# --- purging ------------------------------------------------------------------------------------

ROWS = {
    "cc:v1:department:a:1": ("acme", "large", 0),
    "cc:v1:department:a:2": ("acme", "small", 10),
    "cc:v1:department:a%:3": ("other", "large", 20),
    "cc:v1:department:a_:4": ("other", "acme/large", 30),
    "cc:v1:department:ab:5": ("acme", "large", 40),
    "cc:v1:user:ä/🧭:6": ("acme", "large", 50),
}


@pytest.mark.parametrize(
    ("purge", "gone"),
    [
        (Purge(), "123456"),
        (Purge(scope="department:a"), "12"),
        (Purge(scope="department:a%"), "3"),
        (Purge(scope="department"), ""),
        (Purge(model="large"), "1356"),
        (Purge(model="acme/large"), "1456"),
        (Purge(model="acme"), ""),
        (Purge(prefix="cc:v1:department:a"), "12345"),
        (Purge(prefix="cc:v1:department:a%"), "3"),
        (Purge(prefix="cc:v1:department:a_"), "4"),
        (Purge(prefix="CC:V1"), ""),
        (Purge(prefix="cc:v1:user:ä/🧭"), "6"),
        (Purge(prefix=""), "123456"),
        (Purge(stored_before=NOW + 20), "12"),
        (Purge(stored_before=NOW), ""),
        (Purge(scope="department:a", model="acme/small", stored_before=NOW + 11), "2"),
        (Purge(scope="department:a", model="acme/small", stored_before=NOW + 10), ""),
        (Purge(scope="\ud800"), ""),
    ],
)
async def test_purging_forgets_just_what_it_names(
    cache: DatabaseCache | MemoryCache, purge: Purge, gone: str
) -> None:
    for key, (provider, model, at) in ROWS.items():
        answer = replace(remembered(), provider=provider, model=model, stored_at=NOW + at)
        await cache.put(key, answer)
    assert await cache.purge(purge) == len(gone)
    left = [key for key in ROWS if await cache.get(key) is not None]
    assert left == [key for key in ROWS if key[-1] not in gone]


async def test_purging_many_answers_lets_other_writes_have_their_turn(
    tmp_path: Path, time: FakeTime
) -> None:
    async with database_cache(tmp_path, time) as (cache, database):
        async with anyio.create_task_group() as group:
            for number in range(450):
                group.start_soon(cache.put, f"cc:v1:a:{number}", remembered())
        left: list[int] = []

        async def write() -> None:
            await cache.put("cc:v1:b:1", remembered())
            left.append(await database.read(count("cached")))

        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                group.start_soon(write)
                assert await cache.purge(Purge(scope="a")) == 450
        assert left[0] > 1
        assert await database.read(count("cached")) == 1


async def test_what_is_purged_is_not_left_in_the_file(tmp_path: Path, time: FakeTime) -> None:
    """CA-28: a purge is often meant for what should never have been kept"""
    async with database_cache(tmp_path, time) as (cache, _):
        for number in range(20):
            await cache.put(f"cc:v1:{number % 2}:{number}", remembered(f"<answer {number}>"))
        await cache.purge(Purge(scope="1"))
    content = (tmp_path / "cache.db").read_bytes()
    left = [f"<answer {number}>".encode() in content for number in range(20)]
    assert left == [True, False] * 10


async def test_a_purge_that_fails_is_told(tmp_path: Path, time: FakeTime) -> None:
    async with database_cache(tmp_path, time) as (cache, _):
        await cache.put(KEY, remembered())
    with pytest.raises(StorageFailed):
        await cache.purge(Purge())


# --- what was used ------------------------------------------------------------------------------


async def test_hits_are_counted_by_row_and_written_down_when_it_is_tidied(
    tmp_path: Path, time: FakeTime
) -> None:
    """CA-10: a hit is not a write"""
    uses = "SELECT hits, last_used FROM cached"
    async with database_cache(tmp_path, time) as (cache, database):
        await cache.put(KEY, remembered(), ("name",))
        time.pass_(5)
        for name in (KEY, "name", KEY):
            await cache.get(name)
        assert await database.read(lambda c: c.execute(uses).fetchall()) == [(0, NOW)]
        for _ in range(2):
            await cache.tidy()
            assert await database.read(lambda c: c.execute(uses).fetchall()) == [(3, NOW + 5)]


# --- the cap ------------------------------------------------------------------------------------

CAP = 20 * MB


async def test_the_file_stays_below_its_cap_and_the_least_used_go_first(
    tmp_path: Path, time: FakeTime
) -> None:
    """AT-108, CA-11, CA-15, X-05: 60 MB are written into 20, in bursts"""
    generator = random.Random(3)
    largest = log = 0
    async with (
        database_cache(tmp_path, time, max_bytes=CAP) as (cache, _),
        anyio.create_task_group() as group,
    ):
        group.start_soon(cache.keep_tidy)
        with anyio.fail_after(50):
            for start in range(0, 1_500, 25):
                time.pass_(1)
                async with anyio.create_task_group() as burst:
                    for number in range(start, start + 25):
                        answer = stamped(generator.randbytes(40_000).hex(), time)
                        burst.start_soon(cache.put, f"cc:v1:a:{number}", answer)
                for favourite in range(0, min(start, 100) + 1, 25):
                    assert await cache.get(f"cc:v1:a:{favourite}") is not None
                largest = max(largest, (tmp_path / "cache.db").stat().st_size)
                log = max(log, (tmp_path / "cache.db-wal").stat().st_size)
        group.cancel_scope.cancel()
        assert largest <= 1.1 * CAP
        assert log <= 16 * MB  # it is folded into the file every 8, between two bursts
        assert cache.failures == 0
        assert await cache.get("cc:v1:a:1499") is not None
        assert await cache.get("cc:v1:a:1") is None


async def test_where_nobody_tidies_a_full_file_makes_room_by_itself(
    tmp_path: Path, time: FakeTime
) -> None:
    """X-05: max_page_count is the wall behind the eviction"""
    async with database_cache(tmp_path, time, max_bytes=2 * MB) as (cache, _):
        with anyio.fail_after(30):
            for number in range(100):
                time.pass_(1)
                await cache.put(KEY + str(number), stamped(noise(number, 40_000), time))
                assert await cache.get(KEY + str(number)) is not None
        assert cache.failures == 0
    assert (tmp_path / "cache.db").stat().st_size <= 2 * MB


async def test_an_answer_as_large_as_many_is_not_kept(tmp_path: Path, time: FakeTime) -> None:
    async with database_cache(tmp_path, time, max_bytes=2 * MB) as (cache, _):
        await cache.put(KEY, remembered())
        await cache.put(KEY + "2", remembered(noise(1, 200_000)))
        assert await cache.get(KEY + "2") is None
        assert await cache.get(KEY) is not None
        await cache.put(KEY, remembered(noise(1, 200_000)))
        assert await cache.get(KEY) is None  # the one before is not the last that was put
        assert cache.failures == 0


async def test_the_file_shrinks_when_the_time_of_its_rows_is_up(
    tmp_path: Path, time: FakeTime
) -> None:
    """CA-13, CA-15"""
    async with database_cache(tmp_path, time) as (cache, database):
        for number in range(200):
            await cache.put(KEY + str(number), stamped(noise(number, 20_000), time))
        pages = await database.read(page_count)
        time.pass_(30 * DAY_S)
        await cache.put(KEY, stamped("new", time))
        with anyio.fail_after(20):
            await cache.tidy()
        assert await database.read(page_count) < pages / 10
        assert await cache.get(KEY) is not None


async def test_tidying_outlives_what_goes_wrong(tmp_path: Path, time: FakeTime) -> None:
    """A background task never dies of an exception."""
    broken = False

    def wall() -> float:
        if broken:
            raise ZeroDivisionError
        return time.clock.wall()

    clock = time.clock._replace(wall=wall)
    async with (
        open_database(tmp_path / "cache.db", kind="cache") as database,
        anyio.create_task_group() as group,
    ):
        cache = DatabaseCache(database, ttl_s=60, max_bytes=100_000, clock=clock)

        async def write_much() -> None:
            for number in range(4):
                await cache.put(KEY + str(number), stamped(noise(number, 1_500), time))

        with anyio.fail_after(10):
            await write_much()
            broken = True
            group.start_soon(cache.keep_tidy)
            while not cache.failures:
                await anyio.lowlevel.checkpoint()
            broken = False
            await write_much()
            while await database.read(count("cached")):
                time.pass_(60)
                await write_much()
                await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()


# --- a disk that fills up -----------------------------------------------------------------------


class Disk:
    def __init__(self, total: int, free: int) -> None:
        self.total, self.free, self.looks = total, free, 0

    def look(self) -> Space:
        self.looks += 1
        if self.free < 0:
            raise OSError
        return Space(self.total, self.free)


async def test_nothing_is_kept_while_the_disk_is_nearly_full(
    tmp_path: Path, time: FakeTime
) -> None:
    """CA-15, F-6"""
    disk = Disk(total=100_000 * MB, free=511 * MB)
    room = Room(512 * MB, disk.look, time.clock)
    async with database_cache(tmp_path, time, room=room) as (cache, _):
        for number in range(10):
            await cache.put(KEY + str(number), remembered())
            assert await cache.get(KEY + str(number)) is None
        assert (room.low, room.refused, disk.looks) == (True, 10, 1)
        disk.free = 512 * MB
        time.pass_(5)
        await cache.put(KEY, remembered(), ("name",))
        assert await cache.get(KEY) is not None
        assert (room.low, room.refused, disk.looks) == (False, 10, 2)
        disk.free = 0
        time.pass_(5)
        await cache.put(KEY, remembered("new"), ("name",))
        for name in (KEY, "name"):  # the one before is not the last that was put
            assert await cache.get(name) is None
        assert cache.failures == 0


@pytest.mark.parametrize(
    ("total_mb", "free_mb", "low"),
    [
        (1_000, 51, False),  # 5 % of a small disk is enough
        (1_000, 49, True),
        (100_000, 513, False),
        (100_000, 511, True),
        (1_000, -1, False),  # it cannot be asked
    ],
)
async def test_a_small_disk_needs_less_room(
    time: FakeTime, total_mb: int, free_mb: int, low: bool
) -> None:
    room = Room(512 * MB, Disk(total_mb * MB, free_mb * MB).look, time.clock)
    assert await room.is_there() is not low
    assert room.low is low


def stamped(text: str, time: FakeTime) -> Remembered:
    return replace(remembered(text), stored_at=time.clock.wall())


def noise(seed: int, size: int) -> str:
    return random.Random(seed).randbytes(size).hex()


def count(table: str) -> Callable[[sqlite3.Connection], int]:
    def query(connection: sqlite3.Connection) -> int:
        (rows,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
        return int(rows)

    return query


def page_count(connection: sqlite3.Connection) -> int:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    return int(pages)
