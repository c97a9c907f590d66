"""How long an answer may take: until its first content, and between pieces of content."""

from collections.abc import Iterator
from contextlib import contextmanager

import anyio


class Lost(Exception):
    """An exchange did not come to its end. Its text is safe to show."""

    def __init__(self, message: str, *, connect: bool = False, timed_out: bool = False) -> None:
        super().__init__(message)
        self.connect = connect  # the backend was never reached
        self.timed_out = timed_out


class Patience:
    """A deadline that only content moves.

    Bytes do not: headers that trickle in, and pings for ever, were both seen to defeat a
    timeout for each read.
    """

    def __init__(self, first_s: float, idle_s: float) -> None:
        self._idle_s = idle_s
        self._until = anyio.current_time() + first_s

    def content(self) -> None:
        self._until = anyio.current_time() + self._idle_s

    @contextmanager
    def bound(self) -> Iterator[None]:
        """Ends what is awaited inside when the deadline passes.

        Raises:
            Lost: it passed.
        """
        with anyio.CancelScope(deadline=self._until) as scope:
            yield
        if scope.cancelled_caught:
            raise Lost("no content in time", timed_out=True)
