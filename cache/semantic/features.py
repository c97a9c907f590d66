"""What sets two prompts apart, counted."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log1p

from cache.semantic import lexicon
from cache.semantic.align import Alignment
from cache.semantic.frames import Frame, frame, frame_gap, tells
from cache.semantic.normal import bare_form, normal_form
from cache.semantic.opposites import opposed, siblings
from cache.semantic.order import Disorder, disorder
from cache.semantic.words import Reader, Word

FEATURES = (
    "cosine", "left_more", "left_less", "heaviest_more", "heaviest_less", "dice", "soft_dice",
    "loss_more", "loss_less", "weakest_link", "near_links", "typos", "good_links", "content_less",
    "content_more", "length_ratio", "inversions", "moved", "frame_gap", "negations", "opposites",
    "siblings", "names_more", "names_less", "stop_dice", "prepositions", "pronouns", "modals",
    "tense", "quantifiers", "comparatives", "connectives", "trigrams", "prefix", "suffix",
    "bags_near", "plurals", "articles", "wh", "left_count_more", "left_count_less", "words_shared",
    "subset", "units", "times", "small_numbers", "rare", "reversal", "breaks", "names_turned",
)  # fmt: skip
MEASURES = frozenset(lexicon.UNITS.values())
TIMES = lexicon.words_of("before after until since while during ago later")
TRIGRAMS_OF = 3_000  # characters


@dataclass(frozen=True, slots=True)
class Reading:
    """A prompt, read once."""

    normal: str
    words: tuple[Word, ...]
    frame: Frame
    tells: bool  # it states something, and asks for nothing
    trigrams: frozenset[str]


@dataclass(frozen=True, slots=True)
class Gap:
    """How two readings differ."""

    alignment: Alignment
    order: Disorder
    opposites: int
    siblings: int
    contrary: bool  # "to" on one side and "from" on the other, or the like

    @property
    def loss(self) -> float:
        """The weight of what the fuller side has without a good partner."""
        a, b = (
            sum(word.weight for word in side)
            for side in (self.alignment.left, self.alignment.right)
        )
        return max(a, b) + sum(
            link.one.weight * (1 - link.likeness) for link in self.alignment.links
        )


def read(text: str, reader: Reader) -> Reading:
    """`text`, read: its normal form, words, and the kind of answer that it asks for."""
    normal = normal_form(text)
    flat = re.sub(r"[\W_]+", " ", normal.lower())[:TRIGRAMS_OF]
    return Reading(
        normal,
        reader.words(bare_form(text)),
        frame(normal),
        tells(text),
        frozenset(flat[i : i + 3] for i in range(len(flat) - 2)),
    )


def gap(one: Reading, other: Reading, alignment: Alignment) -> Gap:
    """What sets the readings apart beyond the words that are left."""
    pairs = [(a.base, b.base) for a in _heavy(alignment.left) for b in _heavy(alignment.right)][
        :200
    ]
    return Gap(
        alignment,
        disorder(alignment.links, one.words, other.words),
        sum(opposed(*pair) for pair in pairs),
        sum(siblings(*pair) for pair in pairs),
        any(
            opposed(a.base, b.base)
            for a in alignment.left
            for b in alignment.right
            if a.kind == b.kind == "stop"
        ),
    )


def features(one: Reading, other: Reading, found: Gap, cosine: float, bags: float) -> list[float]:
    """The numbers named in FEATURES; the same when the sides change places.

    `cosine` is that of the prompts' vectors, `bags` that of the sums of the words left over.
    """
    return [cosine, *_of_words(one, other, found), bags, *_of_rest(one, other, found)]


def _of_words(one: Reading, other: Reading, found: Gap) -> list[float]:
    """How much of the words is shared, and how."""
    links = found.alignment.links
    sides = _heavy(found.alignment.left), _heavy(found.alignment.right)
    left = sorted(sum(word.weight for word in side) for side in sides)
    heaviest = sorted(max((word.weight for word in side), default=0.0) for side in sides)
    shared = [link for link in links if link.one.kind in ("content", "name", "number")]
    strong = sum((link.one.weight + link.other.weight) / 2 for link in shared)
    soft = sum((link.one.weight + link.other.weight) / 2 * link.likeness for link in shared)
    whole = max(2 * strong + sum(left), 1e-6)
    loss = strong - soft
    names = sorted(sum(word.kind == "name" for word in side) for side in sides)
    content = sorted(len(_heavy(reading.words)) for reading in (one, other))
    lengths = sorted(len(reading.normal) + 1 for reading in (one, other))
    near = [link for link in shared if link.how == "near"]
    return [
        left[1], left[0], heaviest[1], heaviest[0],
        (2 * strong / whole) if content[1] else 0.0, (2 * soft / whole) if content[1] else 0.0,
        loss + left[1], loss + left[0],
        min((link.likeness for link in shared), default=0.0),
        len(near), sum(link.how == "typo" for link in links),
        sum(link.how in ("synonym", "derived") for link in shared),
        content[0], content[1], lengths[0] / lengths[1],
        log1p(found.order.inversions), log1p(found.order.moved),
        frame_gap(one.frame, other.frame), abs(negations(one) - negations(other)),
        found.opposites, found.siblings, names[1], names[0],
        *_small(one, other),
        _dice(one.trigrams, other.trigrams), *_ends(one.words, other.words),
    ]  # fmt: skip


def _of_rest(one: Reading, other: Reading, found: Gap) -> list[float]:
    """What is left over on either side, and in which order the words come."""
    links = found.alignment.links
    shared = [link for link in links if link.one.kind in ("content", "name", "number")]
    sides = _heavy(found.alignment.left), _heavy(found.alignment.right)
    both = (*found.alignment.left, *found.alignment.right)
    return [
        sum(_plural(link.one.raw) != _plural(link.other.raw) for link in shared),
        abs(_count(one.words, lexicon.ARTICLES) - _count(other.words, lexicon.ARTICLES)),
        len(_of(one.words, lexicon.WH) ^ _of(other.words, lexicon.WH)),
        max(len(side) for side in sides), min(len(side) for side in sides),
        len(shared), float(min(len(side) for side in sides) == 0),
        sum(word.base in MEASURES for word in both), sum(word.base in TIMES for word in both),
        sum(word.kind == "number" for word in both),
        sum(word.weight > 1.2 for word in both),
        found.order.reversal, found.order.breaks, found.order.names,
    ]  # fmt: skip


def negations(reading: Reading) -> int:
    return sum(word.kind == "negation" for word in reading.words)


def _small(one: Reading, other: Reading) -> Iterable[float]:
    """How the words that only join others differ."""
    a, b = (
        [word.base for word in reading.words if word.kind == "stop"] for reading in (one, other)
    )
    yield _dice(frozenset(a), frozenset(b))
    yield len(_among(a, lexicon.PREPOSITIONS) ^ _among(b, lexicon.PREPOSITIONS))
    yield len({lexicon.PRONOUNS[w] for w in _among(a, lexicon.PRONOUNS)}
              ^ {lexicon.PRONOUNS[w] for w in _among(b, lexicon.PRONOUNS)})  # fmt: skip
    yield len({lexicon.MODALS[w] for w in _among(a, lexicon.MODALS)}
              ^ {lexicon.MODALS[w] for w in _among(b, lexicon.MODALS)})  # fmt: skip
    yield abs(_tense(one) - _tense(other))
    a_all, b_all = ({word.base for word in reading.words} for reading in (one, other))
    yield len({lexicon.QUANTIFIERS[w] for w in a_all & lexicon.QUANTIFIERS.keys()}
              ^ {lexicon.QUANTIFIERS[w] for w in b_all & lexicon.QUANTIFIERS.keys()})  # fmt: skip
    yield len((a_all ^ b_all) & lexicon.COMPARATIVES.keys())
    yield len((a_all ^ b_all) & lexicon.CONNECTIVES)


def _tense(reading: Reading) -> int:
    raw = {word.raw.lower() for word in reading.words}
    return 2 * bool(raw & lexicon.FUTURE) - bool(raw & lexicon.PAST)


def _ends(one: Sequence[Word], other: Sequence[Word]) -> tuple[float, float]:
    """The shares of words that are the same at the beginning, and at the end."""
    a, b = [word.base for word in one], [word.base for word in other]
    most = max(len(a), len(b), 1)
    return _run(a, b) / most, _run(a[::-1], b[::-1]) / most


def _run(a: Sequence[str], b: Sequence[str]) -> int:
    short = min(len(a), len(b))
    return next((i for i in range(short) if a[i] != b[i]), short)


def _heavy(words: Iterable[Word]) -> list[Word]:
    return [word for word in words if word.kind in ("content", "name", "number")]


def _plural(raw: str) -> bool:
    return raw.lower().endswith("s") and not raw.lower().endswith(("ss", "us", "is"))


def _count(words: Iterable[Word], among: frozenset[str]) -> int:
    return sum(word.base in among for word in words)


def _of(words: Iterable[Word], among: frozenset[str]) -> set[str]:
    return {word.base for word in words if word.base in among}


def _among(words: Iterable[str], among: Iterable[str]) -> set[str]:
    return set(words).intersection(among)


def _dice(a: frozenset[str], b: frozenset[str]) -> float:
    return 2 * len(a & b) / (len(a) + len(b)) if a or b else 1.0
