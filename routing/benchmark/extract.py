"""What an answer says, found in the talk around it: code, a number, a letter, JSON."""

import json
import re
from collections.abc import Iterator
from typing import Any

COPIED_WORDS = 6  # in a row, as in the prompt: the prompt said it, not the answer
LEAST_PROMPT = 3  # words; of a shorter prompt nothing counts as copied
MOST_OBJECTS = 64  # looked for: an answer of nothing but braces would take long
MOST_ANSWER = 100_000  # characters that are looked at

_WORD = re.compile(r"\w+")
_FENCE = re.compile(r"```[ \t]*[\w+-]*[ \t]*\n(.*?)(?:\n[ \t]*```|\Z)", re.DOTALL)
_CODE_LINE = re.compile(r"^(?:def|class|import|from|async|@)", re.MULTILINE)
_NUMBER = r"[-+]?\$?\s?\d[\d,]*(?:\.\d+)?(?:\s?/\s?\d[\d,]*(?:\.\d+)?)?"
_ANY_NUMBER = re.compile(rf"(?<![\w.]){_NUMBER}")
_FIRST_NUMBER = re.compile(_NUMBER)
_TOLD = re.compile(r"(?:\banswer\b(?:\s+is|\s*[:=])+|\\boxed\{|####)([^\n]*)", re.IGNORECASE)
_LETTER_ALONE = re.compile(r"^[\s*_`\"'(\[]*([A-H])[\s*_`\"')\].:]*$")
_LETTER_TOLD = re.compile(
    r"\b(?i:answer|choice|option)(?:\s+is)?\s*:?[\s*_`\"'(\[]*([B-H]|A(?!\s(?!because|since|as)[a-z]))\b(?!')"
)
_LETTER_FIRST = re.compile(r"^[\s*_`\"'(\[]*([A-H])(?:[).:\]*`]|\s*-|\s*$)", re.MULTILINE)
_FRACTION = re.compile(r"\\[dt]?frac\{(\d+)\}\{(\d+)\}")
_MARKS = re.compile(r"[*_`\"']+")
_STRAIGHT = str.maketrans(
    {**dict.fromkeys("\u2018\u2019", "'"), **dict.fromkeys("\u201c\u201d", '"')}
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-")
)


def straight(text: str) -> str:
    """`text` with the quotes and dashes of a keyboard, and not too long to look at."""
    return text[:MOST_ANSWER].translate(_STRAIGHT)


def own_words(answer: str, prompt: str) -> str:
    """`answer` without what it copies from `prompt`."""
    asked = [word.lower() for word in _WORD.findall(prompt)]
    size = min(COPIED_WORDS, len(asked))
    if size < LEAST_PROMPT:
        return answer
    runs = {tuple(asked[i : i + size]) for i in range(len(asked) - size + 1)}
    found = list(_WORD.finditer(answer))
    said = [match.group().lower() for match in found]
    kept, at = [], 0
    i = 0
    while i <= len(said) - size:
        if tuple(said[i : i + size]) not in runs:
            i += 1
            continue
        last = i + size - 1
        while last + 1 < len(said) and tuple(said[last + 2 - size : last + 2]) in runs:
            last += 1
        kept.append(answer[at : found[i].start()])
        at, i = found[last].end(), last + 1
    return " ".join([*kept, answer[at:]])


def code(answer: str, function: str) -> str | None:
    """The Python that defines `function`: the last such block, or the text from its first line."""
    blocks = [match.group(1) for match in _FENCE.finditer(answer)]
    defines = re.compile(rf"^\s*(?:async\s+)?def\s+{re.escape(function)}\b", re.MULTILINE)
    for block in reversed(blocks):
        if defines.search(block):
            return block
    if blocks or not defines.search(answer):
        return None
    begins = _CODE_LINE.search(answer)
    return answer[begins.start() :] if begins else None


def number(text: str) -> float | None:
    """The number that `text` gives as its answer; else the last in it. A fraction is divided."""
    text = _FRACTION.sub(r"\1/\2", text)
    for told in reversed(_TOLD.findall(text)):
        if found := _FIRST_NUMBER.search(told.rpartition("=")[2]):  # "Answer: 3 * 4 = 12"
            return _as_number(found.group())
    numbers = _ANY_NUMBER.findall(text)
    return _as_number(numbers[-1]) if numbers else None


def letter(text: str) -> str | None:
    """The letter that `text` chooses; None where it names none, or several alike."""
    if alone := _LETTER_ALONE.match(text):
        return alone.group(1)
    for pattern in (_LETTER_TOLD, _LETTER_FIRST):
        if named := set(pattern.findall(text)):
            return str(named.pop()) if len(named) == 1 else None
    return None


def json_objects(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects in `text`, outermost ones only, in order."""
    decoder = json.JSONDecoder()
    at = text.find("{")
    for _ in range(MOST_OBJECTS):
        if at < 0:
            return
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            yield value
        at = text.find("{", end)


def plain(text: str) -> str:
    """`text` without case, quotes, emphasis, outer punctuation or spare space."""
    words = " ".join(_MARKS.sub("", straight(text)).split())
    return re.sub(r"\s*,\s*", ",", words).strip(" .!;:,").casefold()


def _as_number(text: str) -> float | None:
    cleaned = re.sub(r"[,$\s+]", "", text)
    above, _, below = cleaned.partition("/")
    try:
        return float(above) / float(below) if below else float(above)
    except (ValueError, ZeroDivisionError):
        return None
