"""The bytes of a file as lines of text."""

import codecs
import io
from dataclasses import dataclass
from itertools import islice

from pointsman.errors import InvalidInput

SAMPLE_BYTES = 8_192
MOST_SHOWN_BYTES = 32_000  # in one answer
WIDE = {
    codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip
MAGIC = {
    b"\x89PNG": "a PNG image", b"\xff\xd8\xff": "a JPEG image", b"GIF8": "a GIF image",
    b"RIFF": "a RIFF file (WebP, WAV, AVI)", b"%PDF": "a PDF document", b"PK\x03\x04": "a ZIP "
    "archive, or a document made of one", b"\x1f\x8b": "gzip", b"BZh": "bzip2",
    b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "Zstandard", b"7z\xbc\xaf": "a 7-Zip archive",
    b"\x7fELF": "a program (ELF)", b"MZ": "a program (Windows)", b"\xcf\xfa\xed\xfe": "a program "
    "(macOS)", b"SQLite format 3": "an SQLite database", b"\x00asm": "WebAssembly",
    b"OggS": "Ogg media", b"ID3": "MP3 audio", b"GGUF": "a GGUF model", b"PAR1": "Parquet",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A part of a file."""

    text: str
    first_line: int | None  # None: it was asked for by byte
    last_line: int | None
    taken: int  # bytes, of those that were given and not skipped
    skipped: int  # bytes before it
    damaged: bool  # some bytes were not UTF-8


def decoded(data: bytes, name: str) -> tuple[bytes, str]:
    """`data` as UTF-8 without a mark, and the encoding that it had.

    Raises:
        InvalidInput: it is no text.
    """
    for mark, encoding in WIDE.items():
        if data.startswith(mark):
            return data.decode(encoding, "replace").encode("utf-8", "replace"), encoding
    if data.startswith(codecs.BOM_UTF8):
        return data[len(codecs.BOM_UTF8) :], "utf-8-sig"
    sample = data[:SAMPLE_BYTES]
    kind = next((kind for magic, kind in MAGIC.items() if data.startswith(magic)), None)
    if b"\0" in sample or (kind and _odd(sample) > 0) or _odd(sample) > len(sample) // 10:
        raise InvalidInput(f"{name} is no text: {kind or 'binary data'}, {len(data):,} bytes read.")
    return data, "utf-8"


def by_lines(data: bytes, start: int, most: int | None) -> Window:
    """From line `start` on (1 is the first), at most so many lines, as far as one answer goes."""
    buffer = io.BytesIO(data)
    before = sum(1 for _ in islice(buffer, start - 1))
    skipped = buffer.tell()
    taken, number = 0, before
    for line in islice(buffer, most):
        if taken + len(line) > MOST_SHOWN_BYTES:
            if not taken:  # a line that is too long for an answer of its own
                taken, number = MOST_SHOWN_BYTES, number + 1
            break
        taken, number = taken + len(line), number + 1
    text, length, damaged = _text(data[skipped : skipped + taken])
    return Window(
        text=text,
        first_line=before + 1,
        last_line=number,
        taken=length,
        skipped=skipped,
        damaged=damaged,
    )


def by_bytes(data: bytes) -> Window:
    """From the first whole character on, as far as one answer goes."""
    skipped = 0
    while skipped < min(3, len(data)) and 0x80 <= data[skipped] < 0xC0:
        skipped += 1
    text, length, damaged = _text(data[skipped : skipped + MOST_SHOWN_BYTES])
    return Window(
        text=text, first_line=None, last_line=None, taken=length, skipped=skipped, damaged=damaged
    )


def _text(data: bytes) -> tuple[str, int, bool]:
    """The text, of how many bytes it is (the last character may be cut), and if some were odd."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(data, final=False)
    cut = len(decoder.getstate()[0])
    if cut and len(data) < MOST_SHOWN_BYTES:  # the file itself ends within a character
        text, cut = text + "\ufffd", 0
    damaged = text.count("\ufffd") > data.count("\ufffd".encode())
    return text, len(data) - cut, damaged


def _odd(sample: bytes) -> int:
    """How many bytes are control characters that no text has."""
    return sum(byte < 32 and byte not in b"\t\n\r\f\b\x1b" for byte in sample)
