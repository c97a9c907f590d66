"""Everything a Redis can do to us, while calls go on: none fails, and waits are counted."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
import anyio.lowlevel
import pytest

from cache.redis.link import SKIP_S
from pointsman.errors import PointsmanError
from pointsman.seams import Emit
from tests.cache.redis.conftest import AMPLE_S, SHORT_S, Hand
from tests.cache.redis.fleet import Engine, open_engine
from tests.redis_server import RedisServer

CALLERS = 16
PROMPTS = 60


@dataclass
class Load:
    """Callers who go on asking until they are told to stop."""

    engine: Engine
    dice: random.Random = field(default_factory=lambda: random.Random(4))
    wrong: list[str] = field(default_factory=list[str])
    answered: int = 0
    calling: int = 0
    stop: bool = False

    async def call(self) -> None:
        self.calling += 1
        while not self.stop:
            prompt = f"q{self.dice.randrange(PROMPTS)}"
            try:
                answer = await self.engine.answer(prompt)
            except PointsmanError as error:
                self.wrong.append(str(error))
            else:
                if answer.completion.text != f"re: {prompt}":
                    self.wrong.append(answer.completion.text)
            self.answered += 1
        self.calling -= 1

    async def all_done(self, scope: anyio.CancelScope) -> None:
        while self.calling:
            await anyio.lowlevel.checkpoint()
        scope.cancel()

    async def more(self, answers: int = 10 * CALLERS) -> None:
        """Until as many more calls as that were answered."""
        until = self.answered + answers
        while self.answered < until:
            await anyio.lowlevel.checkpoint()


async def turning(hand: Hand) -> None:
    """Time goes by."""
    while True:
        hand.turn(SKIP_S / 100)
        await anyio.lowlevel.checkpoint()


async def upstream(engine: Engine, prompt: str, emit: Emit) -> str:
    await anyio.lowlevel.checkpoint()
    return f"re: {prompt}"


Act = Callable[[RedisServer], object]


def foreign_values(server: RedisServer) -> None:
    """Under every name of ours something that is not ours."""
    for number in range(PROMPTS):
        name = f"pointsman:default:cc:v1:a:q{number}"
        lock = f"pointsman-flight:default:cc:v1:a:q{number}|None|False"
        server.ask("DEL", name, lock)
        if number % 3 == 0:
            server.ask("LPUSH", name, "x")
            server.ask("HSET", lock, "f", "v")
        else:
            server.ask("SET", name, b"\x80\x04K\x01." if number % 3 == 1 else b"\x01" * 50)


def close_connections(server: RedisServer) -> None:
    server.ask("CLIENT", "KILL", "TYPE", "normal")


def nothing(server: RedisServer) -> None:
    """It mends itself."""


# What happens, what ends it, whether Redis is lost meanwhile, and whether it is told.
# None: as many commands were under way or not.
FAULTS: dict[str, tuple[Act, Act, bool | None, bool | None]] = {
    "frozen": (RedisServer.freeze, RedisServer.thaw, True, True),
    "killed": (RedisServer.kill, RedisServer.start, True, True),
    "restarted empty": (RedisServer.restart, nothing, None, None),
    "flushed": (lambda s: s.ask("FLUSHALL"), nothing, False, False),
    "scripts flushed": (lambda s: s.ask("SCRIPT", "FLUSH"), nothing, False, False),
    "connections closed": (close_connections, nothing, False, False),
    "foreign values": (foreign_values, nothing, False, False),
    "full": (
        lambda s: (s.ask("FLUSHALL"), s.ask("CONFIG", "SET", "maxmemory", "1")),
        lambda s: s.ask("CONFIG", "SET", "maxmemory", "0"),
        False,
        True,
    ),
    "read-only": (
        lambda s: (s.ask("FLUSHALL"), s.ask("REPLICAOF", "127.0.0.1", "1")),
        lambda s: s.ask("REPLICAOF", "NO", "ONE"),
        False,
        True,
    ),
    "a password since": (
        lambda s: s.restart("--requirepass", "x"),
        RedisServer.restart,
        True,
        True,
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_under_load_no_call_fails_and_redis_is_used_again(
    server: RedisServer, hand: Hand, fault: str
) -> None:
    """F8, T-48, T-66, CA-18, AT-107: at most one outage until two seconds are over."""
    begin, end, lost, told = FAULTS[fault]
    timeout_s = SHORT_S if fault == "frozen" else AMPLE_S
    with anyio.fail_after(50):
        async with open_engine(
            server.url, upstream, timeout_s=timeout_s, clock=hand.clock()
        ) as engine:
            load = Load(engine)
            link = engine.link
            async with anyio.create_task_group() as time, anyio.create_task_group() as group:
                for _ in range(CALLERS):
                    group.start_soon(load.call)
                await load.more()
                assert (link.state, link.failures) == ("ok", 0)
                begin(server)
                try:
                    await load.more()
                    states = {link.state}
                    failures, outages = link.failures, link.outages
                    await load.more()
                    if lost:
                        assert link.failures == failures  # since then, nothing was sent
                    assert link.outages == outages
                    assert lost is None or outages == lost
                finally:
                    end(server)
                time.start_soon(turning, hand)
                while link.state != "ok":
                    await anyio.lowlevel.checkpoint()
                await load.more()
                load.stop = True
                group.start_soon(load.all_done, time.cancel_scope)
            assert load.wrong == []
            assert told is None or ("degraded" in states) == told
            await engine.answer("q0")
            assert (await engine.answer("q0")).cache.layer == "redis"
            assert link.state == "ok"
