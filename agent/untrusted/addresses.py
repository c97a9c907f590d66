"""Web addresses in texts, in one form: who is named, and what a request would carry there."""

import html
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import idna
import idna.uts46data  # else imported at the first name that needs it, inside a coroutine

from agent.untrusted.cleaning import visible

_URL = re.compile(r"\b(?:https?|ftp|wss?):[/\\]{2}[^\s<>\"'`{}|^]{1,4096}", re.IGNORECASE)
# `example.com` or `example.com/a`, said without a scheme; not the end of `me@example.com`.
_BARE = re.compile(
    r"(?<![\w@./-])((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z]{2,24})"
    r"((?::\d{1,5})?(?:/[^\s<>\"'`{}|^]{0,2048})?)(?![\w@])",
    re.IGNORECASE,
)
# Ends of file names that are also top-level domains: `notes.md` names no host.
_FILES = frozenset(
    {
        "md",
        "py",
        "rs",
        "sh",
        "pl",
        "cc",
        "so",
        "zip",
        "mov",
        "ps",
        "ai",
        "app",
        "pub",
        "st",
        "tf",
        "vi",
        "ml",
        "mk",
        "bz",
        "cab",
    }
)
_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}
_AFTER = ".,;:!?)]}*_~'\"\u00bb\u201d\u2019"  # of the sentence, not of the address


@dataclass(frozen=True, slots=True)
class Address:
    """Where a request would go, and what it would carry."""

    host: str  # ASCII, lower case; with its port where that is not the usual one
    path: str  # "/" at least; as it is written, since how it is written carries something too
    query: str  # without "?"; the user name of an address that has one belongs here too

    @property
    def page(self) -> str:
        """The address with all it carries: two that are equal carry the same."""
        return f"{self.host}{self.path}?{self.query}" if self.query else f"{self.host}{self.path}"


def address(url: str) -> Address | None:
    """What a request for it would reach and carry; None: it names no host.

    Where programs differ in how they read it (backslashes, a user's name), it carries all of it,
    and goes to a host that nobody named.
    """
    text = re.sub(r"[\t\n]", "", html.unescape(visible(url)).strip())
    if "\\" in text:
        return Address(re.split(r":[/\\]{2}", text, maxsplit=1)[-1].split("/")[0], "/", text)
    if text.startswith("//"):
        text = f"https:{text}"
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host:
        return None
    host = _ascii(host)
    if port is not None and port != _DEFAULT_PORTS.get(parts.scheme):
        host = f"{host}:{port}"
    carried = parts.query + (f"@{parts.netloc.rpartition('@')[0]}" if "@" in parts.netloc else "")
    return Address(host, parts.path or "/", carried)


def _ascii(host: str) -> str:
    """The host as it is looked up: a name in letters that only look like another's shows."""
    host = host.rstrip(".")
    if host.isascii():
        return host.lower()
    try:
        return idna.encode(host, uts46=True).decode("ascii").lower()
    except UnicodeError:
        return host.encode("ascii", "backslashreplace").decode("ascii").lower()


def addresses(text: str) -> list[Address]:
    """Those written with a scheme, in the order of the text."""
    found = (address(_end(match.group())) for match in _URL.finditer(text))
    return [one for one in found if one is not None]


def named(text: str) -> list[Address]:
    """Those that a person names: with a scheme, or as people write them without."""
    found = addresses(text)
    for match in _BARE.finditer(_URL.sub(" ", text)):
        host, rest = match.groups()
        if rest or host.rpartition(".")[2].lower() not in _FILES:
            one = address(_end(host + rest))
            found += [one] if one is not None else []
    return found


def _end(url: str) -> str:
    """Without the punctuation of the sentence around it; a bracket that it opened stays."""
    while url and url[-1] in _AFTER:
        if url[-1] == ")" and url.count("(") >= url.count(")"):
            break
        url = url[:-1]
    return url
