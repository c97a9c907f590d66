"""Where words stand in a text."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator

_TOP = re.compile(r"^[^\s#)\]}]", re.MULTILINE)
_DEFINITION = re.compile(r"\bdef[ \t]+(\w+)")
Spot = tuple[int, str]  # where a word begins, and the word
Body = tuple[str, int, int]  # the name of a function, and from and to where its text goes


def spots(text: str, words: Iterable[str]) -> list[Spot]:
    """All places of `words`, in their order; a part of a longer word is none.

    `str.find` for each word is ten times faster than one expression for all words.
    """
    found: list[Spot] = []
    for word in words:
        at = text.find(word)
        while at >= 0:
            end = at + len(word)
            if not (_in_word(text[at - 1 : at]) or _in_word(text[end : end + 1])):
                found.append((at, word))
            at = text.find(word, end)
    found.sort()
    return found


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def numbered(text: str, places: Iterable[Spot]) -> Iterator[tuple[int, int, str]]:
    """Each place with the number of its line before it."""
    line, last = 1, 0
    for at, word in places:
        line += text.count("\n", last, at)
        last = at
        yield line, at, word


def bodies(text: str) -> list[Body]:
    """The functions in `text`; that of an outer one ends where an inner one begins."""
    matches = list(_DEFINITION.finditer(text))
    ends = [*(match.start() for match in matches[1:]), len(text)]
    return [
        (match[1], match.end(), _end(text, match.end(), end))
        for match, end in zip(matches, ends, strict=False)
    ]


def _end(text: str, start: int, end: int) -> int:
    """Without what stands at the top of the module behind it."""
    first = text.find("\n", start, end) + 1
    top = _TOP.search(text, first, end) if first else None
    return top.start() if top else end


def between(places: list[Spot], start: int, end: int) -> set[str]:
    """The words that stand from `start` to `end`."""
    first, last = (bisect_left(places, (at, "")) for at in (start, end))
    return {word for _, word in places[first:last]}
