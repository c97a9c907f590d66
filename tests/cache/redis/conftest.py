"""One server for the tests of a module; each test finds it running and empty."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import anyio
import pytest

from cache.redis.link import RedisLink, open_link
from pointsman.seams import Clock
from tests.contract.cache import NOW
from tests.redis_server import RedisServer

AMPLE_S = 5.0  # where no test is about a timeout, a busy machine shall not make one
SHORT_S = 0.5  # where one is: what is counted is how often it was waited for, not for how long


@dataclass
class Hand:
    """A clock that is turned by hand; whoever sleeps on it wakes when it is."""

    now: float = 0.0
    _moved: anyio.Event = field(default_factory=anyio.Event)

    def clock(self) -> Clock:
        return Clock(
            monotonic=lambda: 50.0 + self.now, wall=lambda: NOW + self.now, sleep=self.sleep
        )

    async def sleep(self, seconds: float) -> None:
        due = self.now + seconds
        while self.now < due:
            await self._moved.wait()

    def turn(self, seconds: float) -> None:
        self.now += seconds
        moved, self._moved = self._moved, anyio.Event()
        moved.set()


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def server(shared_server: RedisServer) -> RedisServer:
    shared_server.ask("FLUSHALL")
    return shared_server


@pytest.fixture
async def link(server: RedisServer, hand: Hand) -> AsyncIterator[RedisLink]:
    opened = open_link(server.url, timeout_s=AMPLE_S, connect_timeout_s=AMPLE_S, clock=hand.clock())
    async with opened as link:
        yield link
