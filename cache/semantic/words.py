"""A prompt as words: what each stands for, whatever its form."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from math import log2
from typing import Literal, NamedTuple

from cache.semantic.forms import BASE, american
from cache.semantic.lexicon import (
    ALIASES,
    CONTRACTIONS,
    NEGATORS,
    NUMBERS,
    ORDINALS,
    STOP,
    SUFFIXES,
    UNITS,
    words_of,
)

Kind = Literal["number", "negation", "stop", "name", "symbol", "content"]

MOST = 600  # words that are read of a text; a longer one is compared to the letter
_TOKEN = re.compile(
    r"(?P<number>(?:(?<![\w.)\]])[-\u2212])?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)*)"
    r"(?P<suffix>st|nd|rd|th|s)?(?![\w])"
    r"|(?P<glued>(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)*(?=[a-zA-Z%\u00b0]{1,6}\b))"
    r"|(?P<word>[^\W_]+(?:['\u2019][^\W\d_]+)+|[^\W\d_]+(?:\+\+|#)(?!\w)"
    r"|\w+(?:[._]\w+)*)"
    r"|(?P<symbol>[^\w\s])"
)
_SILENT = frozenset(".,:;?!()\"'`-[]{}\u00a1\u00bf\\|*_~")
_MATTERS_IN_CODE = frozenset("[]{}()*|\\-:;")
_ENDINGS = ("ing", "ed", "er", "est", "ly")
_VOWEL = re.compile("[aeiouy]")
_LOUD = {"US": "usa", "IT": "informationtechnology", "WHO": "worldhealthorganization"}
_USED = words_of("is are was were be been being commonly often")  # "is used to cut"
_SCALES = {"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000, "hundred": 100}
_LIGHT = words_of(
    "way thing people person good best get make do use go have need want know work help use"
    " like give take come put find tell ask say some many much lot kind type example time"
    " mean meaning something anything question answer thing stuff possible different main various"
    " question please let become happen mean show see look try better able start new"
    " person guide step tip idea method explain describe list write provide"
)


class Word(NamedTuple):
    """One word of a prompt."""

    base: str  # the form that others of its kind share: "go" of "went", "5" of "five"
    kind: Kind
    weight: float  # how much it tells, from 0 to about 2
    raw: str  # as it was written
    place: int  # its number in the prompt


class Reader:
    """Reads prompts with a vocabulary: word -> (rank by frequency, whether it is a name)."""

    def __init__(self, ranks: Mapping[str, int], names: frozenset[str]) -> None:
        self._ranks = ranks
        self._names = names
        self.base = lru_cache(20_000)(self._base)

    def known(self, word: str) -> bool:
        return word in self._ranks

    def words(self, text: str) -> tuple[Word, ...]:
        """The words of `text`, in order; marks that say nothing are left out."""
        found = list(_tokens(text))[:MOST]
        cased = _tells_names(text)
        merged = _counted(_renamed(found))
        return tuple(
            self._word(raw, form, place, name=cased and named)
            for place, (raw, form, named) in enumerate(merged)
        )

    def _word(self, raw: str, form: str, place: int, *, name: bool) -> Word:
        if form[:1].isdigit() or (form[:1] == "-" and form[1:2].isdigit()):
            return Word(form, "number", 2.0, raw, place)
        if form in NEGATORS:
            return Word(form, "negation", 1.0, raw, place)
        if form in STOP:
            return Word(form, "stop", 0.0, raw, place)
        if not form[:1].isalnum() and len(form) == 1:
            return Word(form, "symbol", 0.5, raw, place)
        if coined(raw) or not form.isalpha():
            return Word(form, "name", 2.0, raw, place)
        base = self.base(form)
        if name or form in self._names:
            return Word(base, "name", max(1.2, self._weight(form)), raw, place)
        return Word(base, "content", self._weight(base), raw, place)

    def _weight(self, word: str) -> float:
        if word in _LIGHT:
            return 0.4
        rank = self._ranks.get(word)
        return 2.0 if rank is None else min(0.6 + 0.3 * log2(1 + max(rank - 2000, 0) / 500), 2.0)

    def _base(self, form: str) -> str:
        word = american(form)
        if word in BASE:
            return BASE[word]
        if word in UNITS:
            return UNITS[word]
        if word.endswith("'s"):
            word = word[:-2]
        single = self._single(word)
        return BASE.get(single, self._stem(single))

    def _single(self, word: str) -> str:
        if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
            return word
        if word.endswith("ies") and len(word) > 4:
            return word[:-3] + "y"
        if word.endswith(("ches", "shes", "sses", "xes", "zzes")):
            return word[:-2]
        return word[:-1]

    def _stem(self, word: str) -> str:
        for prefix in ("over", "under", "re", "out", "mis", "with", "un", "fore"):
            if word.startswith(prefix) and word[len(prefix) :] in BASE:
                return prefix + BASE[word[len(prefix) :]]
        for ending in ("ing", "ied", "ed"):
            stem = word[: -len(ending)]
            if not word.endswith(ending) or len(stem) < 2 or not _VOWEL.search(stem):
                continue
            if ending == "ied":
                return stem + "y"
            options = [stem + "e", stem]
            if len(stem) > 3 and stem[-1] == stem[-2] and stem[-1] not in "ls":
                options = [stem[:-1]]
            elif len(stem) > 3 and stem[-1] == stem[-2]:
                options = [stem, stem[:-1]]
            return next((one for one in options if one in self._ranks), word)
        return word


def _tokens(text: str) -> Iterator[tuple[str, str, bool]]:
    """(as written, in lower case, whether its capitals make it look like a name)."""
    opening = True
    loud = text.upper() == text
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup
        raw = found[0]
        if kind == "symbol":
            opening = opening or raw in ".?!:\n\"'"
            if raw not in _SILENT:
                yield raw, CONTRACTIONS.get(raw, raw), False
            continue
        if found["number"] or found["glued"]:
            yield raw, (found["number"] or found["glued"]).replace(",", ""), False
            opening = False
            continue
        if raw in _LOUD and not loud:
            yield raw, _LOUD[raw], True
            opening = False
            continue
        for part in _parts(raw.replace("\u2019", "'")):
            capital = part[:1].isupper() and part.lower() not in STOP
            yield part, part.lower(), capital and (not opening or part[1:] != part[1:].lower())
            opening = False


def _parts(raw: str) -> Iterator[str]:
    """`raw` with its contraction undone."""
    lower = raw.lower()
    if lower in CONTRACTIONS:
        yield from CONTRACTIONS[lower].split()
        return
    if "'" in lower:
        for suffix, meaning in SUFFIXES.items():
            if lower.endswith(suffix):
                yield from (raw[: -len(suffix)], meaning)
                return
        if lower.endswith("'s"):
            yield raw[:-2]
            if lower in ("what's", "how's", "who's", "where's", "it's", "that's", "there's"):
                yield "is"
            return
    yield raw


Token = tuple[str, str, bool]


def _renamed(tokens: list[Token]) -> list[Token]:
    """`tokens` with what has several words for one name called by that."""
    forms = [form for _, form, _ in tokens]
    out: list[Token] = []
    at = 0
    while at < len(tokens):
        for length in (5, 4, 3, 2):
            one = ALIASES.get(tuple(forms[at : at + length])) if length > 1 else None
            if one == "usedto" and out and out[-1][1] in _USED:
                continue
            if one is not None and at + length <= len(tokens):
                if one:
                    raw = " ".join(raw for raw, _, _ in tokens[at : at + length])
                    out.append((raw, one, False))
                at += length
                break
        else:
            out.append(tokens[at])
            at += 1
    return out


def _counted(tokens: list[Token]) -> list[Token]:
    """`tokens` with numbers in digits: "twenty five", "2 million", "third"."""
    out: list[Token] = []
    for raw, form, named in tokens:
        value = NUMBERS.get(form) or ORDINALS.get(form)
        if value is None:
            out.append((raw, form, named))
            continue
        last = out[-1][1] if out else ""
        if form in _SCALES and _is_count(last):
            out[-1] = (f"{out[-1][0]} {raw}", _times(last, _SCALES[form]), False)
        elif last.isdigit() and len(value) == 1 and last[-1] == "0" and out[-1][0].isalpha():
            out[-1] = (f"{out[-1][0]} {raw}", str(int(last) + int(value)), False)
        else:
            out.append((raw, value, False))
    return out


def _is_count(form: str) -> bool:
    return len(form) < 12 and form.replace(".", "", 1).isdecimal() and form.isascii()


def _times(form: str, scale: int) -> str:
    product = float(form) * scale
    return str(int(product)) if product == int(product) else str(product)


def coined(raw: str) -> bool:
    """Whether capitals inside of a word tell that it names something in code: "getUsers"."""
    return raw.isalpha() and raw[1:] != raw[1:].lower() and not raw[:-1].isupper()


def _tells_names(text: str) -> bool:
    """Whether capitals tell names here: not where all words, or none, have them."""
    words = re.findall(r"[^\W\d_]{4,}", text[:4000])
    capital = sum(word[0].isupper() for word in words)
    return capital > 0 and (len(words) < 4 or capital <= 0.7 * len(words))
