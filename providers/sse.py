"""Server-sent events out of bytes, wherever the network cut them."""

from collections.abc import Iterator
from dataclasses import dataclass

LINE_CAP = 1 << 20  # bytes; one 16 MB line was seen to cost 65 MB of memory


class Malformed(Exception):
    """What the upstream sent is not what its protocol says."""


@dataclass(frozen=True, slots=True)
class Event:
    data: str
    name: str = "message"


class EventParser:
    """Fed with chunks of bytes, gives the events they complete."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._after_return = False  # the last byte was \r: a \n that follows belongs to it
        self._data: list[str] = []
        self._name = ""

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """The events that end in `chunk`.

        Raises:
            Malformed: a line is longer than `LINE_CAP` or is not UTF-8.
        """
        if self._after_return and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_return = False
        self._after_return = self._after_return or chunk.endswith(b"\r")
        *lines, rest = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            self._extend(line)
            event = self._end_line()
            if event is not None:
                yield event
        self._extend(rest)

    def _extend(self, part: bytes) -> None:
        self._line += part
        if len(self._line) > LINE_CAP:
            raise Malformed("a line of the stream is too long")

    def _end_line(self) -> Event | None:
        try:
            line = self._line.decode("utf-8")
        except UnicodeDecodeError:
            raise Malformed("the stream is not UTF-8") from None
        self._line.clear()
        if not line:
            return self._end_event()
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._name = value
        return None

    def _end_event(self) -> Event | None:
        data, name = self._data, self._name
        self._data, self._name = [], ""
        return Event("\n".join(data), name or "message") if data else None
