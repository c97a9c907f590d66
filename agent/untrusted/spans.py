"""Which pieces of text were seen, so that a later text can be asked whether it quotes them."""

import re
from collections.abc import Iterable, Iterator

from agent.untrusted.decoding import forms, plain_forms

LENGTH = 16  # letters and digits of a piece
STRIDE = 8  # of those pieces every eighth is kept: 23 in a row are found for sure, 16 often
MOST = 300_000  # pieces; when there are more, everything counts as a quotation

# What is short and still not a coincidence: an address, a path, a flag, an assignment.
_TELLING = re.compile(r"[^\s\"'`<>(),;\[\]{}]{5,300}")
_SIGN = re.compile(r"[A-Za-z0-9_~][/@\\:=$.|][A-Za-z0-9_~/\\$-]|^[/~$-]{1,2}[A-Za-z]")


class Spans:
    """Digests of texts, each with the place it stands in; the texts themselves are not kept."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._seen: dict[int, int] = {}  # digest -> number of its place; 0: not one place only
        self._places: dict[str, int] = {"": 0}
        self._full = False

    def add(self, text: str, place: str = "") -> None:
        """Remember the text, and what it says when decoded once.

        `place` is a file it was read from: there it may be written back.
        """
        number = self._places.setdefault(place, len(self._places))
        for form in plain_forms(text):
            for piece in _kept(form):
                digest = hash(piece)
                self._seen[digest] = number if self._seen.get(digest, number) == number else 0
            if len(self._seen) > self._most:
                self._full = True
                return

    def quoted_in(self, texts: Iterable[str], place: str = "") -> bool:
        """Whether one of them, or what it says when decoded once, has a piece seen before, other
        than in `place` alone."""
        if self._full:
            return True
        home = self._places.get(place) or None
        return bool(self._seen) and any(
            self._seen.get(hash(piece), home) != home
            for text in texts
            for form in forms(text)
            for piece in _all(form)
        )


def _kept(text: str) -> Iterator[str]:
    bare = _bare(text)
    yield from (bare[i : i + LENGTH] for i in range(0, len(bare) - LENGTH + 1, STRIDE))
    yield from _telling(text)


def _all(text: str) -> Iterator[str]:
    bare = _bare(text)
    yield from (bare[i : i + LENGTH] for i in range(len(bare) - LENGTH + 1))
    yield from _telling(text)


def _bare(text: str) -> str:
    """Letters and digits alone: spaces, quotes and line ends put in or out change nothing."""
    return "".join(filter(str.isalnum, text)).casefold()


def _telling(text: str) -> Iterator[str]:
    for match in _TELLING.finditer(text):
        word = match.group().strip(".:!?*_")
        if _SIGN.search(word):
            yield f" {word.casefold()}"  # no piece of letters and digits begins so
