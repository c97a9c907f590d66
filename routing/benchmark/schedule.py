"""Runs something once in each interval of the clock, on one of all the processes that would.

The intervals are those of the wall clock since the epoch, the same for everybody. In each, every
process waits a random tenth of it at most and then asks for the lease on the interval: the first
one runs, and the lease stays until the interval ends, so that nobody runs again, after a restart
either.
"""

import math
from collections.abc import Awaitable, Callable
from typing import Protocol

import anyio

from pointsman.errors import PointsmanError
from pointsman.seams import Clock

JITTER = 0.1  # of an interval
TAKEN = "it was run in this interval, or another process is running it"


class Lease(Protocol):
    async def acquire(self, name: str, holder: str, *, now: float, until: float) -> bool:
        """Whether `holder` has `name` to itself until `until` (wall clock)."""
        ...

    async def release(self, name: str, holder: str) -> None: ...


async def keep_running(
    name: str,
    interval_s: float,
    run: Callable[[], Awaitable[None]],
    *,
    holder: str,
    lease: Lease,
    clock: Clock,
    random: Callable[[], float],
    skipped: Callable[[str, str], None],
) -> None:
    """For ever: `run` in each interval, or tell `skipped` its name and why not. Never raises.

    `random` returns [0, 1).
    """
    while True:
        ends = (math.floor(clock.wall() / interval_s) + 1) * interval_s
        pause_s = min(random() * JITTER * interval_s, ends - clock.wall())
        await clock.sleep(max(pause_s, 0.0))
        try:
            now = clock.wall()
            if await lease.acquire(name, holder, now=now, until=ends):
                await _run_or_release(name, run, holder, lease)
            else:
                skipped(name, TAKEN)
        except PointsmanError as error:
            skipped(name, error.message)
        except Exception as error:  # noqa: BLE001 -- a run that has a defect must not end the engine
            skipped(name, f"it failed inside ({type(error).__name__})")
        await clock.sleep(max(ends - clock.wall(), 0.0))


async def _run_or_release(
    name: str, run: Callable[[], Awaitable[None]], holder: str, lease: Lease
) -> None:
    """Whoever ends before the run does leaves it to another."""
    finished = False
    try:
        await run()
        finished = True
    finally:
        if not finished:
            with anyio.CancelScope(shield=True):
                await lease.release(name, holder)
