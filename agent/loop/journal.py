"""The journal of one run: each event is written, then counts, then is shown."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import anyio

from agent.loop.events import (
    ApprovalRequested,
    BudgetWarning,
    Event,
    Stopped,
    decode,
    encode,
)
from agent.loop.fold import apply
from agent.loop.state import State
from pointsman.agents import RunBook, RunStatus
from pointsman.seams import Clock

OnEvent = Callable[[Event], Awaitable[None]]


async def unwatched(_event: Event) -> None: ...


class Stopwatch:
    """A run's own time, which stands still while a person thinks."""

    def __init__(self, clock: Clock, spent_s: float) -> None:
        self._clock = clock
        self._spent_s = spent_s
        self._since: float | None = clock.monotonic()

    @property
    def spent_s(self) -> float:
        running = 0.0 if self._since is None else self._clock.monotonic() - self._since
        return self._spent_s + running

    @contextmanager
    def paused(self) -> Iterator[None]:
        self._spent_s, self._since = self.spent_s, None
        try:
            yield
        finally:
            self._since = self._clock.monotonic()


class Journal:
    def __init__(self, state: State, book: RunBook, clock: Clock, on_event: OnEvent) -> None:
        self.state = state
        self.watch = Stopwatch(clock, state.spent_s)
        self._book = book
        self._clock = clock
        self._on_event = on_event
        self._lock = anyio.Lock()

    async def record(self, event: Event) -> None:
        """Write `event` whatever happens meanwhile, then let it count, then show it.

        Raises:
            StorageFailed: it is not written, or another process goes on with this run.
        """
        with anyio.CancelScope(shield=True):
            async with self._lock:
                at, spent_s = self._clock.wall(), self.watch.spent_s
                body = encode(replace(event, at=at, spent_s=spent_s))
                # So that a resumed run knows exactly what this one knows; before it is written,
                # or what cannot be read again would spoil the record for good.
                written = decode(body)
                state = self.state
                await self._book.append(state.run_id, state.number, body, _status(event))
                apply(written, state)
        await self.show(written)

    async def show(self, event: Event) -> None:
        """Tell whoever watches; one who cannot be told any more is not told any more."""
        try:
            await self._on_event(event)
        except Exception:  # noqa: BLE001 - of the watcher; the run is not theirs to break
            self._on_event = unwatched


def _status(event: Event) -> RunStatus:
    if isinstance(event, Stopped):
        return event.status
    return "waiting" if isinstance(event, ApprovalRequested | BudgetWarning) else "running"
