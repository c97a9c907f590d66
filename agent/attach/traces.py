"""What a server left behind, for whoever wants to know why it failed."""

from collections import deque
from dataclasses import dataclass, field

from agent.untrusted.cleaning import visible


class Tail:
    """The last of what a program wrote, and no more."""

    def __init__(self, limit: int = 16_384) -> None:
        self._limit = limit
        self._parts = deque[bytes]()
        self._size = 0

    def add(self, part: bytes) -> None:
        self._parts.append(part[-self._limit :])
        self._size += len(self._parts[-1])
        while self._size - len(self._parts[0]) >= self._limit:
            self._size -= len(self._parts.popleft())

    def text(self) -> str:
        """What is kept, as a terminal may show it."""
        return visible(b"".join(self._parts)[-self._limit :].decode(errors="replace"))


@dataclass(slots=True)
class Traces:
    """Of one server; they outlive its connections."""

    tail: Tail = field(default_factory=Tail)  # of a program's standard error
    refusal: int | None = None  # the status of the last answer over HTTP, if it was 400 or more
