"""Paths as SARIF writes them."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote_to_bytes

ROOT = "SRCROOT"
_DEEPEST = 8  # bases that begin in other bases


def uri_of(path: str) -> str:
    """The relative reference that means `path`; a colon would make its begin a scheme."""
    return quote(path.encode("utf-8", "surrogateescape"), safe="/!$&'()*+,;=@~")


def path_of(uri: str) -> str:
    """The path that `uri` means: without its scheme and host, and with its own characters."""
    rest = uri
    if uri.lower().startswith("file:"):
        rest = uri[5:]
        if rest.startswith("//"):
            rest = "/" + rest[2:].partition("/")[2]
    rest = rest.partition("#")[0].partition("?")[0]
    return unquote_to_bytes(rest).decode("utf-8", "surrogateescape")


def base_of(name: str | None, bases: Mapping[str, Any]) -> str:
    """The folder that a `uriBaseId` stands for, as far as the run says; "" where it does not."""
    parts: list[str] = []
    for _ in range(_DEEPEST):
        place = bases.get(name) if name else None
        if not isinstance(place, dict):
            break
        uri = place.get("uri")
        if isinstance(uri, str):
            parts.insert(0, path_of(uri))
        name = place.get("uriBaseId")
        if not isinstance(name, str):
            break
    return "".join(part if part.endswith("/") else f"{part}/" for part in parts if part)
