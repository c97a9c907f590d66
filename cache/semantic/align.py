"""Which words of one prompt stand for which of the other, and what is left of each."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cache.semantic.lexicon import DEMONYMS, UNITS
from cache.semantic.opposites import opposed, siblings
from cache.semantic.synonyms import synonyms
from cache.semantic.words import Word, coined

COMPARED = 30  # words left on each side that are compared with each other
ENOUGH = 0.42  # likeness from which two words may stand for each other
Likeness = Callable[[str, str], float]


class Link(NamedTuple):
    """A word of each side that stand for each other."""

    one: Word
    other: Word
    likeness: float  # 0..1; 1 is the same word
    how: str  # "same", "typo", "synonym", "derived", "near"


@dataclass(frozen=True, slots=True)
class Alignment:
    """What two prompts share, and what only one of them has."""

    links: tuple[Link, ...]
    left: tuple[Word, ...]  # of the first, without a partner
    right: tuple[Word, ...]


def align(
    one: Sequence[Word], other: Sequence[Word], likeness: Likeness, known: Callable[[str], bool]
) -> Alignment:
    """Partners for the words of `one` among those of `other`: the same first, then like ones."""
    links, left, right = _same(one, other)
    options: list[Link] = []
    for a in left[:COMPARED]:
        for b in right[:COMPARED]:
            how, score = relation(a, b, likeness, known)
            if score >= ENOUGH:
                options.append(Link(a, b, score, how))
    taken_a: set[int] = set()
    taken_b: set[int] = set()
    for link in sorted(
        options, key=lambda link: (-link.likeness, abs(link.one.place - link.other.place))
    ):
        if link.one.place not in taken_a and link.other.place not in taken_b:
            links.append(link)
            taken_a.add(link.one.place)
            taken_b.add(link.other.place)
    return Alignment(
        tuple(sorted(links, key=lambda link: link.one.place)),
        tuple(word for word in left if word.place not in taken_a),
        tuple(word for word in right if word.place not in taken_b),
    )


def _same(one: Sequence[Word], other: Sequence[Word]) -> tuple[list[Link], list[Word], list[Word]]:
    """The same words: those that both begin and end with, then the n-th with the n-th."""
    short = min(len(one), len(other))
    head = next((i for i in range(short) if one[i].base != other[i].base), short)
    rest = short - head
    tail = next((i for i in range(rest) if one[-1 - i].base != other[-1 - i].base), rest)
    pairs = [*zip(one[:head], other[:head], strict=True)]
    if tail:
        pairs += zip(one[-tail:], other[-tail:], strict=True)
    waiting: defaultdict[str, list[Word]] = defaultdict(list)
    for word in reversed(other[head : len(other) - tail]):
        waiting[word.base].append(word)
    left: list[Word] = []
    for word in one[head : len(one) - tail]:
        if waiting[word.base]:
            pairs.append((word, waiting[word.base].pop()))
        else:
            left.append(word)
    right = sorted((w for words in waiting.values() for w in words), key=lambda w: w.place)
    return [Link(a, b, 1.0, "same") for a, b in pairs], left, right


def relation(
    a: Word, b: Word, likeness: Likeness, known: Callable[[str], bool]
) -> tuple[str, float]:
    """How two different words relate, and how well one stands for the other, 0..1."""
    if is_typo(a, b, known):
        return "typo", 0.95
    if not {a.kind, b.kind} <= {"name", "content"}:
        return "none", 0.0
    if DEMONYMS.get(a.base, a.base) == DEMONYMS.get(b.base, b.base):
        return "derived", 0.85
    if "name" in (a.kind, b.kind):
        code = coined(a.raw) or coined(b.raw)
        return ("derived", 0.8) if _derived(a.base, b.base, 4) and not code else ("none", 0.0)
    return _meaning(a.base, b.base, likeness)


def _meaning(a: str, b: str, likeness: Likeness) -> tuple[str, float]:
    if {a, b} & _MEASURES or opposed(a, b) or (siblings(a, b) and not synonyms(a, b)):
        return "none", 0.0
    if synonyms(a, b):
        return "synonym", 0.9
    return ("derived", 0.85) if _derived(a, b, 5) else ("near", likeness(a, b))


_MEASURES = frozenset(UNITS.values())


def _derived(a: str, b: str, least: int) -> bool:
    """Whether one looks made of the other: "merge", "merger"."""
    short = min(len(a), len(b))
    shared = next((i for i in range(short) if a[i] != b[i]), short)
    return shared >= least and shared >= short - 2 and max(len(a), len(b)) - shared <= 5


def is_typo(a: Word, b: Word, known: Callable[[str], bool]) -> bool:
    """Whether one is the other mistyped, and not another word, name or number."""
    x, y = a.raw.lower(), b.raw.lower()
    if min(len(x), len(y)) < 3 or not (x.isalpha() and y.isalpha()) or (known(x) and known(y)):
        return False
    if len(x) == len(y) and sorted(x) == sorted(y):
        return len(x) > (4 if known(x) or known(y) else 6) and _swapped(x, y)
    if min(len(x), len(y)) < 4 or x[0] != y[0] or x[-1] != y[-1] or not one_edit(x, y):
        return False
    return _undoubled(x) == _undoubled(y) or (
        known(x) != known(y) and "name" not in (a.kind, b.kind)
    )


def _swapped(x: str, y: str) -> bool:
    """Whether two neighbouring letters changed places."""
    differ = [i for i, (p, q) in enumerate(zip(x, y, strict=True)) if p != q]
    return len(differ) == 2 and differ[1] == differ[0] + 1


def _undoubled(word: str) -> str:
    return "".join(one for one, before in zip(word, " " + word, strict=False) if one != before)


def one_edit(x: str, y: str) -> bool:
    """Whether one letter was put in, left out or taken for another."""
    if abs(len(x) - len(y)) > 1:
        return False
    short = min(len(x), len(y))
    at = next((i for i in range(short) if x[i] != y[i]), short)
    return x[at + 1 :] == y[at + 1 :] or x[at + 1 :] == y[at:] or x[at:] == y[at + 1 :]
