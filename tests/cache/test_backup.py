"""Backup, check and restore of the cache. CA-19, AT-109"""

import hashlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog  # noqa: F401 - the server has imported it long before anything fails

from cache.backup import backup_cache, restore_cache, verify_cache
from cache.codec import Codec, encrypting_codec
from cache.database import DatabaseCache
from cache.key import Keys
from pointsman.errors import ConfigError
from storage.database import Database, open_database
from tests.contract.cache import FakeTime, remembered

ANSWERS = 300


@pytest.fixture(autouse=True, scope="module")
def built() -> None:
    """The codec's first use builds what decodes, which blocks for once."""
    Codec().decode("key", Codec().encode("key", remembered()))


@asynccontextmanager
async def cache_in(
    home: Path, codec: Codec | None = None
) -> AsyncIterator[tuple[DatabaseCache, Database]]:
    async with open_database(home / "cache.db", kind="cache") as database:
        clock, codec = FakeTime().clock, codec or Codec()
        cache = DatabaseCache(database, ttl_s=10**6, max_bytes=10**9, clock=clock, codec=codec)
        yield cache, database


def hashes(connection: sqlite3.Connection) -> dict[str, str]:
    """Of every row of every table, by its first column."""
    found = {}
    for table in ("cached", "names"):
        for row in connection.execute(f"SELECT * FROM {table}"):  # noqa: S608
            found[f"{table} {row[0]}"] = hashlib.sha256(repr(row).encode()).hexdigest()
    return found


async def test_backup_and_restore_give_the_same_rows(tmp_path: Path) -> None:
    """AT-109"""
    async with cache_in(tmp_path / "a") as (cache, database):
        for number in range(ANSWERS):
            answer = remembered(str(number) * number)
            await cache.put(f"cc:v1:a:{number}", answer, (f"name {number}",))
        before = await database.read(hashes)
        report = await backup_cache(database, tmp_path / "copy.db")
        assert (report.rows, report.damaged, report.problems) == (ANSWERS, 0, ())
        await cache.put("cc:v1:a:later", remembered())
    assert len(before) == 2 * ANSWERS
    for home in ("a", "elsewhere"):
        assert (await restore_cache(tmp_path / home, tmp_path / "copy.db")).rows == ANSWERS
        async with cache_in(tmp_path / home) as (cache, database):
            assert database.moved is None
            assert await database.read(hashes) == before
            found = await cache.get("name 7")
            assert found is not None
            assert found.remembered == remembered("7" * 7)


def damage(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE cached SET blob = x'0100' WHERE rowid = 1")
    connection.execute("UPDATE cached SET key = 'moved' WHERE rowid = 2")


async def test_damaged_rows_are_counted_and_do_not_stop_a_backup(tmp_path: Path) -> None:
    async with cache_in(tmp_path) as (cache, database):
        for number in range(4):
            await cache.put(f"cc:v1:a:{number}", remembered())
        await database.write(damage)
        report = await backup_cache(database, tmp_path / "copy.db")
    assert (report.rows, report.damaged, report.problems) == (4, 2, ())
    assert await verify_cache(tmp_path / "copy.db") == report


async def test_what_is_encrypted_is_checked_with_its_secret_and_only_counted_without(
    tmp_path: Path,
) -> None:
    right, wrong = (encrypting_codec(Keys(secret=bytes([n]) * 32).of_scope) for n in (1, 2))
    async with cache_in(tmp_path, right) as (cache, database):
        await cache.put("cc:v1:a:1", remembered("Uppsala"))
        await backup_cache(database, tmp_path / "copy.db", codec=right)
    copy = tmp_path / "copy.db"
    assert b"Uppsala" not in copy.read_bytes()
    for codec, damaged in ((right, 0), (Codec(), 0), (wrong, 1)):
        report = await verify_cache(copy, codec=codec)
        assert (report.rows, report.damaged) == (1, damaged)


async def test_a_cache_in_use_is_not_replaced(tmp_path: Path) -> None:
    async with cache_in(tmp_path) as (cache, database):
        await backup_cache(database, tmp_path / "copy.db")
        await cache.put("cc:v1:a:1", remembered())
        with pytest.raises(ConfigError):
            await restore_cache(tmp_path, tmp_path / "copy.db")
        assert await cache.get("cc:v1:a:1") is not None
