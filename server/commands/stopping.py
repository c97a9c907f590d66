"""Ends a command in good order when a build is stopped or its terminal is closed."""

import signal
import sys
from collections.abc import Awaitable, Callable

import anyio
from anyio.abc import TaskStatus

TERMINATED = 143  # as a shell says that a signal ended a program


async def until_told(work: Callable[[], Awaitable[int]]) -> int:
    """What `work` returns; `TERMINATED` if a signal came before, once all that it opened is closed.

    Without it, the process would end at once, and leave its children and temporary folders.
    """
    async with anyio.create_task_group() as tasks:
        if sys.platform != "win32":  # where there are no such signals
            await tasks.start(_end_when_told, tasks.cancel_scope)
        code = await work()
        tasks.cancel_scope.cancel()
        return code
    return TERMINATED


async def _end_when_told(
    scope: anyio.CancelScope, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED
) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGHUP) as signals:
        task_status.started()
        async for _ in signals:
            scope.cancel()
