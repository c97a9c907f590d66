"""JSON as models write it: in fences, in single quotes, with a comma too many, or cut off.

What is strict JSON is read as such. Nothing is evaluated; the cost grows with the length alone.
"""

import json
import math
import re
from dataclasses import dataclass

from pointsman.types import Json

MOST_CHARS = 1_000_000
MOST_DEPTH = 64
# What chat templates and habits put round an answer.
_WRAPPING = re.compile(
    r"<\|[^<>|\n]{0,64}\|>|</?(?:tool_call|tool_calls|function_call|function|json|s)>"
    r"|\[/?TOOL_CALLS\]"
)
_FENCE = re.compile(r"```(?:[a-zA-Z0-9_-]{0,16})[ \t]*\n?(.*?)(?:```|\Z)", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])")
_WORD = re.compile(r"[A-Za-z_$][\w$.-]*")
_BLANK = re.compile(r"(?:\s+|//[^\n]*|/\*.*?(?:\*/|\Z)|#[^\n]*)*", re.DOTALL)
_WORDS: dict[str, Json] = {
    "true": True, "false": False, "null": None,
    "True": True, "False": False, "None": None, "undefined": None,
}  # fmt: skip
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "`": "`"}  # noqa: RUF001


@dataclass(frozen=True, slots=True)
class Loose:
    """What a text was read as."""

    value: Json
    strict: bool  # it was JSON as it stood
    cut: bool = False  # it ended too early, and was closed: the end of it may be missing


class Unreadable(ValueError):
    """There is no JSON in the text; the message says where reading ended."""


def read_json(text: str) -> Loose:
    """The value that `text` is, or holds.

    Raises:
        Unreadable: there is none, or it is too long or nested too deeply.
    """
    if len(text) > MOST_CHARS:
        raise Unreadable(f"it is longer than {MOST_CHARS} characters")
    try:
        return Loose(_strict(text), strict=True)
    except (ValueError, RecursionError):
        pass
    bare = _unwrapped(text)
    try:
        return Loose(_strict(bare), strict=False)
    except (ValueError, RecursionError):
        pass
    reader = _Reader(bare)
    return Loose(reader.whole(), strict=False, cut=reader.cut)


def _strict(text: str) -> Json:
    value: Json = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    check_depth(value)
    return value


def check_depth(value: Json, depth: int = 0) -> None:
    """Refuse what is nested too deeply: it could be written down, and not be read again.

    Raises:
        Unreadable: it is nested deeper than `MOST_DEPTH`.
    """
    if depth > MOST_DEPTH:
        raise Unreadable(f"it is nested deeper than {MOST_DEPTH}")
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            check_depth(part, depth + 1)


def _no_number(name: str) -> Json:
    raise ValueError(f"{name} is no JSON number")


def _unwrapped(text: str) -> str:
    bare = _WRAPPING.sub(" ", text.removeprefix("\ufeff")).strip()
    if bare[:1] not in ("{", "[") and (fenced := _FENCE.search(bare)):
        bare = fenced[1].strip()
    return bare


class _Reader:
    """Reads one value from its first bracket, or as it stands where there is none."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.cut = False

    def whole(self) -> Json:
        start = min((at for at in map(self._text.find, "{[") if at >= 0), default=0)
        self._at = start
        value = self._value(0)
        if start == 0 and self._at < len(self._text) and not isinstance(value, dict | list):
            raise self._lost("there is more after the value")
        return value

    def _value(self, depth: int) -> Json:
        if depth > MOST_DEPTH:
            raise Unreadable(f"it is nested deeper than {MOST_DEPTH}")
        first = self._peek()
        if first == "{":
            return self._object(depth)
        if first == "[":
            return self._array(depth)
        if first in _QUOTES and first:
            return self._string()
        return self._word()

    def _object(self, depth: int) -> Json:
        found: dict[str, Json] = {}
        self._at += 1
        while not self._closed("}"):
            key = self._key()
            if self._peek() not in (":", "="):
                raise self._lost(f"':' is missing after {key[:40]!r}")
            self._at += 1
            if not self._peek():
                self.cut = True  # a key without its value says nothing
                break
            found[key] = self._value(depth + 1)
        return found

    def _array(self, depth: int) -> Json:
        found: list[Json] = []
        self._at += 1
        while not self._closed("]"):
            found.append(self._value(depth + 1))
        return found

    def _closed(self, bracket: str) -> bool:
        """Whether the collection ends here; steps over its commas and its end."""
        while self._peek() == ",":
            self._at += 1
        first = self._peek()
        if not first:
            self.cut = True
            return True
        if first in "}]":
            # The wrong bracket closes this one, and is left for the one it belongs to.
            self._at += first == bracket
            return True
        return False

    def _key(self) -> str:
        if self._peek() in _QUOTES:
            return self._string()
        word = _WORD.match(self._text, self._at)
        if word is None:
            raise self._lost("a name is missing")
        self._at = word.end()
        return word[0]

    def _string(self) -> str:
        end = _QUOTES[self._text[self._at]]
        self._at += 1
        parts: list[str] = []
        while self._at < len(self._text):
            char = self._text[self._at]
            self._at += 1
            if char == end:
                return _paired("".join(parts))
            parts.append(self._escaped() if char == "\\" else char)
        self.cut = True
        return _paired("".join(parts))

    def _escaped(self) -> str:
        char = self._text[self._at : self._at + 1]
        self._at += 1
        if char != "u":
            return _ESCAPES.get(char, char)
        digits = self._text[self._at : self._at + 4]
        if not re.fullmatch(r"[0-9a-fA-F]{4}", digits):
            return "u"
        self._at += 4
        return chr(int(digits, 16))

    def _word(self) -> Json:
        number = _NUMBER.match(self._text, self._at)
        if number is not None:
            self._at = number.end()
            return _number(number[0])
        word = _WORD.match(self._text, self._at)
        if word is not None and word[0] in _WORDS:
            self._at = word.end()
            return _WORDS[word[0]]
        raise self._lost("a value is missing")

    def _peek(self) -> str:
        blank = _BLANK.match(self._text, self._at)
        self._at = blank.end() if blank else self._at
        return self._text[self._at : self._at + 1]

    def _lost(self, what: str) -> Unreadable:
        near = self._text[max(self._at - 20, 0) : self._at + 20]
        return Unreadable(f"{what} at character {self._at}, near {near!r}")


def _paired(text: str) -> str:
    """Two halves of a character, each escaped by itself, are one."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _number(text: str) -> Json:
    try:
        return int(text)
    except ValueError:
        return _finite(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise Unreadable(f"{text[:40]} is too large a number")
    return value
