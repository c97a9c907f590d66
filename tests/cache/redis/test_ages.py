"""Where an answer is found as it grows old, with all three layers."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from cache.layers import LayeredCache, open_cache
from cache.purge import Purge
from cache.redis.link import RedisLink
from pointsman.settings import CacheSettings
from storage.database import open_database
from tests.cache.redis.conftest import Hand
from tests.contract.cache import remembered
from tests.redis_server import RedisServer

MINUTE, HOUR, DAY = 60, 3600, 86_400
KEY = "cc:v1:a:1"


@pytest.fixture
async def cache(link: RedisLink, hand: Hand, tmp_path: Path) -> AsyncIterator[LayeredCache]:
    clock = hand.clock()._replace(sleep=anyio.sleep)  # the database's pauses are no matter here
    async with (
        open_database(tmp_path / "cache.db", kind="cache") as database,
        open_cache(CacheSettings(), database, clock, link=link) as cache,
    ):
        yield cache


AGES = [(10, "memory"), (10 * MINUTE, "redis"), (2 * HOUR, "database"), (31 * DAY, None)]


@pytest.mark.parametrize(("age_s", "layer"), AGES)
async def test_the_layer_follows_from_the_age(
    cache: LayeredCache, hand: Hand, age_s: float, layer: str | None
) -> None:
    """AT-106, CA-06, CA-13: of an answer that was pinned, so that it stays fresh for 30 days."""
    await cache.put(KEY, replace(remembered(), pinned=True))
    hand.turn(age_s)
    found = await cache.get(KEY)
    assert (found.layer if found else None) == layer


async def test_an_answer_goes_down_the_layers_as_it_grows_old(
    cache: LayeredCache, hand: Hand
) -> None:
    """AT-106: being looked at on the way keeps it in no layer for longer than that layer's time."""
    await cache.put(KEY, replace(remembered(), pinned=True))
    layers: list[str | None] = []
    for age_s, _ in AGES:
        hand.turn(age_s - hand.now)
        found = await cache.get(KEY)
        layers.append(found.layer if found else None)
    assert layers == [layer for _, layer in AGES]


async def test_what_a_lower_layer_has_is_copied_to_redis(
    cache: LayeredCache, server: RedisServer, hand: Hand
) -> None:
    await cache.put(KEY, remembered(), ("cc:v1:a:2",))
    server.ask("FLUSHALL")
    hand.turn(2 * MINUTE)
    found = await cache.get("cc:v1:a:2")
    assert found is not None
    assert (found.layer, found.key) == ("database", KEY)
    hand.turn(2 * MINUTE)
    found = await cache.get("cc:v1:a:2")
    assert found is not None
    assert (found.layer, found.key) == ("redis", KEY)


async def test_a_purge_reaches_redis(cache: LayeredCache, server: RedisServer) -> None:
    await cache.put(KEY, remembered(), ("cc:v1:a:2",))
    assert await cache.purge(Purge(scope="a")) == 1
    assert server.names() == []


async def test_a_cache_that_is_switched_off_uses_no_redis(
    link: RedisLink, server: RedisServer, hand: Hand, tmp_path: Path
) -> None:
    async with (
        open_database(tmp_path / "off.db", kind="cache") as database,
        open_cache(CacheSettings(enabled=False), database, hand.clock(), link=link) as cache,
    ):
        await cache.put(KEY, remembered())
        assert await cache.get(KEY) is None
    assert server.names() == []
