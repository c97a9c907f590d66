"""A look at a model file before native code gets it: is it GGUF, and of a sane shape?"""

import struct
from pathlib import Path

HEADER = struct.Struct("<4sIQQ")  # magic, version, tensors, metadata entries
VERSIONS = (2, 3)
MAX_TENSORS = 1_000_000
MAX_ENTRIES = 1_000_000
MIN_BYTES_EACH = 24  # a tensor's or entry's record is never shorter


class Unusable(Exception):
    """A model that cannot be loaded: one line that says why, and what to do."""


def check(path: Path) -> None:
    """Return if `path` may be shown to a runtime.

    Raises:
        Unusable: it is missing, or is not a GGUF file, or ends too early.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEADER.size)
            size = path.stat().st_size
    except OSError as error:
        raise Unusable(
            f"the model file {path.name!r} cannot be read ({error.strerror}); "
            "correct local.model or put the file there"
        ) from error
    if len(head) < HEADER.size:
        raise Unusable(f"the model file {path.name!r} is cut short: {size} bytes; fetch it again")
    magic, version, tensors, entries = HEADER.unpack(head)
    if magic != b"GGUF":
        raise Unusable(f"{path.name!r} is not a GGUF model file; choose another in local.model")
    if version not in VERSIONS:
        raise Unusable(
            f"{path.name!r} is GGUF of version {version}, or of a big-endian machine; "
            f"convert it to version {VERSIONS[-1]}"
        )
    counts_fit = 0 < tensors <= MAX_TENSORS and 0 < entries <= MAX_ENTRIES
    if not counts_fit or (tensors + entries) * MIN_BYTES_EACH > size:
        raise Unusable(f"the model file {path.name!r} is damaged: its header makes no sense")
