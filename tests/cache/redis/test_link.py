"""The line to Redis: what goes over it together, and what is waited for."""

import subprocess
import sys
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import SocketAttribute, SocketStream
from pydantic import SecretStr

from cache.redis.failures import RedisFailed, RedisSkipped
from cache.redis.link import MOST_KEYS, SKIP_S, RedisLink, open_link, open_redis
from cache.redis.turns import MOST_FAILURES, TURNS, State, Turns
from pointsman.errors import ConfigError
from pointsman.settings import CacheSettings
from tests.cache.redis.conftest import AMPLE_S, SHORT_S, Hand
from tests.redis_server import RedisServer, calls

ROOT = Path(__file__).parents[3]


@dataclass
class Changes:
    """What a link told of itself."""

    seen: list[State] = field(default_factory=list[State])
    _news: anyio.Event = field(default_factory=anyio.Event)

    def __call__(self, state: State, error: str | None) -> None:
        self.seen.append(state)
        self._news.set()

    async def until(self, *seen: State) -> None:
        while self.seen != list(seen):
            await self._news.wait()
            self._news = anyio.Event()


@pytest.fixture
def changes() -> Changes:
    return Changes()


@pytest.fixture
async def brief(server: RedisServer, hand: Hand, changes: Changes) -> AsyncIterator[RedisLink]:
    opened = open_link(
        server.url,
        timeout_s=SHORT_S,
        connect_timeout_s=SHORT_S,
        clock=hand.clock(),
        on_change=changes,
    )
    async with opened as link:
        try:
            yield link
        finally:
            server.thaw()


async def failing(awaitable: Awaitable[object]) -> RedisFailed | None:
    try:
        await awaitable
    except RedisFailed as failure:
        return failure
    return None


async def values(link: RedisLink, names: list[bytes]) -> list[bytes | None]:
    """Each of `names`, asked for by a task of its own."""
    found: dict[int, bytes | None] = {}

    async def ask(number: int, name: bytes) -> None:
        found[number] = await link.get(name)

    async with anyio.create_task_group() as group:
        for number, name in enumerate(names):
            group.start_soon(ask, number, name)
    return [found[number] for number in range(len(names))]


async def test_what_is_asked_for_at_once_is_fetched_at_once(
    link: RedisLink, server: RedisServer
) -> None:
    """CA-14: 120 GETs of one tick are three MGETs, and each gets its own value."""
    names = [b"n%d" % number for number in range(120)]
    await link.put({name: b"of " + name for name in names[:-1]}, 60)
    server.ask("CONFIG", "RESETSTAT")
    assert await values(link, names) == [b"of " + name for name in names[:-1]] + [None]
    assert (calls(server, "mget"), calls(server, "get")) == (-(-120 // MOST_KEYS), 0)


async def test_one_value_is_fetched_once_for_all_who_want_it(
    link: RedisLink, server: RedisServer
) -> None:
    await link.put({b"n": b"v"}, 60)
    server.ask("CONFIG", "RESETSTAT")
    assert await values(link, [b"n"] * 64) == [b"v"] * 64
    assert calls(server, "mget") == 1
    assert server.ask("INFO", "stats").decode().count("keyspace_hits:1\r") == 1


async def test_few_connections_carry_any_number_of_commands(
    link: RedisLink, server: RedisServer
) -> None:
    """CA-14."""
    done: list[int] = []

    async def one(number: int) -> None:
        await link.put({b"n%d" % number: b"%d" % number}, 60)
        assert await link.read([b"n%d" % number]) == [b"%d" % number]
        done.append(number)

    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            for number in range(200):
                group.start_soon(one, number)
    assert len(done) == 200
    clients = server.ask("INFO", "clients").decode()
    assert int(clients.split("connected_clients:")[1].split()[0]) <= TURNS + 1


async def test_who_leaves_takes_no_value_from_others(link: RedisLink, server: RedisServer) -> None:
    await link.put({b"a": b"of a", b"b": b"of b"}, 60)
    got: list[bytes | None] = []

    async def ask(name: bytes, scope: anyio.CancelScope) -> None:
        with scope:
            got.append(await link.get(name))

    leaving = anyio.CancelScope()
    with anyio.fail_after(5):
        server.freeze()
        async with anyio.create_task_group() as group:
            group.start_soon(ask, b"a", leaving)
            group.start_soon(ask, b"b", anyio.CancelScope())
            await anyio.wait_all_tasks_blocked()
            leaving.cancel()
            await anyio.wait_all_tasks_blocked()
            server.thaw()
    assert got == [b"of b"]


@pytest.mark.parametrize(
    "ask",
    [
        lambda link, name: link.read([name]),
        lambda link, name: link.evaluate("return {redis.call('GET', KEYS[1])}", [name]),
    ],
    ids=["read", "evaluate"],
)
async def test_a_command_that_was_cancelled_gives_its_reply_to_nobody(
    link: RedisLink,
    server: RedisServer,
    ask: Callable[[RedisLink, bytes], Awaitable[list[bytes | None]]],
) -> None:
    """The class of defect behind ChatGPT's leak of March 2023."""
    names = [b"n%d" % number for number in range(3 * TURNS)]
    await link.put({name: b"of " + name for name in names}, 60)
    wrong: list[bytes] = []

    async def one(name: bytes) -> None:
        if await ask(link, name) != [b"of " + name]:
            wrong.append(name)

    with anyio.fail_after(10):
        for _ in range(10):
            async with anyio.create_task_group() as group:  # connections that were used before
                for name in names:
                    group.start_soon(one, name)
            server.freeze()
            async with anyio.create_task_group() as group:
                for name in names:
                    group.start_soon(one, name)
                await anyio.wait_all_tasks_blocked()
                group.cancel_scope.cancel()
            server.thaw()
    assert wrong == []
    assert link.state == "ok"


async def test_a_hung_server_costs_everybody_together_one_wait(
    brief: RedisLink, server: RedisServer, hand: Hand, changes: Changes
) -> None:
    """T-48, F8, CA-18: one timeout in two seconds for all, and none for who comes later."""
    waited: list[list[bool]] = []

    async def use(number: int) -> None:
        name = b"n%d" % number
        asked = (brief.get(name), brief.put({name: b"v"}, 60), brief.read([name]))
        failures = [await failing(awaitable) for awaitable in asked]
        assert None not in failures
        waited.append([not isinstance(failure, RedisSkipped) for failure in failures])

    server.freeze()
    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            for number in range(100):
                group.start_soon(use, number)
        assert waited == [[True, False, False]] * 100
        assert (brief.failures, brief.outages, brief.state) == (1, 1, "degraded")
        before = brief.failures
        for _ in range(100):
            assert isinstance(await failing(brief.read([b"n"])), RedisSkipped)
        assert brief.failures == before  # nothing was sent
        hand.turn(SKIP_S)
        while brief.failures == before:  # the PING, which nobody but the link waits for
            assert isinstance(await failing(brief.get(b"n")), RedisSkipped)
            await anyio.lowlevel.checkpoint()
        assert brief.failures == before + 1
        server.thaw()
        await anyio.wait_all_tasks_blocked()
        hand.turn(SKIP_S)
        await changes.until("ok", "degraded", "ok")
        await brief.put({b"n": b"v"}, 60)
        assert await brief.get(b"n") == b"v"
    assert (brief.outages, brief.state) == (1, "ok")


async def test_who_began_to_wait_later_waits_no_longer() -> None:
    """The second wait would end up to one whole timeout after the first."""
    turns = Turns(timeout_s=60, on_change=Changes())
    turns.found()
    cut: list[str] = []

    async def wait() -> None:
        try:
            async with turns.take("MGET"):
                await anyio.sleep_forever()
        except RedisFailed as failure:
            cut.append(str(failure))

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            for _ in range(3 * TURNS):  # most of them have not even had their turn
                group.start_soon(wait)
            await anyio.wait_all_tasks_blocked()
            turns.lose("another found out")
    assert cut == ["degraded"] * (3 * TURNS)
    assert turns.failures == 0


async def test_a_server_that_was_killed_is_left_alone_after_five_failures_and_found_again(
    brief: RedisLink, server: RedisServer, hand: Hand, changes: Changes
) -> None:
    """CA-18, AT-107."""
    await brief.put({b"n": b"v"}, 60)
    server.kill()
    with anyio.fail_after(10):
        failures = [await failing(brief.read([b"n"])) for _ in range(20)]
        assert None not in failures
        skipped = [isinstance(failure, RedisSkipped) for failure in failures]
        assert skipped == [False] * MOST_FAILURES + [True] * (20 - MOST_FAILURES)
        assert (brief.state, brief.last_error) == ("degraded", "ConnectionError")
        server.start()
        await anyio.wait_all_tasks_blocked()
        hand.turn(SKIP_S)
        await changes.until("ok", "degraded", "ok")
        assert brief.state == "ok"
        assert await brief.get(b"n") is None  # it came back empty


async def test_a_restart_between_two_commands_is_not_noticed(
    link: RedisLink, server: RedisServer
) -> None:
    await link.put({b"n": b"v"}, 60)
    server.restart()
    assert await link.get(b"n") is None
    assert (link.failures, link.state) == (0, "ok")


async def test_a_reply_that_waited_for_our_own_event_loop_is_in_time(
    brief: RedisLink, server: RedisServer
) -> None:
    found: list[bytes | None] = []

    async def ask() -> None:
        found.extend(await brief.read([b"n"]))

    await brief.put({b"n": b"v"}, 60)
    server.freeze()
    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        server.thaw()
        time.sleep(2 * SHORT_S)  # noqa: ASYNC251 - what is late is the event loop itself
    assert found == [b"v"]
    assert (brief.failures, brief.state) == (0, "ok")


async def test_a_server_that_is_not_there_yet_delays_nothing(
    tmp_path: Path, hand: Hand, changes: Changes
) -> None:
    server = RedisServer(tmp_path)
    with anyio.fail_after(10):
        async with open_link(server.url, clock=hand.clock(), on_change=changes) as link:
            assert link.state == "degraded"
            assert isinstance(await failing(link.get(b"n")), RedisSkipped)
            await anyio.wait_all_tasks_blocked()
            with server:
                hand.turn(SKIP_S)
                await changes.until("degraded", "ok")
                assert await link.get(b"n") is None


async def test_a_refusal_is_no_outage_and_over_when_it_is(
    link: RedisLink, server: RedisServer
) -> None:
    """A full server still answers what it has."""
    await link.put({b"n": b"v"}, 60)
    server.ask("CONFIG", "SET", "maxmemory", "1")
    for _ in range(2 * MOST_FAILURES):
        assert await failing(link.put({b"m": b"v"}, 60)) is not None
    assert (link.state, link.last_error, link.outages) == ("degraded", "OutOfMemoryError", 0)
    assert await link.get(b"n") == b"v"
    states = [link.state]
    server.ask("CONFIG", "SET", "maxmemory", "0")
    await link.put({b"m": b"v"}, 60)
    assert [*states, link.state] == ["degraded", "ok"]


async def test_what_was_refused_is_forgotten_when_redis_comes_back(
    brief: RedisLink, server: RedisServer, hand: Hand, changes: Changes
) -> None:
    server.ask("CONFIG", "SET", "maxmemory", "1")
    assert await failing(brief.put({b"m": b"v"}, 60)) is not None
    with anyio.fail_after(10):
        server.kill()
        for _ in range(MOST_FAILURES):
            assert await failing(brief.read([b"n"])) is not None
        server.start()
        await anyio.wait_all_tasks_blocked()
        hand.turn(SKIP_S)
        await changes.until("ok", "degraded", "ok")
    assert brief.state == "ok"


async def test_the_servers_of_every_age_understand_the_first_words(
    server: RedisServer, hand: Hand
) -> None:
    """No HELLO, which Redis 5 lacks, and no CLIENT SETINFO, which 7.0 lacks."""
    server.ask("CONFIG", "RESETSTAT")
    async with open_link(
        server.url, timeout_s=AMPLE_S, connect_timeout_s=AMPLE_S, clock=hand.clock()
    ) as link:
        await link.get(b"n")
    stats = server.ask("INFO", "commandstats").decode()
    names = {line.split(":")[0] for line in stats.splitlines() if line.startswith("cmdstat_")}
    sent = {name for name in names if not name.startswith("cmdstat_config")}  # the test's own
    assert sent == {"cmdstat_ping", "cmdstat_mget"}


SECRET = "tr0ub4dor"  # noqa: S105 - of a server that is started here


@pytest.mark.parametrize(
    "url",
    [
        f"redis://:{SECRET}@host:port/0",
        f"redis://host/0?{SECRET}=1",
        f"redis://:{SECRET}@host:99999999/x?socket_timeout=soon",
    ],
)
async def test_a_url_that_cannot_be_read_is_told_without_it(url: str, hand: Hand) -> None:
    with pytest.raises(ConfigError) as caught:
        async with open_link(url, clock=hand.clock()):
            pass
    assert SECRET not in "".join(traceback.format_exception(caught.value))


async def test_a_wrong_password_is_degraded_and_not_told(tmp_path: Path, hand: Hand) -> None:
    with RedisServer(tmp_path, "--requirepass", "another") as server:
        url = server.url.replace("//", f"//:{SECRET}@")
        async with open_link(
            url, timeout_s=AMPLE_S, connect_timeout_s=AMPLE_S, clock=hand.clock()
        ) as link:
            assert (link.state, link.last_error) == ("degraded", "AuthenticationError")
            failure = await failing(link.read([b"n"]))
            assert failure is not None
            told = "".join(traceback.format_exception(failure)) + repr(link) + repr(vars(link))
            assert SECRET not in told
        async with open_link(
            server.url, timeout_s=AMPLE_S, connect_timeout_s=AMPLE_S, clock=hand.clock()
        ) as link:
            assert (link.state, link.last_error) == ("degraded", "AuthenticationError")


async def test_the_right_password_and_a_database_number_are_used(
    tmp_path: Path, hand: Hand
) -> None:
    with RedisServer(tmp_path, "--requirepass", SECRET) as server:
        url = server.url.replace("//", f"//:{SECRET}@").replace("/0", "/3")
        async with open_link(
            url, timeout_s=AMPLE_S, connect_timeout_s=AMPLE_S, clock=hand.clock()
        ) as link:
            await link.put({b"n": b"v"}, 60)
            assert await link.get(b"n") == b"v"


@asynccontextmanager
async def saying(reply: bytes) -> AsyncIterator[str]:
    """The URL of something that greets like Redis, and then says `reply` to everything."""

    async def serve(stream: SocketStream) -> None:
        async with stream:
            try:
                while True:
                    asked = await stream.receive()
                    await stream.send(b"+PONG\r\n" if b"PING" in asked else reply)
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                pass

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, serve)
        yield f"redis://127.0.0.1:{listener.extra(SocketAttribute.local_port)}"  # noqa: S610
        tasks.cancel_scope.cancel()


STRANGE = [
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b":5\r\n",
    b"$-1\r\n",
    b"*0\r\n",
    b"*-1\r\n",
    b"*1\r\n*1\r\n:7\r\n",
    b"*99999999\r\n",
    b"$nonsense\r\n",
    b"\x00\xff\r\n",
    b"-ERR unknown command\r\n",
    b"-NOPERM no\r\n",
    b"-LOADING wait\r\n",
    b"-READONLY no\r\n",
    b"-\r\n",
    b"\r\n",
]


@pytest.mark.parametrize("reply", STRANGE, ids=repr)
async def test_whatever_answers_there_nothing_but_a_failure_comes_of_it(
    reply: bytes, hand: Hand
) -> None:
    with anyio.fail_after(10):
        async with saying(reply) as url, open_link(url, clock=hand.clock()) as link:
            assert link.state == "ok"
            for ask in (link.get(b"n"), link.read([b"n"]), link.scan(0, b"*", 10)):
                try:
                    assert await ask in (None, [None], (0, []))
                except RedisFailed:
                    continue
            assert isinstance(await failing(link.put({b"n": b"v"}, 1)), RedisFailed | None)


async def test_without_an_url_or_a_cache_there_is_no_link(hand: Hand, server: RedisServer) -> None:
    url = SecretStr(server.url)
    for settings in (CacheSettings(), CacheSettings(enabled=False, redis_url=url)):
        async with open_redis(settings, hand.clock()) as link:
            assert link is None
    async with open_redis(CacheSettings(redis_url=url), hand.clock()) as link:
        assert link is not None
        assert link.state == "ok"


async def test_a_missing_package_is_told(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)  # as if it were not installed
    with pytest.raises(ConfigError) as caught:
        async with open_link("redis://host", clock=hand.clock()):
            pass
    assert "pointsman[redis]" in str(caught.value)


def test_whoever_has_no_redis_does_not_pay_for_its_client() -> None:
    program = "import sys, cache.layers, cache.redis.flights; print('redis' in sys.modules)"
    result = subprocess.run(  # noqa: S603 - our own argument list
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "False"
