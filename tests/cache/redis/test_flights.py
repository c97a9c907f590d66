"""Identical calls in several processes that share one flight."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from cache.redis.causes import heard, told
from cache.redis.flights import LEASE_S, RENEW_S
from cache.redis.link import SKIP_S
from pointsman.errors import (
    BudgetExceeded,
    Cause,
    ContentRefused,
    DeadlineExceeded,
    EngineGone,
    InvalidInput,
    NoBackend,
    NotFound,
    PointsmanError,
    RateLimited,
    StorageFailed,
)
from pointsman.records import Answer
from tests.cache.redis.conftest import SHORT_S, Hand
from tests.cache.redis.fleet import CLOCK, Engine, Upstream, open_engine
from tests.contract.cache import remembered
from tests.redis_server import RedisServer, calls

LOCK = "pointsman-flight:default:cc:v1:a:q|None|False"


@asynccontextmanager
async def fleet_of(
    server: RedisServer, upstream: Upstream, count: int = 3, **options: Any
) -> AsyncIterator[list[Engine]]:
    async with AsyncExitStack() as stack:
        opened = [open_engine(server.url, upstream, **options) for _ in range(count)]
        yield [await stack.enter_async_context(engine) for engine in opened]


class Callers:
    """Calls under way, and how each ended."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.errors: list[Exception] = []

    async def call(self, engine: Engine, prompt: str = "q") -> None:
        try:
            self.answers.append(await engine.answer(prompt))
        except (PointsmanError, ZeroDivisionError) as error:
            self.errors.append(error)

    @property
    def texts(self) -> list[str]:
        return [answer.completion.text for answer in self.answers]


async def until_waiting(server: RedisServer, engines: int) -> None:
    """Until as many engines as that have asked for the lock of a flight."""
    while calls(server, "eval") < engines:
        await anyio.lowlevel.checkpoint()


@pytest.fixture(autouse=True)
def forget_statistics(server: RedisServer) -> None:
    server.ask("CONFIG", "RESETSTAT")


async def test_identical_misses_of_a_fleet_become_one_call(server: RedisServer) -> None:
    """CA-06, T-48: 64 callers in each of three engines."""
    upstream, callers = Upstream(), Callers()
    with anyio.fail_after(20):
        async with fleet_of(server, upstream) as engines:
            async with anyio.create_task_group() as group:
                for engine in engines * 64:
                    group.start_soon(callers.call, engine)
                await until_waiting(server, 3)
                upstream.open.set()
            assert server.ask("EXISTS", LOCK) == 0
            late = await engines[0].answer("q")
    assert len(upstream.asked) == 1
    assert callers.texts == ["re: q"] * 192
    assert sum(answer.cache.hit for answer in callers.answers) == 128  # all but the leader's own
    assert late.cache.layer == "redis"


async def test_other_calls_are_not_waited_for(server: RedisServer) -> None:
    upstream, callers = Upstream(), Callers()
    upstream.open.set()
    with anyio.fail_after(10):
        async with fleet_of(server, upstream) as engines, anyio.create_task_group() as group:
            for number, engine in enumerate(engines):
                group.start_soon(callers.call, engine, f"q{number}")
    assert sorted(callers.texts) == ["re: q0", "re: q1", "re: q2"]


async def test_a_flight_without_a_key_stays_at_home(server: RedisServer) -> None:
    upstream = Upstream()
    with anyio.fail_after(10):
        async with fleet_of(server, upstream, 2) as engines:
            for engine in engines:
                engine.keeps = False
            async with anyio.create_task_group() as group:
                for engine in engines:
                    group.start_soon(lambda e: e.answer("q", shared=False), engine)
                await upstream.until_asked(2)
                assert server.names() == []
                upstream.open.set()


async def test_the_leaders_own_hear_pieces_and_the_others_all_at_once(server: RedisServer) -> None:
    upstream, callers = Upstream(), Callers()
    with anyio.fail_after(10):
        async with fleet_of(server, upstream, 2) as engines:
            async with anyio.create_task_group() as group:
                group.start_soon(callers.call, engines[0])
                await upstream.until_asked(1)
                group.start_soon(callers.call, engines[1])
                await until_waiting(server, 2)
                assert (engines[0].pieces, engines[1].pieces) == (["re: "], [])
                upstream.open.set()
            assert engines[0].pieces == ["re: ", "q"]
            assert engines[1].pieces == ["re: q"]


CAUSES = (Cause("acme", "server", "it broke"), Cause("other", "timeout", "30 s"))
FAILURES: list[PointsmanError] = [
    NoBackend("None left.", hint="Wait.", causes=CAUSES, retry_after_s=2.5),
    RateLimited("All busy.", causes=CAUSES, retry_after_s=7),
    ContentRefused("Refused.", causes=CAUSES[:1]),
    DeadlineExceeded("Late.", causes=CAUSES),
    BudgetExceeded("Too dear.", hint="Raise it."),
    InvalidInput("Wrong."),
    NotFound("Gone."),
]


@pytest.mark.parametrize("error", FAILURES, ids=lambda e: e.code)
async def test_what_the_leader_failed_of_reaches_everybody_once(
    server: RedisServer, error: PointsmanError
) -> None:
    """No storm: one call failed, and nobody tries again by himself."""
    upstream, callers = Upstream(errors=[error]), Callers()
    with anyio.fail_after(20):
        async with fleet_of(server, upstream) as engines:
            async with anyio.create_task_group() as group:
                for engine in engines * 5:
                    group.start_soon(callers.call, engine)
                await until_waiting(server, 3)
                upstream.open.set()
            assert len(upstream.asked) == 1
            assert len(callers.errors) == 15
            for caught in callers.errors:
                assert type(caught) is type(error)
                assert dict(vars(caught)) == dict(vars(error))
            await callers.call(engines[1])  # whoever comes now is not told of it
    assert callers.texts == ["re: q"]


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("a defect"), StorageFailed("disk full"), EngineGone("closing")]
)
async def test_what_went_wrong_in_one_process_is_not_held_against_the_others(
    server: RedisServer, error: Exception
) -> None:
    upstream, callers = Upstream(errors=[error]), Callers()
    with anyio.fail_after(20):
        async with fleet_of(server, upstream) as engines, anyio.create_task_group() as group:
            for engine in engines:
                group.start_soon(callers.call, engine)
            await until_waiting(server, 3)
            upstream.open.set()
    assert len(callers.errors) == 1
    assert callers.texts == ["re: q"] * 2
    assert len(upstream.asked) == 2  # of the two who were left, one led again


async def test_an_answer_that_is_not_kept_is_nobody_elses(server: RedisServer) -> None:
    """The others then ask at once, not one after another."""
    upstream, callers = Upstream(), Callers()
    with anyio.fail_after(20):
        async with fleet_of(server, upstream) as engines, anyio.create_task_group() as group:
            for engine in engines:
                engine.keeps = False
                group.start_soon(callers.call, engine)
            await upstream.until_asked(1)
            await until_waiting(server, 3)
            first, upstream.open = upstream.open, anyio.Event()
            first.set()
            await upstream.until_asked(3)
            upstream.open.set()
    assert callers.texts == ["re: q"] * 3


async def test_a_lock_that_vanished_is_taken_by_one_of_those_who_waited(
    server: RedisServer,
) -> None:
    """A leader that was killed, or a Redis that came back empty; the answers are right."""
    upstream, callers = Upstream(), Callers()
    with anyio.fail_after(20):
        async with fleet_of(server, upstream) as engines, anyio.create_task_group() as group:
            for engine in engines:
                group.start_soon(callers.call, engine)
            await until_waiting(server, 3)
            first = server.ask("GET", LOCK)
            server.ask("FLUSHALL")
            await upstream.until_asked(2)
            assert server.ask("GET", LOCK) not in (None, first)
            upstream.open.set()
    assert callers.texts == ["re: q"] * 3
    assert len(upstream.asked) == 2


async def test_who_lost_the_lock_does_not_take_it_from_another(server: RedisServer) -> None:
    upstream, callers = Upstream(), Callers()
    with anyio.fail_after(20):
        async with fleet_of(server, upstream, 1) as engines, anyio.create_task_group() as group:
            group.start_soon(callers.call, engines[0])
            await upstream.until_asked(1)
            server.ask("SET", LOCK, "of another")
            upstream.open.set()
    assert callers.texts == ["re: q"]
    assert server.ask("GET", LOCK) == b"of another"


async def test_a_leader_who_is_left_by_all_leaves_it_to_another(server: RedisServer) -> None:
    upstream, callers = Upstream(), Callers()
    leaving = anyio.CancelScope()
    with anyio.fail_after(LEASE_S / 2):  # before its lock would run out
        async with fleet_of(server, upstream, 2) as engines, anyio.create_task_group() as group:

            async def leave() -> None:
                with leaving:
                    await callers.call(engines[0])

            group.start_soon(leave)
            await upstream.until_asked(1)
            group.start_soon(callers.call, engines[1])
            await until_waiting(server, 2)
            leaving.cancel()
            await upstream.until_asked(2)
            upstream.open.set()
    assert callers.texts == ["re: q"]
    assert (upstream.asked[1], upstream.ended) == (engines[1], 1)


async def test_whoever_only_waited_may_leave(server: RedisServer) -> None:
    upstream, callers = Upstream(), Callers()
    leaving = anyio.CancelScope()
    with anyio.fail_after(20):
        async with fleet_of(server, upstream) as engines, anyio.create_task_group() as group:

            async def leave() -> None:
                with leaving:
                    await callers.call(engines[1])

            group.start_soon(callers.call, engines[0])
            await upstream.until_asked(1)
            group.start_soon(leave)
            group.start_soon(callers.call, engines[2])
            await until_waiting(server, 3)
            leaving.cancel()
            await anyio.lowlevel.checkpoint()
            upstream.open.set()
    assert callers.texts == ["re: q"] * 2
    assert len(upstream.asked) == 1


async def test_nobody_waits_longer_than_he_has_time(server: RedisServer, hand: Hand) -> None:
    upstream = Upstream()
    server.ask("SET", LOCK, "of a leader that never lands", "PX", "60000")
    upstream.open.set()
    with anyio.fail_after(20):
        async with (
            fleet_of(server, upstream, 1, clock=hand.clock()) as [engine],
            anyio.create_task_group() as group,
        ):
            group.start_soon(lambda: engine.fly("q", within_s=3.0))
            await until_waiting(server, 1)
            while not upstream.asked:
                hand.turn(0.25)
                await anyio.wait_all_tasks_blocked()
    assert 3.0 <= hand.now <= 3.5


async def test_a_lock_is_held_for_as_long_as_the_flight_is_under_way(
    server: RedisServer, hand: Hand
) -> None:
    upstream, callers = Upstream(), Callers()
    with anyio.fail_after(20):
        async with fleet_of(server, upstream, 1, clock=hand.clock()) as engines:
            async with anyio.create_task_group() as group:
                group.start_soon(callers.call, engines[0])
                await upstream.until_asked(1)
                assert 0 < server.ask("PTTL", LOCK) <= LEASE_S * 1000
                server.ask("PEXPIRE", LOCK, "5000")
                hand.turn(RENEW_S)
                while server.ask("PTTL", LOCK) <= 5000:
                    await anyio.lowlevel.checkpoint()
                upstream.open.set()
            assert server.ask("EXISTS", LOCK) == 0


@asynccontextmanager
async def with_a_lock_unheard(
    server: RedisServer, hand: Hand, upstream: Upstream
) -> AsyncIterator[Engine]:
    """Redis hung when it was asked for the lock, and did as it was asked when it woke."""
    opened = open_engine(server.url, upstream, clock=hand.clock(), timeout_s=SHORT_S)
    async with opened as engine:
        server.freeze()
        try:
            assert (await engine.fly("q")).completion.text == "re: q"
        finally:
            server.thaw()
        while server.ask("EXISTS", LOCK) == 0:
            await anyio.lowlevel.checkpoint()
        await anyio.wait_all_tasks_blocked()
        hand.turn(SKIP_S)
        while engine.link.state != "ok":
            await anyio.lowlevel.checkpoint()
        yield engine


async def test_a_lock_that_was_taken_unheard_is_given_up(server: RedisServer, hand: Hand) -> None:
    upstream = Upstream()
    upstream.open.set()
    with anyio.fail_after(LEASE_S / 2):  # before it would run out
        async with with_a_lock_unheard(server, hand, upstream):
            await anyio.wait_all_tasks_blocked()
            hand.turn(RENEW_S)
            while server.ask("EXISTS", LOCK) == 1:
                await anyio.lowlevel.checkpoint()


async def test_whoever_took_a_lock_unheard_does_not_wait_for_himself(
    server: RedisServer, hand: Hand
) -> None:
    upstream = Upstream()
    upstream.open.set()
    with anyio.fail_after(LEASE_S / 2):
        async with with_a_lock_unheard(server, hand, upstream) as engine:
            assert (await engine.fly("q")).completion.text == "re: q"
            assert server.ask("EXISTS", LOCK) == 0
    assert len(upstream.asked) == 2


@pytest.mark.parametrize("trouble", ["killed", "frozen", "refuses"])
async def test_without_redis_each_process_flies_alone_and_nobody_fails(
    server: RedisServer, trouble: str
) -> None:
    """T-48, CA-18."""
    upstream, callers = Upstream(), Callers()
    with anyio.fail_after(20):
        async with fleet_of(server, upstream, timeout_s=SHORT_S) as engines:
            if trouble == "killed":
                server.kill()
            elif trouble == "frozen":
                server.freeze()
            else:
                server.ask("CONFIG", "SET", "maxmemory", "1")
            async with anyio.create_task_group() as group:
                for engine in engines * 20:
                    group.start_soon(callers.call, engine)
                await upstream.until_asked(3)
                upstream.open.set()
            states = {engine.link.state for engine in engines}
            outages = [engine.link.outages for engine in engines]
        if trouble == "killed":
            server.start()
        server.thaw()
        server.ask("CONFIG", "SET", "maxmemory", "0")
    assert callers.errors == []
    assert callers.texts == ["re: q"] * 60
    assert len(upstream.asked) == 3
    assert states == {"degraded"}
    assert max(outages) <= 1


@pytest.mark.parametrize("trouble", ["killed", "frozen"])
async def test_who_waits_when_redis_goes_away_goes_on_alone(
    server: RedisServer, trouble: str
) -> None:
    upstream, callers = Upstream(), Callers()
    with anyio.fail_after(20):
        async with (
            fleet_of(server, upstream, timeout_s=SHORT_S) as engines,
            anyio.create_task_group() as group,
        ):
            for engine in engines:
                group.start_soon(callers.call, engine)
            await until_waiting(server, 3)
            (server.kill if trouble == "killed" else server.freeze)()
            await upstream.until_asked(3)
            upstream.open.set()
        if trouble == "killed":
            server.start()
        server.thaw()
    assert callers.errors == []
    assert callers.texts == ["re: q"] * 3


async def test_what_landed_just_before_is_served_and_not_asked_for_again(
    server: RedisServer,
) -> None:
    upstream = Upstream()
    with anyio.fail_after(10):
        async with fleet_of(server, upstream, 1) as [engine]:
            kept = replace(remembered("there"), stored_at=CLOCK.wall())
            await engine.cache.put("cc:v1:a:q", kept)
            answer = await engine.fly("q")  # who had looked before that
            assert server.ask("EXISTS", LOCK) == 0
    assert (answer.completion.text, answer.cache.hit) == ("there", True)
    assert upstream.asked == []


async def test_what_is_no_longer_fresh_is_not_served(server: RedisServer) -> None:
    """X-04: it would be stale, which is for the dispatcher to judge."""
    upstream = Upstream()
    upstream.open.set()
    with anyio.fail_after(10):
        async with fleet_of(server, upstream, 1) as [engine]:
            old = replace(remembered("old"), stored_at=CLOCK.wall() - 90_000)
            await engine.cache.put("cc:v1:a:q", old)
            assert (await engine.fly("q")).completion.text == "re: q"


@pytest.mark.parametrize("said", [b"", b"landed", b'{"code": "no_backend"}', b"\x01garbage"])
async def test_an_end_that_nobody_of_ours_told_is_not_believed(
    server: RedisServer, said: bytes
) -> None:
    upstream, callers = Upstream(), Callers()
    with anyio.fail_after(20):
        async with fleet_of(server, upstream, 1) as engines, anyio.create_task_group() as group:
            server.ask("SET", LOCK, "token", "PX", "60000")
            group.start_soon(callers.call, engines[0])
            await until_waiting(server, 1)
            server.ask("SET", f"{LOCK}:token", said)
            seen = calls(server, "mget")
            while calls(server, "mget") < seen + 3:
                await anyio.lowlevel.checkpoint()
            assert calls(server, "eval") == 1  # it goes on waiting, and does not spin
            server.ask("DEL", LOCK)
            await upstream.until_asked(1)
            upstream.open.set()
    assert callers.texts == ["re: q"]


@pytest.mark.parametrize("command", [("LPUSH", "x"), ("SET", "for ever")])
async def test_what_is_no_lock_of_ours_is_in_nobodys_way(
    server: RedisServer, command: tuple[str, str]
) -> None:
    upstream, callers = Upstream(), Callers()
    upstream.open.set()
    server.ask(command[0], LOCK, command[1])
    with anyio.fail_after(10):
        async with fleet_of(server, upstream, 1) as [engine]:
            await callers.call(engine)
            assert (engine.link.state, server.ask("EXISTS", LOCK)) == ("ok", 0)
    assert callers.texts == ["re: q"]


def test_only_what_is_said_to_callers_is_told_to_other_processes() -> None:
    for error in FAILURES:
        said = told(error)
        assert said is not None
        caught = heard(said)
        assert caught is not None
        assert (type(caught), vars(caught)) == (type(error), vars(error))
    assert told(PointsmanError("internal")) is None
    assert told(InvalidInput("half a pair \ud800")) is None


NOT_OURS = [
    b"",
    b"[]",
    b"7",
    b'{"code": "internal"}',
    b'{"code": ["no_backend"]}',
    b'{"code": "no_backend"}',
    b'{"code":"no_backend","message":"m","hint":null,"retry_after_s":1,"causes":[7]}',
]


@pytest.mark.parametrize("said", NOT_OURS)
def test_what_was_not_told_by_us_is_not_heard(said: bytes) -> None:
    assert heard(said) is None
