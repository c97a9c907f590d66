"""What can be counted in a prompt that tells how hard it is, as one vector of numbers."""

import re
from math import log1p
from typing import TYPE_CHECKING

import numpy as np

from routing.predict.lexicon import KINDS, KINDS_OF
from routing.prompt.signals import excerpt

if TYPE_CHECKING:
    from pointsman.seams import Vector

_WORD = re.compile(r"[a-z][a-z'\-]*")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_OPTION = re.compile(r"^\(?([A-J])[.)][ \t]*(.*)$", re.MULTILINE)
_SENTENCE = re.compile(r"[.!?](?:\s|$)")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+")
_CAPITALS = re.compile(r"\b[A-Z]{2,}\b")
_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
_FORMULA = re.compile(r"[a-zA-Z0-9)]\s*[=+*/^<>]\s*[-(a-zA-Z0-9]")
_BLANK = re.compile(r"_+")
_OPENING = re.compile(r"(?:what|which|who|when|where|why|how)\b")
_CODE = ("```", "def ", "return ", "import ", "();", "==", "=>", "{", "()", "[i]", "#include")

_SHAPE = (
    *("characters", "words", "word_length", "long", "very_long", "longest", "variety"),
    *("numbers", "distinct_numbers", "number_density", "longest_number", "decimals", "digits"),
    *("lines", "questions", "beyond_ascii", "sentence_length", "names", "capitals", "years"),
    *("formulas", "latex", "blanks", "code", "quotes", "brackets", "commas", "percents"),
    *("currency", "statements", "sentences"),
)
_QUESTION = (
    *("options", "option_length", "option_spread", "option_numbers", "option_overlap"),
    *("option_likeness", "options_short", "stem", "last_line", "ends_asking", "opens_asking"),
    "asks_answer",
)
FEATURES: tuple[str, ...] = (
    *_SHAPE,
    *_QUESTION,
    *(f"{kind}_count" for kind in KINDS),
    *(f"{kind}_share" for kind in KINDS),
)


def read_features(text: str) -> "Vector":
    """The numbers named by `FEATURES`; reads at most the ends of a long text."""
    seen = excerpt(text)
    lower = seen.lower()
    words = _WORD.findall(lower)
    counts = [0] * len(KINDS)
    for word in words:
        for kind in KINDS_OF.get(word, ()):
            counts[kind] += 1
    n = len(words) or 1
    return np.array(
        [
            *_shape(text, seen, lower, words),
            *_question(seen, lower),
            *map(log1p, counts),
            *(count / n for count in counts),
        ],
        dtype=np.float32,
    )


def _shape(text: str, seen: str, lower: str, words: list[str]) -> list[float]:
    numbers = _NUMBER.findall(lower)
    lengths = [len(word) for word in words] or [0]
    n = len(lengths)
    sentences = len(_SENTENCE.findall(seen))
    return [
        log1p(len(text)),
        log1p(len(words)),
        sum(lengths) / n,
        sum(length >= 8 for length in lengths) / n,
        sum(length >= 11 for length in lengths) / n,
        min(max(lengths), 20),
        len(set(words)) / n**0.7,
        log1p(len(numbers)),
        log1p(len(set(numbers))),
        len(numbers) / n,
        min(max(map(len, numbers), default=0), 9),
        sum("." in number for number in numbers),
        sum(map(len, numbers)) / (len(seen) or 1),
        log1p(lower.count("\n")),
        min(lower.count("?"), 5),
        log1p(0 if seen.isascii() else len(seen.encode("utf-8", "surrogatepass")) - len(seen)),
        log1p(n / (sentences or 1)),
        log1p(len(_NAME.findall(seen))),
        log1p(len(_CAPITALS.findall(seen))),
        log1p(len(_YEAR.findall(seen))),
        log1p(len(_FORMULA.findall(seen))),
        log1p(seen.count("$") + seen.count("\\") + seen.count("^")),
        log1p(len(_BLANK.findall(seen))),
        log1p(sum(seen.count(mark) for mark in _CODE)),
        log1p(seen.count('"') + seen.count("“")),
        log1p(seen.count("(") + seen.count("[") + seen.count("{")),
        log1p(seen.count(",") + seen.count(";") + seen.count(":")),
        log1p(seen.count("%")),
        log1p(seen.count("$") + seen.count("€") + seen.count("£")),
        log1p(lower.count("statement") + lower.count("scenario")),
        log1p(sentences),
    ]


def _question(seen: str, lower: str) -> list[float]:
    """Of a question with lettered options, how they look; of any text, how it asks."""
    first = _OPTION.search(seen)
    stem = lower[: first.start()] if first else lower
    options = [option.lower() for _, option in _OPTION.findall(seen)] if first else []
    sets = [set(_WORD.findall(option)) for option in options]
    named = sum(map(len, sets)) or 1
    asked = set(_WORD.findall(stem))
    long = {word for word in asked if len(word) > 3}
    lengths = [len(option) for option in options]
    n = len(options) or 1
    mean = sum(lengths) / n
    return [
        min(len(options), 12),
        log1p(mean),
        (max(lengths) - min(lengths)) / (mean + 5) if lengths else 0,
        sum(bool(_NUMBER.search(option)) for option in options) / n,
        sum(len(words & long) for words in sets) / named,
        1 - len(set().union(*sets)) / named if lengths else 0,
        float(bool(lengths) and max(lengths) < 8),
        log1p(stem.count(" ") + 1),
        log1p(len(stem.strip().rpartition("\n")[2])),
        float(stem.rstrip().endswith("?")),
        float(bool(_OPENING.match(stem))),
        float(lower.rstrip().endswith("answer:")),
    ]
