"""The text of a file's bytes."""

import codecs
import re
from typing import NamedTuple

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Of Python and of editors (PEP 263), of XML, of CSS and of HTML.
_DECLARED = re.compile(
    rb"(?:coding[:=]\s*|<\?xml[^>\n]{0,80}?encoding=[\"']|@charset\s+[\"']"
    rb"|<meta[^>\n]{0,80}?charset=[\"']?)([-\w.]{2,30})",
    re.IGNORECASE,
)
_HEAD = 1_024  # bytes that may declare the encoding
_SAMPLE = 8_192  # bytes by which text is told from anything else
_CONTROL = bytes(set(range(32)) - {7, 8, 9, 10, 12, 13, 27})
_MOST_CONTROL = 0.01  # of the sample


class Decoded(NamedTuple):
    text: str
    guessed: bool


def decode(data: bytes) -> Decoded | None:
    """The text of `data`, in UTF-8 or what it declares, else as near as can be; None: no text."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _as(data, encoding) or _guess(data)
    sample = data[:_SAMPLE]
    if b"\0" in sample:
        return None
    if (decoded := _as(data, "utf-8")) is not None:
        return decoded
    if len(sample.translate(None, _CONTROL)) < len(sample) * (1 - _MOST_CONTROL):
        return None
    if (declared := _DECLARED.search(data, 0, _HEAD)) is not None:
        decoded = _as(data, declared[1].decode("ascii"))
    return decoded or _guess(data)


def _as(data: bytes, encoding: str) -> Decoded | None:
    try:
        return Decoded(data.decode(encoding), guessed=False)
    except (UnicodeError, LookupError):
        return None


def _guess(data: bytes) -> Decoded:
    """What most old files in a western script are in; a byte that is none of it becomes a mark."""
    return Decoded(data.decode("cp1252", errors="replace"), guessed=True)
