"""Identical calls under way at the same time share one flight."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from types import TracebackType

import anyio
from anyio.abc import TaskGroup

from pointsman.errors import EngineGone
from pointsman.records import Answer
from pointsman.seams import Emit

Start = Callable[[Emit], Awaitable[Answer]]


class Flight:
    """One call under way: what it has said so far, and how it ended."""

    def __init__(self) -> None:
        self.travellers = 0
        self.pieces: list[str] = []
        self.answer: Answer | None = None
        self.error: Exception | None = None
        self._traceback: TracebackType | None = None
        self._scope = anyio.CancelScope()
        self._news = anyio.Event()
        self._landed = anyio.Event()

    async def fly(self, start: Start) -> None:
        try:
            with self._scope:
                self.answer = await start(self._emit)
        except Exception as error:  # noqa: BLE001 - raised to each traveller
            self.error, self._traceback = error, error.__traceback__
        finally:
            self._landed.set()
            self._news.set()

    async def follow(self) -> AsyncGenerator[str | Answer]:
        """Every piece from the first, then the answer; or what went wrong."""
        told = 0
        while True:
            while told < len(self.pieces):
                told += 1
                yield self.pieces[told - 1]
            if self._landed.is_set():
                break
            await self._news.wait()
        if self.error is not None:
            # The traceback is set back, or each traveller would add to it.
            raise self.error.with_traceback(self._traceback)
        if self.answer is None:
            raise EngineGone("The engine is closing; this call was ended.", hint="Try again.")
        yield self.answer

    async def divert(self) -> None:
        """End the flight now; come back when it has ended."""
        self._scope.cancel()
        with anyio.CancelScope(shield=True):
            await self._landed.wait()

    @property
    def landed(self) -> bool:
        return self._landed.is_set()

    def _emit(self, piece: str) -> None:
        self.pieces.append(piece)
        news, self._news = self._news, anyio.Event()
        news.set()


class SharedFlights:
    """The flights under way, by key; they fly in `group`."""

    def __init__(self, group: TaskGroup) -> None:
        self._group = group
        self._flights: dict[str, Flight] = {}

    def __len__(self) -> int:
        return len(self._flights)

    def join(
        self,
        name: str,
        start: Start,
        *,
        key: str | None = None,  # noqa: ARG002 - for other processes
        within_s: float = 600.0,  # noqa: ARG002
    ) -> AbstractAsyncContextManager[AsyncIterator[str | Answer]]:
        return self._join(name, start)

    @asynccontextmanager
    async def _join(self, key: str, start: Start) -> AsyncIterator[AsyncIterator[str | Answer]]:
        flight = self._flights.get(key)
        if flight is None:
            flight = Flight()
            self._group.start_soon(self._fly, key, flight, start)
            self._flights[key] = flight
        flight.travellers += 1
        try:
            async with aclosing(flight.follow()) as pieces:
                yield pieces
        finally:
            flight.travellers -= 1
            if not flight.travellers and not flight.landed:
                self._forget(key, flight)
                await flight.divert()

    async def _fly(self, key: str, flight: Flight, start: Start) -> None:
        try:
            await flight.fly(start)
        finally:
            self._forget(key, flight)

    def _forget(self, key: str, flight: Flight) -> None:
        """Whoever asks for `key` from now on starts a flight of their own."""
        if self._flights.get(key) is flight:
            del self._flights[key]


@asynccontextmanager
async def open_flights() -> AsyncIterator[SharedFlights]:
    """No flights yet; leaving ends those that are still under way."""
    async with anyio.create_task_group() as group:
        try:
            yield SharedFlights(group)
        finally:
            group.cancel_scope.cancel()
