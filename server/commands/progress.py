"""How far long work is, on standard error."""

import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager

from server.commands.command import Context

Progress = Callable[[float, float | None, str], Awaitable[None]]


@contextmanager
def live_progress(context: Context) -> Generator[Progress, None, None]:
    """Shows how far work is: one line that changes, on a terminal."""
    live = sys.stderr.isatty()

    async def show(done: float, total: float | None, what: str) -> None:
        line = context.plain(f"{done:.0f}/{total or 0:.0f} {what}")
        sys.stderr.write(f"\r\x1b[K{line[:100]}" if live else f"{line}\n")
        sys.stderr.flush()

    try:
        yield show
    finally:
        if live:
            sys.stderr.write("\r\x1b[K")
