"""The tokens that BERT models read: words in lower case, split into pieces of a vocabulary.

Devlin et al. 2019, appendix A.2, and the uncased vocabulary that was published with it. Written
here, since the library for it brings a hub client with seven further packages.
"""

import gzip
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

VOCABULARY = Path(__file__).with_name("vocab.txt.gz")
LONGEST_WORD = 100  # characters; a longer one is unknown
SEEN = 20_000  # characters at each end of a text that can matter for the tokens kept of it
WORDS_KEPT = 50_000

_IDEOGRAPHS = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2CEAF),
    (0x2F800, 0x2FA1F),
)
_IDEOGRAPH = re.compile("([" + "".join(f"{chr(a)}-{chr(z)}" for a, z in _IDEOGRAPHS) + "])")
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\ufffd\u200b-\u200f\u202a-\u202e\ufeff]"
)
_ASCII_WORD = re.compile(r"[a-z0-9]+|[!-/:-@\[-`{-~]")


class WordPiece:
    """Splits texts into the ids of a vocabulary."""

    def __init__(self, vocabulary: Iterable[str]) -> None:
        self._ids = {piece: number for number, piece in enumerate(vocabulary)}
        self._unknown = self._ids["[UNK]"]
        self._first, self._last = self._ids["[CLS]"], self._ids["[SEP]"]
        self.pieces = lru_cache(WORDS_KEPT)(self._pieces)

    def ids(self, text: str, most: int) -> list[int]:
        """The tokens of `text` between the marks of its beginning and its end.

        Of a text with more than `most`, the first two thirds of them and the last third.
        """
        seen = text if len(text) <= 2 * SEEN else f"{text[:SEEN]} {text[-SEEN:]}"
        words = [word[: LONGEST_WORD + 1] for word in _words(seen)]  # a key is not a whole prompt
        tail = most // 3
        if len(words) <= most:
            ids = [self._first, *(i for word in words for i in self.pieces(word)), self._last]
            return ids if len(ids) <= most else [*ids[: most - tail], *ids[-tail:]]
        head = [i for word in words[:most] for i in self.pieces(word)]
        end = [i for word in words[-tail:] for i in self.pieces(word)]
        return [self._first, *head[: most - tail - 1], *end[-(tail - 1) :], self._last]

    def _pieces(self, word: str) -> tuple[int, ...]:
        """The longest pieces first, from the left; one unknown if any part is not known."""
        found: list[int] = []
        start = 0
        while start < len(word) <= LONGEST_WORD:
            mark = "##" if start else ""
            for end in range(len(word), start, -1):
                piece = self._ids.get(mark + word[start:end])
                if piece is not None:
                    found.append(piece)
                    start = end
                    break
            else:
                return (self._unknown,)
        return tuple(found) or (self._unknown,)


def load_wordpiece(path: Path = VOCABULARY) -> WordPiece:
    return WordPiece(gzip.decompress(path.read_bytes()).decode("utf-8").splitlines())


def _words(text: str) -> Iterator[str]:
    """Words and single marks of punctuation, in lower case and without accents."""
    text = _CONTROL.sub("", text.lower())
    if text.isascii():
        yield from _ASCII_WORD.findall(text)
        return
    text = _IDEOGRAPH.sub(r" \1 ", text)
    plain = "".join(
        c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn"
    )
    for word in plain.split():
        yield from _split(word)


def _split(word: str) -> Iterator[str]:
    start = 0
    for place, character in enumerate(word):
        if _is_mark(character):
            if place > start:
                yield word[start:place]
            yield character
            start = place + 1
    if start < len(word):
        yield word[start:]


def _is_mark(character: str) -> bool:
    if character.isascii():
        return not character.isalnum()
    return unicodedata.category(character).startswith("P")
