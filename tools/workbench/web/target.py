"""URLs that may be visited, taken apart once.

The parts that are checked are the parts that are connected to: no second parser reads the text,
so there is nothing for two parsers to disagree about.
"""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import quote, urljoin

import idna
import idna.uts46data  # else imported at the first name that needs it, inside a coroutine

from pointsman.errors import InvalidInput

MOST_URL = 4096  # characters
DEFAULT_PORTS = {"http": 80, "https": 443}

_URL = re.compile(r"(https?)://([^/?#]+)([^?#]*)(\?[^#]*)?(?:#.*)?", re.IGNORECASE | re.DOTALL)
_AUTHORITY = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:@]+))(?::([0-9]{1,5}))?")
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.(?!-)[a-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)")
_UNSEEN = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Target:
    """Where to go. Everything is ASCII; an IPv6 address has no brackets in `host`."""

    scheme: str
    host: str
    port: int
    path: str  # with the query

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


def read_url(text: str) -> Target:
    """The parts of a URL.

    Raises:
        InvalidInput: it is not a plain http or https URL.
    """
    text = text.strip(" ")
    if len(text) > MOST_URL:
        raise InvalidInput(f"The URL is longer than {MOST_URL} characters.")
    if _UNSEEN.search(text):
        raise InvalidInput("The URL has spaces, control characters or backslashes in it.")
    match = _URL.fullmatch(text)
    if not match:
        raise InvalidInput("Only URLs that start with http:// or https:// can be read.")
    scheme, authority, path, query = match.groups()
    if "@" in authority:
        raise InvalidInput("A URL with a user name or password in it is not read.")
    parts = _AUTHORITY.fullmatch(authority)
    if not parts:
        raise InvalidInput("The URL's host or port cannot be read.")
    scheme = scheme.lower()
    host = _v6(parts[1]) if parts[1] else _host(parts[2])
    port = int(parts[3]) if parts[3] else DEFAULT_PORTS[scheme]
    return Target(scheme, host, port, (_ascii(path) or "/") + _ascii(query or ""))


def follow(target: Target, location: str) -> Target:
    """Where a redirect from `target` leads.

    Raises:
        InvalidInput: to no plain URL, or out of https.
    """
    try:
        joined = urljoin(target.url, location.strip().replace(" ", "%20"))
    except ValueError:
        raise InvalidInput("The page redirects to what is not a URL.") from None
    following = read_url(joined)
    if target.scheme == "https" and following.scheme == "http":
        raise InvalidInput(f"{target.host} redirects from https to http, which is not followed.")
    return following


def _v6(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except AddressValueError:
        raise InvalidInput("The URL's IPv6 address cannot be read.") from None


def _host(text: str) -> str:
    """A name as DNS has it, or an IPv4 address in its one plain form.

    `2130706433`, `0x7f.1` and `127.1` are 127.0.0.1 to some resolvers and names to others.
    """
    if len(text) > 253:
        raise InvalidInput("The URL's host name is too long.")
    try:
        name = text if text.isascii() else idna.encode(text, uts46=True).decode("ascii")
    except UnicodeError:
        raise InvalidInput("The URL's host is not a valid name.") from None
    name = name.lower().removesuffix(".")
    if not _NAME.fullmatch(name):
        raise InvalidInput("The URL's host is not a valid name.")
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        try:
            return str(IPv4Address(name))
        except AddressValueError:
            raise InvalidInput("The URL's host is neither a name nor a plain address.") from None
    return name


def _ascii(text: str) -> str:
    return quote(text, safe="%/:=&?~+!$,;'@()*[]|", errors="replace")
