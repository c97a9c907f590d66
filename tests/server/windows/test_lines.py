"""Lines out of bytes, whatever the pieces they come in."""

import anyio
import pytest
from anyio.abc import ByteReceiveStream

from server.windows.lines import read_lines


class Pieces(ByteReceiveStream):
    """A stream of the given pieces; it breaks at the end if `broken`."""

    def __init__(self, pieces: list[bytes], broken: bool = False) -> None:
        self._pieces = iter(pieces)
        self._broken = broken

    async def receive(self, max_bytes: int = 65536) -> bytes:
        await anyio.lowlevel.checkpoint()
        for piece in self._pieces:
            return piece
        raise anyio.BrokenResourceError if self._broken else anyio.EndOfStream

    async def aclose(self) -> None:
        pass


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        ([], []),
        ([b"one\ntwo\n"], [b"one", b"two"]),
        ([b"o", b"ne", b"\n", b"two"], [b"one", b"two"]),
        ([b"\n\nx\n"], [b"", b"", b"x"]),
        ([b"12345\n"], [b"12345"]),
        ([b"123456\nab\n"], [None, b"ab"]),
        ([b"1234", b"5678", b"9", b"0\nab\n"], [None, b"ab"]),
        ([b"123456"], [None]),
    ],
)
async def test_lines_of_at_most_five_bytes(pieces: list[bytes], lines: list[bytes | None]) -> None:
    assert [line async for line in read_lines(Pieces(pieces), limit=5)] == lines


async def test_a_stream_that_breaks_ends_the_lines() -> None:
    assert [line async for line in read_lines(Pieces([b"a\n"], broken=True))] == [b"a"]
