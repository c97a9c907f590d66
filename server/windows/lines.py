"""Newline-delimited messages over a byte stream, none longer than a bound."""

from collections.abc import AsyncIterator

import anyio
from anyio.abc import ByteReceiveStream

MAX_LINE = 32 * 1024 * 1024  # bytes; a base64 image fits, a runaway writer does not


async def read_lines(
    source: ByteReceiveStream, limit: int = MAX_LINE
) -> AsyncIterator[bytes | None]:
    """Every line of `source` without its newline, until it ends or breaks.

    `None` stands for a line longer than `limit` bytes; never more than that is held of it.
    """
    held = bytearray()
    skipping = False
    try:
        async for chunk in source:
            *ends, rest = chunk.split(b"\n")
            for end in ends:
                if not skipping:
                    held += end
                    yield bytes(held) if len(held) <= limit else None
                held.clear()
                skipping = False
            if not skipping:
                held += rest
            if len(held) > limit:
                held.clear()
                skipping = True
                yield None
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        return
    if held:
        yield bytes(held)
