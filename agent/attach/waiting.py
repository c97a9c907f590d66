"""Waiting for a call for as long as it gives signs of life."""

from collections.abc import Awaitable, Callable

import anyio

from agent.tool import Progress, ToolResult
from pointsman.seams import Clock


async def within(
    clock: Clock,
    idle_s: float,
    call: Callable[[Progress], Awaitable[ToolResult]],
    progress: Progress,
) -> ToolResult | None:
    """What `call` gave back; None if it was cancelled for want of a sign of life.

    `call` is handed what it is to report progress to: each report starts the waiting anew, and is
    passed on to `progress`. The SDK's own limit is not put off by progress.
    """
    result: ToolResult | None = None
    seen = clock.monotonic()

    async def alive(done: float, total: float | None, message: str) -> None:
        nonlocal seen
        seen = clock.monotonic()
        await progress(done, total, message)

    async def watch() -> None:
        while (left := seen + idle_s - clock.monotonic()) > 0:
            await clock.sleep(left)
        tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        result = await call(alive)
        tasks.cancel_scope.cancel()
    return result
