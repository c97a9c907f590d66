"""Who may send to Redis now: a few at once, and nobody while Redis is in trouble."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal, Protocol

import anyio

from cache.redis.failures import RedisFailed, RedisGone, RedisRefused, RedisSilent, RedisSkipped

TURNS = 8  # at once, each over a connection of its own; the others wait, first come first
MOST_FAILURES = 5  # in a row, until Redis is left alone

State = Literal["ok", "degraded"]


class OnChange(Protocol):
    def __call__(self, state: State, error: str | None) -> None: ...


class Turns:
    """Closed until `found`; closed again after a timeout, or several failures in a row.

    `failures` counts the exchanges that failed, `outages` how often Redis was lost; `last_error`
    is the name of the last error.
    """

    def __init__(self, *, timeout_s: float, on_change: OnChange) -> None:
        self._timeout_s = timeout_s
        self._on_change = on_change
        self._room = anyio.Semaphore(TURNS)
        self._under_way: set[anyio.CancelScope] = set()
        self._in_a_row = 0
        self._refused: set[object] = set()  # what Redis has heard last and would not do
        self.open = False
        self.lost = anyio.Event()
        self.failures = 0
        self.outages = 0
        self.last_error: str | None = None

    @property
    def state(self) -> State:
        return "ok" if self.open and not self._in_a_row and not self._refused else "degraded"

    @asynccontextmanager
    async def take(self, what: object, *, probing: bool = False) -> AsyncIterator[None]:
        """Room for one exchange of the kind `what`, which is over before the time is.

        Raises:
            RedisFailed: Redis is not to be asked now, or the exchange raised it or took too long.
        """
        sent = False
        with anyio.move_on_after(self._timeout_s) as scope:
            async with self._room:
                if not self.open and not probing:
                    raise RedisSkipped("degraded")
                sent = True
                self._under_way.add(scope)
                try:
                    yield
                except RedisFailed as failure:
                    self._under_way.discard(scope)  # it ends by itself
                    self._failed(what, failure)
                    raise
                finally:
                    self._under_way.discard(scope)
                self._in_a_row = 0
                self._refused.discard(what)
                return
        raise self._late(what, sent, probing) from None

    def found(self) -> None:
        """Redis has answered."""
        self._refused.clear()
        self.lost = anyio.Event()
        self.open = True
        self._on_change("ok", None)

    def lose(self, error: str) -> None:
        """Nobody may send until Redis is found."""
        if self.lost.is_set():
            return
        self.open = False
        self.outages += 1
        self.lost.set()
        for scope in self._under_way:
            scope.cancel()  # all who wait now have waited together, and none will again
        self._on_change("degraded", error)

    def _late(self, what: object, sent: bool, probing: bool) -> RedisFailed:
        """Why an exchange was cut off."""
        if not sent:
            self.failures += 1
            return RedisSkipped("busy")
        if not self.open and not probing:
            return RedisGone("degraded")  # another has found out
        failure = RedisSilent("TimeoutError")
        self._failed(what, failure)
        return failure

    def _failed(self, what: object, failure: RedisFailed) -> None:
        self.failures += 1
        self.last_error = str(failure)
        if isinstance(failure, RedisRefused):  # which takes a server that is well
            self._in_a_row = 0
            self._refused.add(what)
            return
        self._in_a_row += 1
        if self._in_a_row >= MOST_FAILURES or isinstance(failure, RedisSilent):
            self.lose(str(failure))
