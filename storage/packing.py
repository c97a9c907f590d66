"""Bytes that know when they have been damaged: SQLite's own checks do not see a flipped byte."""

import zlib

PLAIN, DEFLATED = b"\x01", b"\x02"  # the format's version and how the body is kept
CHECKSUM_BYTES = 4
WORTH_DEFLATING = 1024
MOST_BYTES = 256 * 1024 * 1024  # of a body; a larger one is not of our making


def pack(body: bytes, name: str) -> bytes:
    """`body` for the row called `name`, smaller where that pays, under a checksum of both."""
    form = PLAIN
    if len(body) >= WORTH_DEFLATING:
        smaller = zlib.compress(body, 1)
        if len(smaller) < len(body):
            form, body = DEFLATED, smaller
    return form + _checksum(form, body, name) + body


def unpack(blob: bytes, name: str) -> bytes | None:
    """What was packed under `name`, or None if it is not exactly that."""
    start = 1 + CHECKSUM_BYTES
    form, checksum, body = blob[:1], blob[1:start], blob[start:]
    if form not in (PLAIN, DEFLATED) or checksum != _checksum(form, body, name):
        return None
    if form == PLAIN:
        return body
    inflater = zlib.decompressobj()
    try:
        whole = inflater.decompress(body, MOST_BYTES)
    except zlib.error:
        return None
    return whole if inflater.eof else None


def _checksum(form: bytes, body: bytes, name: str) -> bytes:
    seed = zlib.crc32(name.encode("utf-8", "surrogatepass"))
    return zlib.crc32(body, zlib.crc32(form, seed)).to_bytes(CHECKSUM_BYTES, "big")
