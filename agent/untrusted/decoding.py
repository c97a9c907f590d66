"""The texts inside arguments, and what a text says once it is decoded."""

import base64
import binascii
import codecs
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import unquote_plus

from agent.untrusted.cleaning import visible
from pointsman.types import Json

DEEPEST = 32  # levels of arguments; what lies deeper is taken as it is written
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
_BASE32 = re.compile(r"[A-Z2-7]{16,}={0,6}|[a-z2-7]{16,}={0,6}")
_HEX = re.compile(r"(?:(?:0x|\\x|%)?[0-9A-Fa-f]{2}[\s:,]?){8,}")
_HEX_SIGNS = re.compile(r"0x|\\x|[^0-9A-Fa-f]")
_MOST_DECODED = 200  # pieces of a text: a page of short base64 costs no more than that


def texts(arguments: Mapping[str, Json]) -> Iterator[str]:
    """Every text in the arguments, and all together: what was split over several is whole."""
    whole = "".join(leaves(arguments)), "".join(leaves(arguments, names=False))
    yield from dict.fromkeys((*leaves(arguments), *whole))


def leaves(
    value: Json | Mapping[str, Json], depth: int = 0, *, names: bool = True
) -> Iterator[str]:
    """Every text in `value`, with the names of fields or without, and numbers as text."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        items = (item for pair in value.items() for item in (pair if names else pair[1:]))
        yield from _inner(items, value, depth, names=names)
    elif isinstance(value, Sequence):
        yield from _inner(iter(value), value, depth, names=names)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _inner(items: Iterator[Json], whole: object, depth: int, *, names: bool) -> Iterator[str]:
    if depth >= DEEPEST:
        yield str(whole)
        return
    for item in items:
        yield from leaves(item, depth + 1, names=names)


def forms(text: str) -> Iterator[str]:
    """The visible text, and what it says decoded once in each way that a model can write."""
    text = visible(text)
    yield from _plain(text)
    yield text[::-1]
    yield codecs.encode(text, "rot13")


def plain_forms(text: str) -> Iterator[str]:
    """Those of `forms` that are not undone by being done again."""
    yield from _plain(visible(text))


def _plain(text: str) -> Iterator[str]:
    yield text
    if "%" in text or "+" in text:
        yield unquote_plus(text)
    yield from _decoded(text)


def _decoded(text: str) -> Iterator[str]:
    for pattern, decode in ((_BASE64, _base64), (_BASE32, _base32), (_HEX, _hex)):
        for number, match in enumerate(pattern.finditer(text)):
            if number >= _MOST_DECODED:
                break
            if (plain := decode(match.group())) is not None:
                yield plain


def _base64(piece: str) -> str | None:
    piece = piece.rstrip("=").replace("-", "+").replace("_", "/")
    return _text(lambda: base64.b64decode(piece + "=" * (-len(piece) % 4)))


def _base32(piece: str) -> str | None:
    piece = piece.rstrip("=").upper()
    return _text(lambda: base64.b32decode(piece + "=" * (-len(piece) % 8)))


def _hex(piece: str) -> str | None:
    digits = _HEX_SIGNS.sub("", piece)
    return _text(lambda: bytes.fromhex(digits[: len(digits) // 2 * 2]))


def _text(decode: Callable[[], bytes]) -> str | None:
    """What was decoded, if it is text: words that happen to be base64 become noise instead."""
    try:
        plain = decode().decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    return plain if plain.isprintable() or "\n" in plain else None
