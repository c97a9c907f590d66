"""Python of ours that computes for long, in a process of its own."""

import gc
from collections.abc import Callable
from functools import partial
from threading import Timer
from typing import TypeVar

import anyio
import anyio.to_process

from quality.errors import EngineCrashed

Result = TypeVar("Result")
TIDY_S = 1.0


async def apart(engine: str, work: Callable[[], Result]) -> Result:
    """What `work` gives, which runs in another process; cancelled, the process is killed.

    Raises:
        EngineCrashed: the process died of it.
    """
    try:
        return await anyio.to_process.run_sync(partial(_at_ease, work), cancellable=True)
    except anyio.BrokenWorkerProcess as error:
        raise EngineCrashed(engine, "broke off") from error


def _at_ease(work: Callable[[], Result]) -> Result:
    """`work` without the collector of cycles.

    Syntax trees are millions of objects that hold no cycle, and all live to the end: looking
    through them, again and again, took two thirds of the time of parsing and a third of the whole.
    """
    gc.disable()
    try:
        return work()
    finally:
        gc.enable()
        # After the answer has gone, which would wait for a second; the process may live for long.
        tidying = Timer(TIDY_S, gc.collect)
        tidying.daemon = True
        tidying.start()
