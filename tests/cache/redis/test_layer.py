"""The cache layer that processes share."""

import pickle
import random
from dataclasses import replace
from string import ascii_letters

import orjson
import pytest

from cache.codec import Codec
from cache.purge import Purge
from cache.redis.layer import ANSWER, HEAD, MOST_BYTES, MOST_OWED, POINTER, RedisCache, advice
from cache.redis.link import RedisLink
from pointsman.seams import Cache
from tests.cache.redis.conftest import Hand
from tests.contract.cache import NOW, CacheContract, remembered
from tests.redis_server import RedisServer, calls

KEY, OTHER = "cc:v1:a:1", "cc:v1:a:2"
NAME = "pointsman:default:cc:v1:a:1"


@pytest.fixture
def cache(link: RedisLink, hand: Hand) -> RedisCache:
    return layer(link, hand)


def layer(
    link: RedisLink, hand: Hand, *, ttl_s: float = 3600, namespace: str = "default"
) -> RedisCache:
    return RedisCache(link, ttl_s=ttl_s, namespace=namespace, clock=hand.clock(), codec=Codec())


class TestContract(CacheContract):
    @pytest.fixture
    def cache(self, link: RedisLink, hand: Hand) -> Cache:
        return layer(link, hand)


async def test_what_one_process_keeps_another_finds(link: RedisLink, hand: Hand) -> None:
    """CA-01, CA-06: with a plain name and a time to live, in the layer called redis."""
    await layer(link, hand).put(KEY, remembered())
    hand.turn(600)
    found = await layer(link, hand).get(KEY)
    assert found is not None
    assert (found.layer, found.age_s) == ("redis", 600)
    assert found.remembered == remembered()


async def test_an_answer_is_gone_after_its_hour(
    cache: RedisCache, server: RedisServer, hand: Hand
) -> None:
    """CA-13, AT-106: by the server's clock, and by ours."""
    await cache.put(KEY, remembered(), (OTHER,))
    for name in (KEY, OTHER):
        assert 3_590_000 < server.ask("PTTL", f"pointsman:default:{name}") <= 3_600_000
    hand.turn(3599)
    assert await cache.get(OTHER) is not None
    hand.turn(1)
    assert await cache.get(KEY) is None
    assert await cache.get(OTHER) is None


async def test_the_hour_begins_when_an_answer_is_put_not_when_it_was_given(
    cache: RedisCache, hand: Hand
) -> None:
    hand.turn(7200)
    await cache.put(KEY, remembered())  # as one that was found in a lower layer is
    hand.turn(3599)
    found = await cache.get(KEY)
    assert found is not None
    assert found.age_s == 7200 + 3599


async def test_namespaces_do_not_see_each_other(link: RedisLink, hand: Hand) -> None:
    await layer(link, hand, namespace="one").put(KEY, remembered())
    assert await layer(link, hand, namespace="two").get(KEY) is None
    assert await layer(link, hand, namespace="two").purge(Purge()) == 0
    assert await layer(link, hand, namespace="one").get(KEY) is not None


async def test_what_is_too_large_is_not_kept_and_nothing_older_is_found_instead(
    cache: RedisCache, server: RedisServer
) -> None:
    await cache.put(KEY, remembered("old"))
    await cache.put(OTHER, remembered("older"))
    noise = "".join(random.Random(4).choices(ascii_letters, k=2 * MOST_BYTES))
    await cache.put(KEY, remembered(noise), (OTHER,))
    assert await cache.get(KEY) is None
    assert server.names() == []


BODY = Codec().encode(KEY, remembered())
MALICE = {
    "empty": b"",
    "short": b"\x01",
    "pickle": pickle.dumps({"a": 1}),
    "pickle in place of an answer": HEAD.pack(ANSWER, NOW) + pickle.dumps({"a": 1}),
    "msgpack extension": HEAD.pack(ANSWER, NOW) + b"\xc7\x03\x01abc",
    "json": b'{"completion": {"text": "x"}}',
    "json of another shape": HEAD.pack(ANSWER, NOW) + Codec().seal(b'{"completion": 7}', KEY),
    "deep json": HEAD.pack(ANSWER, NOW) + Codec().seal(b"[" * 100_000, KEY),
    "another key's answer": HEAD.pack(ANSWER, NOW) + Codec().encode(OTHER, remembered()),
    "a flipped bit": HEAD.pack(ANSWER, NOW) + BODY[:-1] + bytes([BODY[-1] ^ 1]),
    "a pointer that is an answer": HEAD.pack(POINTER, NOW) + b"nothing",
    "a later version": HEAD.pack(b"\x09", NOW) + BODY,
    "too large": HEAD.pack(ANSWER, NOW) + bytes(MOST_BYTES + 1),
}


@pytest.mark.parametrize("value", MALICE.values(), ids=MALICE.keys())
async def test_what_is_not_ours_is_a_miss_and_deleted(
    cache: RedisCache, server: RedisServer, value: bytes
) -> None:
    server.ask("SET", NAME, value)
    assert await cache.get(KEY) is None
    assert cache.damaged == 1
    assert server.names() == []
    await cache.put(KEY, remembered())
    assert await cache.get(KEY) is not None


async def test_a_time_that_is_no_number_is_a_miss(cache: RedisCache, server: RedisServer) -> None:
    server.ask("SET", NAME, HEAD.pack(ANSWER, float("nan")) + BODY)
    assert await cache.get(KEY) is None


async def test_a_pointer_is_followed_once(cache: RedisCache, server: RedisServer) -> None:
    for name, target in ((KEY, OTHER), (OTHER, KEY)):
        value = HEAD.pack(POINTER, NOW) + Codec().seal(f"d1\n{target}".encode(), name)
        server.ask("SET", f"pointsman:default:{name}", value)
    assert await cache.get(KEY) is None
    assert (cache.damaged, len(server.names())) == (0, 2)


@pytest.mark.parametrize("kind", [("LPUSH", "x"), ("HSET", "f", "v"), ("SADD", "x")])
async def test_a_value_of_another_type_is_a_miss_and_written_over(
    cache: RedisCache, server: RedisServer, link: RedisLink, kind: tuple[str, ...]
) -> None:
    server.ask(kind[0], NAME, *kind[1:])
    assert await cache.get(KEY) is None
    await cache.put(KEY, remembered())
    assert await cache.get(KEY) is not None
    assert link.failures == 0


PURGES = [
    (Purge(), {"a:1", "a:2", "b:1", "b*:1", "[b]:1"}),
    (Purge(scope="[b]"), {"[b]:1"}),
    (Purge(prefix="cc:v1:[b]:1"), {"[b]:1"}),
    (Purge(scope="a"), {"a:1", "a:2"}),
    (Purge(scope="b*"), {"b*:1"}),
    (Purge(prefix="cc:v1:a:1"), {"a:1"}),
    (Purge(prefix="cc:v1:b*"), {"b*:1"}),
    (Purge(prefix="cc:v1:a", scope="b"), set[str]()),
    (Purge(model="big"), {"a:2"}),
    (Purge(model="acme/big"), {"a:2"}),
    (Purge(scope="b", model="big"), set[str]()),
    (Purge(stored_before=NOW), {"b:1"}),
    (Purge(model="none"), set[str]()),
]


@pytest.mark.parametrize(("purge", "gone"), PURGES, ids=str)
async def test_a_purge_takes_what_it_says_and_no_more(
    cache: RedisCache, server: RedisServer, purge: Purge, gone: set[str]
) -> None:
    kept = {
        "a:1": remembered(),
        "a:2": replace(remembered(), model="big"),
        "b:1": replace(remembered(), stored_at=NOW - 10),
        "b*:1": remembered(),
        "[b]:1": remembered(),
    }
    for name, answer in kept.items():
        await cache.put(f"cc:v1:{name}", answer, (f"cc:v1:{name}0",))
    server.ask("SET", "pointsman:defaults:cc:v1:a:1", "of another")
    assert await cache.purge(purge) == len(gone)
    for name in kept:
        for key in (name, f"{name}0"):
            assert (await cache.get(f"cc:v1:{key}") is None) == (name in gone), key
    assert server.ask("GET", "pointsman:defaults:cc:v1:a:1") == b"of another"


async def test_a_purge_of_all_leaves_nothing_and_takes_small_steps(
    cache: RedisCache, server: RedisServer
) -> None:
    for number in range(1000):
        await cache.put(f"cc:v1:a:{number}", remembered(), (f"cc:v1:a:x{number}",))
    server.ask("SET", "pointsman:default:cc:v1:a:garbage", "garbage")
    server.ask("CONFIG", "RESETSTAT")
    assert await cache.purge(Purge()) == 1000
    assert server.names() == []
    assert calls(server, "scan") >= 10


async def test_what_was_purged_while_redis_was_away_is_not_found_when_it_is_back(
    cache: RedisCache, server: RedisServer, link: RedisLink, hand: Hand
) -> None:
    await cache.put(KEY, remembered("wrong"), (OTHER,))
    await cache.put("cc:v1:b:1", remembered())
    link.close()
    assert await cache.purge(Purge(prefix=KEY)) == 0
    await link.probe()
    assert server.names() != []
    for key in (KEY, OTHER):
        assert await cache.get(key) is None
    assert await cache.get("cc:v1:b:1") is not None
    hand.turn(1)
    await cache.put(KEY, remembered("right"), (OTHER,))
    assert await cache.get(OTHER) is not None


async def test_purges_that_redis_never_hears_of_are_not_counted_without_end(
    cache: RedisCache, link: RedisLink
) -> None:
    await cache.put(KEY, remembered())
    link.close()
    for number in range(MOST_OWED + 1):
        await cache.purge(Purge(prefix=f"cc:v1:z:{number}"))
    await link.probe()
    assert await cache.get(KEY) is None  # nobody remembers which were meant


async def test_nothing_of_a_prompt_is_in_a_name(cache: RedisCache, server: RedisServer) -> None:
    await cache.put(KEY, remembered())
    assert server.names() == [NAME.encode()]


@pytest.mark.parametrize(
    ("info", "complains"),
    [
        ({"maxmemory": 0, "maxmemory_policy": "noeviction"}, True),
        ({"maxmemory": 0, "maxmemory_policy": "allkeys-lru"}, True),
        ({"maxmemory": 2_000_000_000, "maxmemory_policy": "noeviction"}, True),
        ({"maxmemory": 2_000_000_000, "maxmemory_policy": "volatile-lru"}, True),
        ({"maxmemory": 2_000_000_000, "maxmemory_policy": "allkeys-lru"}, False),
        ({"maxmemory": 2_000_000_000, "maxmemory_policy": "allkeys-lfu"}, False),
        ({}, True),
    ],
)
def test_a_server_that_is_no_cache_gets_advice(info: dict[str, object], complains: bool) -> None:
    """CA-12."""
    assert (advice(info) is not None) == complains


async def test_a_real_server_says_what_advice_needs(server: RedisServer, link: RedisLink) -> None:
    """CA-12."""
    assert advice(await link.info()) is not None
    server.ask("CONFIG", "SET", "maxmemory", "2gb")
    server.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    assert advice(await link.info()) is None
    server.ask("CONFIG", "SET", "maxmemory", "0")


def test_an_answer_is_kept_as_json_under_a_checksum() -> None:
    body = Codec().unseal(BODY, KEY)
    assert body is not None
    assert orjson.loads(body)["completion"]["text"] == "Paris"
