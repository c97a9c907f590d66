"""The layers of the cache, alone and together."""

import random
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
import structlog  # noqa: F401 - the server has imported it long before anything fails

from cache.database import DatabaseCache
from cache.freshness import Freshness
from cache.layers import LayeredCache, open_cache
from cache.memory import MemoryCache
from cache.purge import Purge
from pointsman.records import Found, Remembered
from pointsman.seams import Cache
from pointsman.settings import CacheSettings
from pointsman.types import ChatRequest, Message, ToolCall, ToolSpec
from storage.database import Database, open_database
from tests.contract.cache import CacheContract, FakeTime, remembered

HOUR, DAY = 3600, 86_400
KEY = "cc:v1:a:1"
FRESHNESS = Freshness(general_s=DAY, time_sensitive_s=HOUR, pinned_s=30 * DAY)


def memory_cache(time: FakeTime, items: int = 100, max_bytes: int = 1_000_000) -> MemoryCache:
    return MemoryCache(items=items, max_bytes=max_bytes, residency_s=60, clock=time.clock)


@asynccontextmanager
async def database_cache(
    path: Path, time: FakeTime, max_bytes: int = 10**9
) -> AsyncIterator[tuple[DatabaseCache, Database]]:
    async with open_database(path / "cache.db", kind="cache") as database:
        cache = DatabaseCache(database, ttl_s=30 * DAY, max_bytes=max_bytes, clock=time.clock)
        yield cache, database


class TestMemory(CacheContract):
    @pytest.fixture
    def cache(self) -> Cache:
        return memory_cache(FakeTime())


class TestDatabase(CacheContract):
    @pytest.fixture
    async def cache(self, tmp_path: Path) -> AsyncIterator[Cache]:
        async with database_cache(tmp_path, FakeTime()) as (cache, _):
            yield cache


class TestLayered(CacheContract):
    @pytest.fixture
    async def cache(self, tmp_path: Path) -> AsyncIterator[Cache]:
        async with (
            open_database(tmp_path / "cache.db", kind="cache") as database,
            open_cache(CacheSettings(), database, FakeTime().clock) as cache,
        ):
            yield cache


# --- where an answer is kept, and whether it may be served --------------------------------------


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
async def layered(tmp_path: Path, time: FakeTime) -> AsyncIterator[Cache]:
    async with (
        open_database(tmp_path / "cache.db", kind="cache") as database,
        open_cache(CacheSettings(), database, time.clock) as cache,
    ):
        yield cache


@pytest.mark.parametrize(
    ("time_sensitive", "after_s", "hit"),
    [
        (True, HOUR - 1, True),
        (True, HOUR, False),
        (False, 23 * HOUR, True),
        (False, 25 * HOUR, False),
        (False, -2 * HOUR, False),  # the clock was set back: its age means nothing
    ],
)
async def test_an_answer_is_served_while_it_is_fresh(
    layered: Cache, time: FakeTime, time_sensitive: bool, after_s: float, hit: bool
) -> None:
    """CA-04, AT-003"""
    await layered.put(KEY, remembered(time_sensitive=time_sensitive))
    time.pass_(after_s)
    found = await layered.get(KEY)
    assert (found is not None and not found.stale) is hit


async def test_an_answer_sinks_from_memory_to_the_database_and_is_forgotten(
    tmp_path: Path, time: FakeTime
) -> None:
    """CA-06, CA-13, X-04, AT-106"""
    settings = CacheSettings(general_s=40 * DAY)
    async with (
        open_database(tmp_path / "cache.db", kind="cache") as database,
        open_cache(settings, database, time.clock) as cache,
    ):
        await cache.put(KEY, remembered())
        seen = []
        for after_s in (10, 2 * HOUR, 5, 31 * DAY):
            time.pass_(after_s)
            found = await cache.get(KEY)
            seen.append(found and found.layer)
    assert seen == ["memory", "database", "memory", None]  # copied upward in between


async def test_an_answer_outlives_the_process(tmp_path: Path, time: FakeTime) -> None:
    async with database_cache(tmp_path, time) as (cache, _):
        await cache.put(KEY, remembered())
    time.pass_(HOUR)
    async with database_cache(tmp_path, time) as (cache, _):
        assert await cache.get(KEY) == Found(
            remembered=remembered(), layer="database", age_s=HOUR, key=KEY
        )


async def test_memory_lets_go_of_what_was_not_used(time: FakeTime) -> None:
    cache = memory_cache(time, items=2)
    await cache.put("a", remembered())
    await cache.put("b", remembered())
    await cache.get("a")
    await cache.put("c", remembered())
    assert [await cache.get(key) is not None for key in "abc"] == [True, False, True]


async def test_memory_keeps_to_its_bytes(time: FakeTime) -> None:
    cache = memory_cache(time, max_bytes=30_000)
    for key in "abcd":
        await cache.put(key, remembered("x" * 8_000))
    assert [await cache.get(key) is not None for key in "abcd"] == [False, True, True, True]
    await cache.put("a", remembered("x" * 40_000))  # more than there is room for at all
    assert await cache.get("a") is None
    assert await cache.get("d") is not None


async def test_memory_counts_all_that_an_answer_is_kept_with(time: FakeTime) -> None:
    """CA-06: what was asked stays in memory too, and its tools take far more than their text"""
    tool = ToolSpec(name="t", description="d" * 100, parameters={"p": ["x"] * 100})
    call = ToolCall(id="1", name="n", arguments="a" * 4_000)
    requests = {
        "plain": ChatRequest(messages=(Message("user", "Hi"),)),
        "text": ChatRequest(messages=(Message("user", "m" * 4_000),)),
        "calls": ChatRequest(messages=(Message("assistant", "", tool_calls=(call,)),)),
        "tools": ChatRequest(messages=(Message("user", "Hi"),), tools=(tool,)),
        "schema": ChatRequest(messages=(), json_schema={"p": ["x"] * 100}),
        "odd": ChatRequest(messages=(), json_schema={"p": [2**70] * 100}),  # is not JSON for all
    }
    kept = {}
    for name, request in requests.items():
        cache = memory_cache(time, max_bytes=4_000)
        await cache.put(KEY, replace(remembered(), request=request))
        kept[name] = await cache.get(KEY) is not None
    assert kept == {name: name == "plain" for name in requests}


async def test_memory_forgets_names_before_they_grow_without_end(time: FakeTime) -> None:
    cache = memory_cache(time, items=2)
    await cache.put("a", remembered(), [f"a{number}" for number in range(100)])
    await cache.put("b", remembered(), ["b1"])
    found = [await cache.get(f"a{number}") is not None for number in range(100)]
    assert sum(found) <= 4
    assert await cache.get("a") is not None
    assert await cache.get("b1") is not None


async def test_a_name_does_not_outlive_its_answer_in_memory(time: FakeTime) -> None:
    cache = memory_cache(time, items=1)
    await cache.put("a", remembered(), ["name"])
    await cache.put("b", remembered())
    await cache.put("a", remembered())
    assert await cache.get("name") is None
    await cache.put("a", remembered(), ["name"])
    time.pass_(60)
    assert await cache.get("name") is None
    assert await cache.get("a") is None


async def test_no_items_means_no_memory(time: FakeTime) -> None:
    cache = memory_cache(time, items=0)
    await cache.put(KEY, remembered())
    assert await cache.get(KEY) is None


async def test_a_cache_that_is_switched_off_remembers_nothing(
    tmp_path: Path, time: FakeTime
) -> None:
    async with (
        open_database(tmp_path / "cache.db", kind="cache") as database,
        open_cache(CacheSettings(enabled=False), database, time.clock) as cache,
    ):
        await cache.put(KEY, remembered())
        assert await cache.get(KEY) is None


async def test_a_cache_that_is_switched_off_can_still_be_purged(
    tmp_path: Path, time: FakeTime
) -> None:
    async with open_database(tmp_path / "cache.db", kind="cache") as database:
        async with open_cache(CacheSettings(), database, time.clock) as cache:
            await cache.put(KEY, remembered())
        async with open_cache(CacheSettings(enabled=False), database, time.clock) as cache:
            assert await cache.get(KEY) is None
            assert await cache.purge(Purge()) == 1
        async with open_cache(CacheSettings(), database, time.clock) as cache:
            assert await cache.get(KEY) is None


# --- what changes while it is read ---------------------------------------------------------------


class Slow(MemoryCache):
    """A lower layer that waits, once it has looked, until it may say what it found."""

    def __init__(self, time: FakeTime) -> None:
        super().__init__(items=9, max_bytes=10**6, residency_s=DAY, clock=time.clock)
        self.looked = anyio.Event()
        self.may_tell = anyio.Event()

    async def get(self, key: str) -> Found | None:
        found = await super().get(key)
        self.looked.set()
        await self.may_tell.wait()
        return found


async def test_what_is_put_while_the_old_answer_is_read_is_not_covered_by_it(
    time: FakeTime,
) -> None:
    slow, memory = Slow(time), memory_cache(time)
    cache = LayeredCache((memory, slow), FRESHNESS)
    await slow.put(KEY, remembered("old"), ("name",))
    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(cache.get, "name")
            await slow.looked.wait()
            await cache.put(KEY, remembered("new"))
            slow.may_tell.set()
        for key, text in ((KEY, "new"), ("name", None)):
            found = await cache.get(key)
            assert (found and found.remembered.completion.text) == text


async def test_what_is_purged_while_it_is_read_is_not_found_again(time: FakeTime) -> None:
    """CA-28"""
    slow, memory = Slow(time), memory_cache(time)
    cache = LayeredCache((memory, slow), FRESHNESS)
    await slow.put(KEY, remembered())
    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(cache.get, KEY)
            await slow.looked.wait()
            group.start_soon(cache.purge, Purge())
            await anyio.wait_all_tasks_blocked()
            slow.may_tell.set()
        assert (len(memory), len(slow)) == (0, 0)


async def test_a_look_during_a_purge_copies_nothing(time: FakeTime) -> None:
    slow, memory = Slow(time), memory_cache(time)

    class Purging(MemoryCache):
        async def purge(self, purge: Purge) -> int:
            slow.may_tell.set()
            assert await cache.get(KEY) is not None  # it is still there, and may be served
            return await super().purge(purge)

    middle = Purging(items=9, max_bytes=10**6, residency_s=DAY, clock=time.clock)
    cache = LayeredCache((memory, middle, slow), FRESHNESS)
    await slow.put(KEY, remembered())
    with anyio.fail_after(5):
        assert await cache.purge(Purge()) == 1
        assert await cache.get(KEY) is None


async def test_a_look_that_was_cancelled_holds_up_no_purge(time: FakeTime) -> None:
    slow = Slow(time)
    cache = LayeredCache((memory_cache(time), slow), FRESHNESS)
    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(cache.get, KEY)
            await slow.looked.wait()
            group.cancel_scope.cancel()
        assert await cache.purge(Purge()) == 0


# --- what goes wrong ----------------------------------------------------------------------------


async def test_a_flipped_byte_is_a_miss_and_the_row_is_deleted(
    tmp_path: Path, time: FakeTime
) -> None:
    """CA-19, AT-109, F7"""

    def flip(connection: sqlite3.Connection) -> None:
        (blob,) = connection.execute("SELECT blob FROM cached").fetchone()
        damaged = blob[:40] + bytes([blob[40] ^ 1]) + blob[41:]
        connection.execute("UPDATE cached SET blob = ?", (damaged,))

    async with database_cache(tmp_path, time) as (cache, database):
        await cache.put(KEY, remembered())
        await database.write(flip)
        assert await cache.get(KEY) is None
        assert cache.damaged == 1
        assert await database.read(count_rows) == 0
        await cache.put(KEY, remembered())
        assert await cache.get(KEY) is not None


async def test_a_row_under_another_key_is_not_served(tmp_path: Path, time: FakeTime) -> None:
    """CA-19: the checksum holds for one key"""

    def swap(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE cached SET key = 'cc:v1:b:2'")

    async with database_cache(tmp_path, time) as (cache, database):
        await cache.put(KEY, remembered())
        await database.write(swap)
        assert await cache.get("cc:v1:b:2") is None


async def test_a_broken_database_layer_costs_hits_and_nothing_else(
    tmp_path: Path, time: FakeTime
) -> None:
    """CA-18, CA-19"""

    def drop(connection: sqlite3.Connection) -> None:
        connection.execute("DROP TABLE cached")

    async with database_cache(tmp_path, time) as (kept, database):
        cache = LayeredCache((memory_cache(time), kept), FRESHNESS)
        await database.write(drop)
        await cache.put(KEY, remembered())
        found = await cache.get(KEY)
        assert found is not None
        assert found.layer == "memory"
        time.pass_(61)
        assert await cache.get(KEY) is None
        await kept.tidy()
        await cache.put(KEY, remembered())
        assert await kept.get(KEY) is not None
        assert kept.failures == 1
        assert database.replaced == 1


async def test_a_full_cache_makes_room_by_dropping_what_was_used_least_recently(
    tmp_path: Path, time: FakeTime
) -> None:
    """CA-11, CA-15"""
    text = random.Random(7).randbytes(3_000).hex()
    async with database_cache(tmp_path, time, max_bytes=3_000_000) as (cache, database):
        for number in range(1_000):
            time.pass_(1)
            await cache.put(f"cc:v1:a:{number}", stamped(text + str(number), time))
        time.pass_(1)
        assert await cache.get("cc:v1:a:0") is not None  # used, so that it is not the oldest
        before = await database.read(count_rows)
        with anyio.fail_after(30):
            await cache.tidy()
        after = await database.read(count_rows)
        assert before == 1_000
        assert 0 < after < before
        assert await cache.get("cc:v1:a:0") is not None
        assert await cache.get("cc:v1:a:1") is None
        assert await cache.get("cc:v1:a:999") is not None


async def test_tidying_deletes_what_is_past_its_time(tmp_path: Path, time: FakeTime) -> None:
    """CA-13, CA-15"""
    async with database_cache(tmp_path, time) as (cache, database):
        for number in range(150):
            await cache.put(f"cc:v1:a:{number}", stamped("old", time))
        time.pass_(30 * DAY)
        await cache.put(KEY, stamped("new", time))
        await cache.tidy()
        assert await database.read(count_rows) == 1


async def test_much_writing_starts_tidying_before_its_time(tmp_path: Path, time: FakeTime) -> None:
    written = 0
    async with (
        database_cache(tmp_path, time, max_bytes=400_000) as (cache, database),
        anyio.create_task_group() as group,
    ):
        group.start_soon(cache.keep_tidy)
        with anyio.fail_after(30):
            while written == await database.read(count_rows):
                await cache.put(f"cc:v1:a:{written}", stamped(f"{written}" * 500, time))
                written += 1
        group.cancel_scope.cancel()
    assert written > 10


def stamped(text: str, time: FakeTime) -> Remembered:
    return replace(remembered(text), stored_at=time.clock.wall())


def count_rows(connection: sqlite3.Connection) -> int:
    (count,) = connection.execute("SELECT count(*) FROM cached").fetchone()
    return int(count)
