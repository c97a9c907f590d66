"""How likely it is that one good answer serves two prompts.

Texts that differ in form only are served; differences that no answer bridges (numbers, negation,
names, units, order, who does what) are never; small trees weigh the rest. How they were trained,
and how often they are wrong: docs/cache-verifier.md.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, get_args

from cache.semantic.align import Alignment, align
from cache.semantic.features import Gap, Reading, features, gap, read
from cache.semantic.normal import LETTERS, LOUD, case_counts
from cache.semantic.trees import Trees
from cache.semantic.vectors import Arrays, Vocabulary
from cache.semantic.vetoes import quoted, veto
from cache.semantic.words import MOST, Reader, Word
from pointsman.records import Category

if TYPE_CHECKING:
    from pointsman.seams import Vector

MODEL = "all-minilm-l6-v2-int8"  # the embedding model whose vectors the trees were grown with
READ = 4_000  # characters: of longer prompts only the same ones serve each other
READINGS_KEPT = 512
TYPING_ERRORS = 2
MANY = 8  # words
_ALIKE = frozenset(("mw", "ma", "mv", "mb", "gb", "kb", "tb"))
TELLING = frozenset(("content", "name", "number"))
CATEGORIES: tuple[Category, ...] = get_args(Category)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A text, and where it lies; the vector has length 1."""

    text: str
    vector: "Vector"


@dataclass(frozen=True, slots=True)
class Judgement:
    """How likely one answer serves both, 0..1, and why, for a person."""

    probability: float
    reason: str


SAME = Judgement(1.0, "the same but for its form")
MISTYPED = Judgement(0.995, "the same but for typing errors")
SMALL = Judgement(0.995, "the same, and one is written without capitals")
FAR_APART = Judgement(0.0, "hardly a word in common")
TOO_LONG = Judgement(0.0, "too long to be compared word by word")


class Verifier:
    """The trained parts; a judgement takes about 0.5 ms and waits for nothing.

    `model` is the embedding model that made the vectors. With another one than MODEL only texts
    that differ in form, or by typing errors, serve each other.
    """

    def __init__(self, arrays: Arrays, model: str = MODEL) -> None:
        self._vocabulary = Vocabulary(arrays)
        reader = Reader(self._vocabulary.ranks, self._vocabulary.names)
        self._read = lru_cache(READINGS_KEPT)(lambda text: read(text, reader))
        self._trees = Trees(arrays) if model == MODEL else None
        self._slope, self._offset = (float(one) for one in arrays["calibration"].tolist())
        self._targets: list[float] = arrays["targets"].tolist()
        self._thresholds: list[list[float]] = arrays["thresholds"].tolist()

    def probability(self, asked: Prompt, kept: Prompt) -> Judgement:
        """How likely the answer to `kept` serves `asked`; the same when they change places."""
        if asked.text == kept.text:
            return SAME
        one, other = sorted((asked.text, kept.text))
        if len(other) > READ or len(one) > READ:
            return TOO_LONG
        a, b = self._read(one), self._read(other)
        if a.normal == b.normal:
            return SAME
        if same_in_small_letters(one, other, a.normal, b.normal):
            return SMALL
        if max(len(a.words), len(b.words)) >= MOST:
            return TOO_LONG
        if far_apart(a.words, b.words):
            return FAR_APART
        return self._judge(a, b, float(asked.vector @ kept.vector))

    def threshold(self, false_hits: float, category: Category | None = None) -> float:
        """The probability from which to serve, for a share of false hits among near misses.

        Between the targets that were measured the next stricter one holds; below the least of
        them only what differs in form alone is served.
        """
        row = 0 if category is None else 1 + CATEGORIES.index(category)
        met = [
            threshold
            for target, threshold in zip(self._targets, self._thresholds[row], strict=True)
            if target <= false_hits
        ]
        return min(met, default=SAME.probability)

    def _judge(self, one: Reading, other: Reading, cosine: float) -> Judgement:
        words = self._vocabulary
        alignment = align(one.words, other.words, words.likeness, words.known)
        found = gap(one, other, alignment)
        if (reason := veto(one, other, found)) is not None:
            return Judgement(0.0, reason)
        if only_mistyped(alignment):
            return MISTYPED
        if self._trees is None:
            return Judgement(0.0, "not the same words, and the embedding model is another")
        bags = words.likeness_of_all(alignment.left, alignment.right)
        score = self._trees.log_odds(features(one, other, found, cosine, bags))
        p = 1 / (1 + math.exp(-(self._slope * score + self._offset)))
        return Judgement(p, _told(found, cosine))


def same_in_small_letters(one: str, other: str, normal: str, other_normal: str) -> bool:
    """Whether one is the other without any capital, and none of those made another word."""
    if normal.lower() != other_normal.lower() or not (one.islower() or other.islower()):
        return False
    if quoted(normal) != quoted(other_normal):
        return False
    capital = other if one.islower() else one
    if LOUD & set(re.findall(r"\w+", capital)):
        return False
    counted = [word for word in LETTERS.finditer(capital) if case_counts(word)]
    rest = sum(letter.isupper() for letter in capital)
    rest -= sum(letter.isupper() for word in counted for letter in word[0])
    return not counted or (rest > 0 and not any(map(_of_code, counted)))


def _of_code(word: re.Match[str]) -> bool:
    """Whether it is a unit that another one is spelt like, a flag or an escape."""
    before = word.string[max(word.start() - 1, 0) : word.start()]
    return before in ("-", "\\") or word[0].lower() in _ALIKE


def far_apart(one: Sequence[Word], other: Sequence[Word]) -> bool:
    """Whether each has many words that the other lacks, and more of them than they share.

    Spares the pairing of long prompts, which takes 10 ms.
    """
    a, b = (Counter(w.base for w in words if w.kind in TELLING) for words in (one, other))
    apart = min((a - b).total(), (b - a).total())
    return apart >= MANY and apart > (a & b).total()


def only_mistyped(alignment: Alignment) -> bool:
    """Whether all words are the same, in order, but for one or two that are mistyped."""
    if alignment.left or alignment.right:
        return False
    places = [link.other.place for link in alignment.links]
    typed = [link.how == "typo" for link in alignment.links]
    return (
        places == sorted(places)
        and sum(typed) <= TYPING_ERRORS
        and all(
            typo or link.one.raw.lower() == link.other.raw.lower()
            for link, typo in zip(alignment.links, typed, strict=True)
        )
    )


def _told(found: Gap, cosine: float) -> str:
    """What the trees weighed, for a person."""
    links = [link for link in found.alignment.links if link.how not in ("same", "typo")]
    left = [word.raw for word in (*found.alignment.left, *found.alignment.right) if word.weight > 0]
    parts = [f"{link.one.raw} for {link.other.raw}" for link in links[:3]]
    parts += [f"only in one of them: {', '.join(left[:4])[:80]}"] if left else []
    return "; ".join([*(parts or ["the same words"]), f"cosine {cosine:.2f}"])
