"""A question read by its words: the same question is always understood the same way."""

import re
from collections.abc import Collection, Iterable
from typing import TypeVar

from quality.finding import Kind
from quality.question import words
from quality.question.filter import About, Filter, Group, Measure
from quality.question.paths import asked_path

MOST_ASKED = 500  # characters
MOST_LISTED = 50
T = TypeVar("T")


def understood(
    question: str, paths: Collection[str], engines: Collection[str], ids: Collection[str]
) -> Filter | None:
    """The filter that `question` is; None: it is about nothing that was measured.

    `paths`, `engines` and `ids` are of the files, the engines and the findings that there are.
    """
    text = " ".join(question[:MOST_ASKED].split())
    path, rest = asked_path(text, paths)
    reading = _Reading(rest.lower())
    named = reading.ids(ids)
    weakness = reading.weakness()
    measure = reading.first(words.MEASURES)
    kinds = reading.kinds()
    severity = reading.first(words.SEVERITIES)
    engine = next((name for name in sorted(engines) if reading.has(_name(name))), None)
    new = reading.has(words.NEW)
    group = reading.first(words.GROUPS)
    findings = reading.has(words.FINDINGS)
    noun = bool(named or weakness or kinds or severity or engine or findings)
    about = reading.about(noun=noun, measure=measure, narrowed=bool(path or new))
    if about is None:
        return None
    return Filter(
        about=about,
        ids=named,
        kinds=frozenset() if weakness else kinds,
        severity=severity,
        cwe=weakness[1] if weakness else (),
        named=weakness[0] if weakness else "",
        path=path,
        engine=None if about == "engines" else engine,
        new=new,
        sort="effort" if reading.has(words.EFFORT) else "severity",
        group_by=reading.group(about, group),
        limit=reading.limit(),
        measure=measure if about == "measure" else None,
        least=reading.has(words.LEAST),
        ignored=reading.ignored(),
    )


def _name(engine: str) -> str:
    return rf"\b{re.escape(engine).replace('_', '[_ ]')}\b"


class _Reading:
    """One question, and which of its words were understood."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._read: set[int] = set()  # places of characters

    def has(self, pattern: str) -> bool:
        found = re.search(pattern, self._text)
        for each in re.finditer(pattern, self._text):
            self._read.update(range(*each.span()))
        return found is not None

    def first(self, table: Iterable[tuple[T, str]]) -> T | None:
        return next((value for value, pattern in table if self.has(pattern)), None)

    def ids(self, known: Collection[str]) -> tuple[str, ...]:
        lower = {each.lower(): each for each in known if each}
        words = re.findall(r"[\w:.-]+", self._text)
        found = [word for word in words if word in lower]
        return tuple(lower[word] for word in found if self.has(rf"(?<!\w){re.escape(word)}(?!\w)"))

    def weakness(self) -> tuple[str, tuple[int, ...]] | None:
        numbers = [int(n) for n in re.findall(r"\bcwe[- ]?(\d{1,5})\b", self._text)]
        if numbers:
            self.has(r"\bcwe[- ]?(\d{1,5})\b")
            return "weakness", tuple(numbers)
        table = ((each, each[2]) for each in words.WEAKNESSES)
        found = self.first(table)
        return (found[0], found[1]) if found else None

    def kinds(self) -> frozenset[Kind]:
        found = [kinds for kinds, pattern in words.KINDS if self.has(pattern)]
        return frozenset(kind for kinds in found for kind in kinds)

    def about(self, *, noun: bool, measure: Measure | None, narrowed: bool) -> About | None:
        """What is wanted; None: nothing that was measured."""
        found = self.first(words.ABOUT)
        overall = self.has(words.OVERALL)
        if found in {"gate", "first", "debt", "engines"}:
            return found
        if measure and (not noun or found == "count"):
            return "measure"
        if noun:
            return found or "list"
        if overall:
            return "overall"
        return "list" if narrowed and found != "count" else None

    def group(self, about: About, group: Group | None) -> Group | None:
        if about == "measure":
            most = self.has(words.MOST) or self.has(words.LEAST) or group == "file"
            return "file" if most and not self.has(r"\bhow (?:many|much)\b") else None
        return group

    def limit(self) -> int:
        number = r"(\d{1,3}|" + "|".join(words.NUMBERS) + ")"
        shape = (
            rf"\b(?:top|first|worst|show(?: me)?|list) {number}\b|\b{number} (?:worst|most|first)\b"
        )
        if found := re.search(shape, self._text):
            self._read.update(range(*found.span()))
            said = found[1] or found[2]
            value = int(said) if said.isdigit() else words.NUMBERS.index(said) + 1
            return min(max(value, 1), MOST_LISTED)
        return 10

    def ignored(self) -> tuple[str, ...]:
        """The words that nothing was made of."""
        return tuple(
            dict.fromkeys(
                found[0]
                for found in re.finditer(r"[\w'-]+", self._text)
                if found.start() not in self._read and found[0] not in words.EMPTY
            )
        )[:10]
