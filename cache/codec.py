"""Remembered answers as bytes, and back; what is not exactly ours comes back as None."""

from functools import cache

import orjson
from pydantic import TypeAdapter, ValidationError

from pointsman.records import Remembered
from storage.packing import pack, unpack


def encode(key: str, remembered: Remembered) -> bytes:
    """`remembered` under a checksum that holds for `key` alone."""
    return pack(orjson.dumps(remembered), key)


def decode(key: str, blob: bytes) -> Remembered | None:
    """What was encoded under `key`; None if it is damaged or of another version."""
    body = unpack(blob, key)
    if body is None:
        return None
    try:
        return _adapter().validate_json(body)
    except ValidationError:
        return None


@cache  # building it takes milliseconds, and most processes never decode
def _adapter() -> TypeAdapter[Remembered]:
    return TypeAdapter(Remembered)
