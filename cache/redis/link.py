"""The line to Redis: short waits, no retries, and no waits at all while Redis is in trouble.

Nothing depends on Redis being there. What fails costs one short wait; after a timeout, or several
failures in a row, nothing is sent until Redis has answered a PING, which no caller waits for.
"""

import importlib.util
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import anyio.to_thread
from anyio.abc import TaskGroup

from cache.redis.failures import RedisFailed, RedisGone, RedisSkipped
from cache.redis.turns import OnChange, State, Turns
from pointsman.errors import ConfigError
from pointsman.seams import Clock
from pointsman.settings import CacheSettings

if TYPE_CHECKING:
    from cache.redis.wire import Command, Wire

MOST_KEYS = 50  # of one MGET: 50 answers of 20 KB are 1 MB, which must arrive in time
SKIP_S = 2.0  # from when Redis is lost, or a PING failed, to the next PING
CONNECTING = 2 / 3  # of the time for a command: how much of it may go by until it can be sent


class Wanted:
    """A value that was asked for and is on its way."""

    __slots__ = ("arrived", "failure", "value")

    def __init__(self) -> None:
        self.arrived = anyio.Event()
        self.value: bytes | None = None
        self.failure: RedisFailed | None = RedisSkipped("closed")  # until the value is there


class RedisLink:
    """One server, as all of this process share it.

    A command that was not done raises `RedisFailed`, and nothing else; it is not tried again.
    """

    def __init__(self, wire: "Wire", turns: Turns, tasks: TaskGroup, clock: Clock) -> None:
        self._wire = wire
        self._turns = turns
        self._tasks = tasks
        self._clock = clock
        self._wanted: dict[bytes, Wanted] = {}
        self._alone = False  # whether somebody is fetching for themselves

    @property
    def state(self) -> State:
        """How Redis is doing: it is used unless it was lost, and lost is always degraded."""
        return self._turns.state

    @property
    def failures(self) -> int:
        """How many exchanges failed."""
        return self._turns.failures

    @property
    def outages(self) -> int:
        """How often Redis was lost, and then left alone until it was found again."""
        return self._turns.outages

    @property
    def last_error(self) -> str | None:
        """The name of it."""
        return self._turns.last_error

    async def get(self, name: bytes) -> bytes | None:
        """The string under `name`; all that are asked for at about the same time are one MGET."""
        if not self._wanted and not self._alone and self._turns.open:
            self._alone = True  # no task and no event for who comes alone: it halves the CPU
            try:
                await anyio.lowlevel.checkpoint()  # whoever asks in this tick is heard first
                if not self._wanted:
                    return (await self.read([name]))[0]
            finally:
                self._alone = False
        wanted = self._wanted.get(name)
        if wanted is None:
            if not self._turns.open:
                raise RedisSkipped("degraded")
            if len(self._wanted) % MOST_KEYS == 0:
                self._tasks.start_soon(self._fetch)
            wanted = self._wanted[name] = Wanted()
        await wanted.arrived.wait()
        if wanted.failure is not None:
            raise type(wanted.failure)(*wanted.failure.args)  # one's own, with one's own traceback
        return wanted.value

    async def read(self, names: Sequence[bytes]) -> list[bytes | None]:
        """The strings under `names`, all of one moment; what is no string is None."""
        return _strings(await self._ask("MGET", *names), len(names))

    async def put(self, values: Mapping[bytes, bytes], ttl_s: float) -> None:
        ttl_ms = max(1, round(ttl_s * 1000))
        await self._send([("SET", name, value, "PX", ttl_ms) for name, value in values.items()])

    async def delete(self, names: Sequence[bytes]) -> None:
        await self._ask("DEL", *names)

    async def scan(self, cursor: int, pattern: bytes, step: int) -> tuple[int, list[bytes]]:
        """Some of the names that match a glob, and the cursor of the next ones; 0 at the end."""
        reply = await self._ask("SCAN", cursor, "MATCH", pattern, "COUNT", step)
        try:
            after, names = reply
            return int(after), [name for name in names if isinstance(name, bytes)]
        except (TypeError, ValueError):
            raise RedisGone("no reply to SCAN") from None

    async def evaluate(self, script: str, names: Sequence[bytes], *values: bytes | int) -> Any:
        """What a Lua script returns; it is sent whole, so a lost script cache is no matter."""
        return await self._ask("EVAL", script, len(names), *names, *values)

    async def info(self) -> Mapping[str, object]:
        """What Redis says of itself."""
        told = await self._ask("INFO")
        return told if isinstance(told, dict) else {}

    async def probe(self) -> None:
        """See whether Redis is there; it is used from now on if it is."""
        try:
            async with self._turns.take("PING", probing=True):
                await self._wire.send([("PING",)])
        except RedisFailed as failure:
            self._turns.lose(str(failure))
        else:
            self._turns.found()

    async def keep_probing(self) -> None:
        """Find Redis again whenever it was lost; it ends when it is cancelled."""
        while True:
            await self._turns.lost.wait()
            await self._clock.sleep(SKIP_S)
            await self.probe()

    def close(self) -> None:
        """Send nothing from now on."""
        self._turns.open = False

    async def _fetch(self) -> None:
        batch: dict[bytes, Wanted] = {}
        try:
            async with self._turns.take("MGET"):
                # Taken only now: what was asked for while this waited comes along.
                batch = self._take()
                if batch:
                    [reply] = await self._wire.send([("MGET", *batch)])
                    values = _strings(reply, len(batch))
                    for wanted, value in zip(batch.values(), values, strict=True):
                        wanted.value, wanted.failure = value, None
        except RedisFailed as failure:
            batch = batch or self._take()
            for wanted in batch.values():
                wanted.failure = failure
        finally:
            for wanted in batch.values():
                wanted.arrived.set()

    def _take(self) -> dict[bytes, Wanted]:
        return {name: self._wanted.pop(name) for name in list(self._wanted)[:MOST_KEYS]}

    async def _ask(self, *command: bytes | str | int) -> Any:
        return (await self._send([command]))[0]

    async def _send(self, commands: Sequence["Command"]) -> list[Any]:
        async with self._turns.take(commands[0][0]):
            return await self._wire.send(commands)


def _strings(reply: object, count: int) -> list[bytes | None]:
    """`reply` if it is one to MGET: whoever answers at that address need not be Redis."""
    if not isinstance(reply, list) or len(reply) != count:
        raise RedisGone("no reply to MGET")
    return [value if isinstance(value, bytes) else None for value in reply]


@asynccontextmanager
async def open_link(
    url: str,
    *,
    timeout_s: float = 0.15,
    connect_timeout_s: float = 0.1,
    clock: Clock,
    on_change: OnChange = lambda _state, _error: None,
) -> AsyncIterator[RedisLink]:
    """The server at `url`, asked once whether it is there; it may come and go.

    Raises:
        ConfigError: `url` cannot be read, or the package `redis` is not installed.
    """

    def make() -> "Wire":
        if importlib.util.find_spec("redis") is None:
            raise ConfigError(
                "cache.redis_url is set, and the package `redis` is not installed.",
                hint="Install pointsman[redis], or unset cache.redis_url.",
            )
        from cache.redis.wire import make_wire

        return make_wire(url, connect_timeout_s=connect_timeout_s)

    wire = await anyio.to_thread.run_sync(make)
    turns = Turns(timeout_s=timeout_s, on_change=on_change)
    try:
        async with anyio.create_task_group() as tasks:
            link = RedisLink(wire, turns, tasks, clock)
            try:
                await link.probe()
                tasks.start_soon(link.keep_probing)
                yield link
            finally:
                link.close()
                tasks.cancel_scope.cancel()
    finally:
        await wire.close()


@asynccontextmanager
async def open_redis(
    settings: CacheSettings,
    clock: Clock,
    on_change: OnChange = lambda _state, _error: None,
) -> AsyncIterator[RedisLink | None]:
    """The Redis of the settings; None where they name none, or want no cache.

    Raises:
        ConfigError: it cannot be used, whoever answers there.
    """
    if not settings.enabled or settings.redis_url is None:
        yield None
        return
    timeout_s = settings.redis_timeout_s
    opened = open_link(
        settings.redis_url.get_secret_value(),
        timeout_s=timeout_s,
        connect_timeout_s=timeout_s * CONNECTING,
        clock=clock,
        on_change=on_change,
    )
    async with opened as link:
        yield link
