"""Secrets: what must neither reach a model nor leave by a tool."""

import re
from collections.abc import Iterable, Iterator, Mapping

from agent.untrusted.decoding import forms, texts
from pointsman.types import Json

SHORTEST = 8  # characters; a shorter value is in too many innocent texts
GONE = "[secret]"

# Keys that say what they are. Each is bounded, and begins with letters that are seldom.
_KEYS = re.compile(
    r"\b(?:sk-(?:ant-|proj-|or-v1-)?[A-Za-z0-9_-]{20,200}"  # model providers
    r"|gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255}|glpat-[A-Za-z0-9_-]{20,64}"
    r"|xox[abeprs]-[A-Za-z0-9-]{10,250}|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{35}"
    r"|hf_[A-Za-z0-9]{30,64}|gsk_[A-Za-z0-9]{40,64}|tvly-[A-Za-z0-9-]{20,64}|BSA[A-Za-z0-9_-]{24,40}"
    r"|[rs]k_(?:live|test)_[A-Za-z0-9]{16,128}|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,255}"
    r"|eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{10,1000})"
)
_SCHEME = re.compile(r"^(?:bearer|basic|token|apikey)\s+", re.IGNORECASE)  # of a header
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:[^-]|-(?!----)){0,16384}+"
    r"(?:-----END [A-Z ]{0,40}-----)?"
)


class Secrets:
    """The values that this process knows to be secret, and what looks like a key of others."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        """`values` of fewer than 8 characters are not followed. Of `Bearer x`, x is one too."""
        known = {
            part for value in values for part in (value.strip(), _SCHEME.sub("", value.strip()))
        }
        self._values = tuple(sorted((v for v in known if len(v) >= SHORTEST), key=len)[::-1])
        self._any = re.compile("|".join(map(re.escape, self._values))) if self._values else None

    def redact(self, text: str) -> str:
        """The text with `[secret]` in the place of each."""
        if self._any is not None:
            text = self._any.sub(GONE, text)
        return _KEYS.sub(GONE, _PRIVATE_KEY.sub(GONE, text))

    def known_in(self, arguments: Mapping[str, Json]) -> bool:
        """Whether a known value is in them: as it is, encoded once, reversed, split or spaced."""
        return bool(self._values) and any(self._is_in(form) for form in _texts(arguments))

    def key_in(self, arguments: Mapping[str, Json]) -> bool:
        """Whether something in them looks like a key, whoever's it is."""
        return any(_KEYS.search(form) or "PRIVATE KEY-----" in form for form in _texts(arguments))

    def _is_in(self, text: str) -> bool:
        bare = _bare(text)
        return any(value in text or _bare(value) in bare for value in self._values)

    def __repr__(self) -> str:
        return f"Secrets({len(self._values)} known)"


NO_SECRETS = Secrets()


def _texts(arguments: Mapping[str, Json]) -> Iterator[str]:
    for text in texts(arguments):
        yield from forms(text)


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()
