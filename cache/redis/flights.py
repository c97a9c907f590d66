"""Identical calls under way at the same time share one flight, whichever process they are in.

Who takes the lock leads; in every other process one waits until the leader has landed, for all who
wait there. A lock that is lost costs a second call, never a wrong answer: what is served comes out
of the cache alone, and a lock is only ever given up by whoever took it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Literal

import anyio

from cache.codec import Codec
from cache.redis.causes import heard, told
from cache.redis.failures import RedisFailed, RedisGone, RedisRefused, RedisSkipped
from cache.redis.link import RedisLink
from pointsman.errors import PointsmanError
from pointsman.records import Answer, Found
from pointsman.seams import Cache, Clock, Emit, Flights, Landing

LEASE_S = 10.0  # a lock outlives whoever held it by this much
RENEW_S = 2.0
TOLD_S = 10.0  # how long it can be read how a flight ended
LANDED = b"landed"
PAUSES_S = (0.01, 0.25)  # the shortest and the longest between two looks
PATIENCE = 0.1  # a look for every tenth of the time waited: nobody waits 10 % too long
MOST_WAIT_S = 600.0

# What is no string, or stays for ever, is no lock of ours.
CLAIM = """
local holder = redis.pcall('GET', KEYS[1])
if type(holder) == 'string' and redis.call('PTTL', KEYS[1]) >= 0 then return holder end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
"""
RENEW = """
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
RELEASE = """
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
if ARGV[2] ~= '' then redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3]) end
return 1
"""

Start = Callable[[Emit], Awaitable[Answer]]
Hold = tuple[bytes, bytes]  # a lock, and the token of whoever holds it


class FleetFlights:
    """The flights of this process, each of which flies for other processes too if it has a `key`.

    While Redis is away they are what `local` makes of them, and nobody waits for Redis. `cache` is
    where the whole fleet looks for answers; `served` makes the receipt of one that was found there.
    """

    def __init__(
        self,
        local: Flights,
        link: RedisLink,
        cache: Cache,
        *,
        served: Callable[[Found], Answer],
        namespace: str,
        clock: Clock,
        codec: Codec,
        new_token: Callable[[], str],
    ) -> None:
        self._local = local
        self._link = link
        self._cache = cache
        self._served = served
        self._prefix = f"pointsman-flight:{namespace}:"
        self._clock = clock
        self._codec = codec
        self._new_token = new_token
        self._held: set[Hold] = set()
        self._over: set[Hold] = set()  # to be given up as soon as Redis hears of it

    def join(
        self,
        name: str,
        start: Start,
        *,
        key: str | None = None,
        within_s: float = MOST_WAIT_S,
    ) -> Landing:
        """As `Flights.join`; after `within_s` it is no longer waited for another process."""
        if key is None:
            return self._local.join(name, start)
        return self._local.join(name, partial(self._fly, name, key, start, within_s), key=key)

    async def keep_leases(self) -> None:
        """Hold on to the locks of flights under way; it ends when it is cancelled."""
        while True:
            await self._clock.sleep(RENEW_S)
            for hold in tuple(self._over):
                if hold in self._over:  # nobody has taken it up meanwhile
                    await self._release(hold, None)
            for lock, token in tuple(self._held):
                with suppress(RedisFailed):
                    await self._link.evaluate(RENEW, [lock], token, _ms(LEASE_S))

    async def _fly(self, name: str, key: str, start: Start, within_s: float, emit: Emit) -> Answer:
        lock = (self._prefix + name).encode("utf-8", "surrogatepass")
        hold: Hold | None = None
        with suppress(RedisFailed):
            hold = await self._hold((lock, self._new_token().encode()), within_s)
        work = partial(self._found_or, key, start)
        return await (work(emit) if hold is None else self._lead(hold, work, emit))

    async def _hold(self, hold: Hold, within_s: float) -> Hold | None:
        """The lock, if it falls to this process to fly; None if another has landed.

        Raises:
            PointsmanError: it has not; this is what went wrong.
        """
        lock, _ = hold
        until = self._clock.monotonic() + within_s
        while True:
            held = (lock, await self._claim(hold))
            if held == hold or held in self._over:  # taken unheard, while Redis hung
                self._over.discard(held)
                return held
            if await self._ended(*held, until) == "landed":
                return None

    async def _claim(self, hold: Hold) -> bytes:
        """The token of whoever holds the lock now."""
        lock, token = hold
        try:
            holder = await self._link.evaluate(CLAIM, [lock], token, _ms(LEASE_S))
        except RedisSkipped:
            raise
        except BaseException:
            self._over.add(hold)  # Redis may have heard it, or will when it wakes
            raise
        if not isinstance(holder, bytes):
            raise RedisGone("no reply to EVAL")
        return holder

    async def _ended(
        self, lock: bytes, holder: bytes, until: float
    ) -> Literal["landed", "vanished"]:
        """How the flight of `holder` ended, when it has, or when there is no more time to wait."""
        outcome = lock + b":" + holder
        started = self._clock.monotonic()
        while (now := self._clock.monotonic()) < until:
            said, holds = await self._link.read([outcome, lock])
            if said is not None and self._is_landed(outcome, said):
                return "landed"
            if holds != holder:
                return "vanished"
            least, most = PAUSES_S
            await self._clock.sleep(min(max(least, (now - started) * PATIENCE), most))
        return "landed"

    def _is_landed(self, outcome: bytes, said: bytes) -> bool:
        """Whether `said` is what a leader says who has landed; what nobody of ours said is nothing.

        Raises:
            PointsmanError: it is what went wrong.
        """
        body = self._codec.unseal(said, outcome.decode("utf-8", "surrogatepass"))
        error = None if body in (None, LANDED) else heard(body)
        if error is not None:
            raise error
        return body == LANDED

    async def _found_or(self, key: str, start: Start, emit: Emit) -> Answer:
        """The answer that another has left, or one of one's own."""
        found = await self._cache.get(key)
        if found is None or found.stale:
            return await start(emit)
        if found.remembered.completion.text:
            emit(found.remembered.completion.text)
        return self._served(found)

    async def _lead(self, hold: Hold, work: Start, emit: Emit) -> Answer:
        outcome: bytes | None = None  # it vanishes: it was cancelled, or failed here alone
        self._held.add(hold)
        try:
            answer = await work(emit)
            outcome = LANDED
        except PointsmanError as error:
            outcome = told(error)
            raise
        finally:
            self._held.discard(hold)
            with anyio.CancelScope(shield=True):
                await self._release(hold, outcome)
        return answer

    async def _release(self, hold: Hold, outcome: bytes | None) -> None:
        """Give up a lock, if it still is held, and say how the flight ended."""
        lock, token = hold
        place = lock + b":" + token
        name = place.decode("utf-8", "surrogatepass")
        said = self._codec.seal(outcome, name) if outcome else b""
        try:
            await self._link.evaluate(RELEASE, [lock, place], token, said, _ms(TOLD_S))
        except RedisRefused:
            pass  # it runs out
        except RedisFailed:
            self._over.add(hold)
            return
        self._over.discard(hold)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


@asynccontextmanager
async def open_fleet(fleet: FleetFlights) -> AsyncIterator[FleetFlights]:
    """`fleet`, and the task that holds on to its locks."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(fleet.keep_leases)
        try:
            yield fleet
        finally:
            tasks.cancel_scope.cancel()
