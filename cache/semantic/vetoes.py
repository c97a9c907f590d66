"""Differences that are enough, each by itself, to keep two prompts apart."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from cache.semantic.align import COMPARED, Alignment
from cache.semantic.features import MEASURES, Gap, Reading
from cache.semantic.lexicon import ASPECTS, PRONOUNS, words_of
from cache.semantic.normal import LETTERS, case_counts
from cache.semantic.order import LIGHT
from cache.semantic.signs import signs
from cache.semantic.words import Word

_TIMES = words_of("before after until since above below atleast atmost over under")
MUCH = 4.0  # weight of words: two that are rare
RARE = 1.5  # weight of a word that the vocabulary lacks, or nearly
LITTLE = 3.0  # weight of words: one or two
_PERSONS = frozenset(("he", "she"))
_SMALL = words_of("0 1 2 3")
_QUOTED = re.compile(r"```.*?```|`[^`\n]+`|\"[^\"\n]+\"|(?<!\w)'[^'\n]+'(?!\w)", re.DOTALL)


def veto(one: Reading, other: Reading, found: Gap) -> str | None:
    """Why no answer serves both, for a person; None where nothing forbids it."""
    left, right = found.alignment.left, found.alignment.right
    for reason, a, b in (
        ("numbers", *_numbers(left, right)),
        ("signs", signs(one.normal), signs(other.normal)),
        ("capitals", *_capitals(one, other)),
        ("negation", *_negations(one, other, found)),
        ("units", *_units(one, other, left, right)),
        ("times", *_both(_words(left, _TIMES), _words(right, _TIMES))),
        ("aspects", _words(left, ASPECTS), _words(right, ASPECTS)),
        ("quotations", *_quotations(one, other)),
        ("names", *_names(found.alignment)),
    ):
        if a != b:
            return f"{reason} differ: {_shown(a)} / {_shown(b)}"
    found_so = (
        (found.siblings > 0, "things of one kind that differ"),
        (found.contrary, "directions differ"),
        (_persons(found, one, other), "persons differ"),
        (found.order.reversed_roles, "who does what to whom differs"),
        (found.order.exchanged, "two words have changed places"),
        (_respelt(found), "words of the same letters"),
        (_moved(found), "the same words in another order"),
        (_moved_a_little(one, other, found), "nearly the same words in another order"),
        (_nothing_shared(found), "no word in common that tells much"),
        (_much_more(found), "one of them says much more"),
        (found.opposites > 0 and not _undone(one, other), "opposites"),
    )
    return next((reason for holds, reason in found_so if holds), None)


def _respelt(found: Gap) -> bool:
    """Whether two words without a partner have the same letters, and one is rare: "abc", "acb"."""
    return any(
        max(a.weight, b.weight) >= RARE and sorted(a.base) == sorted(b.base)
        for a in found.alignment.left[:COMPARED]
        for b in found.alignment.right[:COMPARED]
    )


def _moved(found: Gap) -> bool:
    left = any(word.weight for word in (*found.alignment.left, *found.alignment.right))
    return found.order.moved > 0 and not left


def _moved_a_little(one: Reading, other: Reading, found: Gap) -> bool:
    return found.order.inversions > 0 and found.loss < LITTLE and one.tells and other.tells


def _nothing_shared(found: Gap) -> bool:
    return not any(link.one.weight > LIGHT for link in found.alignment.links)


def _much_more(found: Gap) -> bool:
    """Whether one side has all of the other's words, and two rare ones more: a suffix, say."""
    less, more = sorted(
        sum(word.weight for word in side) for side in (found.alignment.left, found.alignment.right)
    )
    return less == 0 and more >= MUCH


def _numbers(left: Sequence[Word], right: Sequence[Word]) -> tuple[list[str], list[str]]:
    """Numbers without a partner; a small one in letters may be left out: "the two poles"."""
    a, b = _bases(left, "number"), _bases(right, "number")
    if bool(a) == bool(b):
        return a, b
    lone = [word for word in (*left, *right) if word.kind == "number"]
    small = all(word.base in _SMALL and not word.raw[:1].isdigit() for word in lone)
    return ([], []) if small else (a, b)


def _names(alignment: Alignment) -> tuple[list[str], list[str]]:
    """Names without a partner, but for parts of a name that both share: "Nelson Mandela"."""
    shared = [link for link in alignment.links if link.one.kind == "name"]
    places = {link.one.place for link in shared}, {link.other.place for link in shared}
    a, b = ([w for w in side if w.kind == "name"] for side in (alignment.left, alignment.right))
    if not (a and b):
        a, b = (
            [w for w in side if not {w.place - 1, w.place + 1} & known]
            for side, known in zip((a, b), places, strict=True)
        )
    return sorted(word.base for word in a), sorted(word.base for word in b)


def _persons(found: Gap, one: Reading, other: Reading) -> bool:
    """Whether "he" stands on one side, and "she" or a name in its place on the other."""
    a, b = (
        [PRONOUNS[w.base] for w in reading.words if PRONOUNS.get(w.base) in _PERSONS]
        for reading in (one, other)
    )
    mine, yours = ({w.base for w in reading.words} & {"my", "your"} for reading in (one, other))
    if len(mine) == len(yours) == 1 and mine != yours:
        return True
    named = any(word.kind == "name" for word in (*found.alignment.left, *found.alignment.right))
    return a != b and (bool(a and b) or named)


def _both(a: list[str], b: list[str]) -> tuple[list[str], list[str]]:
    """What both sides have without a partner; nothing where one side has none."""
    return (a, b) if a and b else ([], [])


def _negations(one: Reading, other: Reading, found: Gap) -> tuple[list[str], list[str]]:
    """The negations of each side, where their number is odd on one side only."""
    a, b = ([w.base for w in reading.words if w.kind == "negation"] for reading in (one, other))
    if (len(a) - len(b)) % 2 == 0 or (_undone(one, other) and found.opposites == 1):
        return [], []
    return a, b


def _undone(one: Reading, other: Reading) -> bool:
    """Whether one side has a negation more, which may undo an opposite: "not sad", "happy"."""
    a, b = (sum(word.kind == "negation" for word in reading.words) for reading in (one, other))
    return abs(a - b) == 1


def _quotations(one: Reading, other: Reading) -> tuple[list[str], list[str]]:
    a, b = quoted(one.normal), quoted(other.normal)
    return (a, b) if a and b else ([], [])


def quoted(normal: str) -> list[str]:
    """What stands in quotation marks, but for the marks at its end."""
    return sorted(
        re.sub(r"\s+", " ", part[1:-1]).strip(" .,!?").replace("'s", " is")
        for part in _QUOTED.findall(normal)
    )


def _capitals(one: Reading, other: Reading) -> tuple[list[str], list[str]]:
    """The words whose case tells, where the other side has them in other letters."""
    a, b = (Counter(LETTERS.findall(reading.normal)) for reading in (one, other))
    told = {
        word[0]
        for reading in (one, other)
        for word in LETTERS.finditer(reading.normal)
        if case_counts(word)
    }
    return _instead(a, b, told), _instead(b, a, told)


def _instead(a: Counter[str], b: Counter[str], told: set[str]) -> list[str]:
    """Those `told` of which `a` has more, while `b` has more in other letters."""
    more = Counter(word.lower() for word in (b - a).elements())
    return sorted(word for word in (a - b) if word in told and more[word.lower()])


def _bases(words: Iterable[Word], kind: str) -> list[str]:
    return sorted(word.base for word in words if word.kind == kind)


def _units(
    one: Reading, other: Reading, left: Sequence[Word], right: Sequence[Word]
) -> tuple[list[str], list[str]]:
    """Units without a partner, where both sides have some or they belong to a number."""
    a, b = (
        [w for w in side if w.base in MEASURES and w.kind != "number"] for side in (left, right)
    )
    counted = any(_counts(one, word) for word in a) or any(_counts(other, word) for word in b)
    if (a and b) or counted:
        return sorted(word.base for word in a), sorted(word.base for word in b)
    return [], []


def _counts(reading: Reading, unit: Word) -> bool:
    near = reading.words[max(unit.place - 1, 0) : unit.place + 2]
    return any(word.kind == "number" for word in near)


def _words(words: Iterable[Word], among: frozenset[str]) -> list[str]:
    return sorted(word.base for word in words if word.base in among)


def _shown(words: list[str]) -> str:
    return ", ".join(list(Counter(words))[:4])[:60] or "none"
