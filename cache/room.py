"""Whether the disk has room for what can do without it."""

from collections.abc import Callable

from anyio import to_thread

from pointsman.seams import Clock
from storage.files import Space

LOOK_EVERY_S = 5
MOST_FREE = 0.05  # of the disk: a small one need not have `min_free_bytes` free


class Room:
    """Looks at the disk now and then; `refused` counts what there was no room for."""

    def __init__(self, min_free_bytes: int, look: Callable[[], Space], clock: Clock) -> None:
        """`look` may block: it is called in a thread."""
        self._min_free_bytes = min_free_bytes
        self._look = look
        self._clock = clock
        self._look_at: float | None = None
        self.low = False
        self.refused = 0

    async def is_there(self) -> bool:
        """Whether something may be written; what may not is counted."""
        now = self._clock.monotonic()
        if self._min_free_bytes and (self._look_at is None or now >= self._look_at):
            self._look_at = now + LOOK_EVERY_S  # before the wait: one looks for all
            await self._measure()
        self.refused += self.low
        return not self.low

    async def _measure(self) -> None:
        try:
            space = await to_thread.run_sync(self._look)
        except OSError:
            return  # a disk that cannot be asked refuses by itself
        low = space.free < min(self._min_free_bytes, space.total * MOST_FREE)
        if low != self.low:
            self.low = low
            _log("cache.disk_low" if low else "cache.disk_has_room_again", space.free)


def _log(fact: str, free_bytes: int) -> None:
    import structlog  # 0.25 s, and only when there is something to tell

    structlog.get_logger().warning(fact, free_bytes=free_bytes)
