"""What can be told of a file by its words alone: which of them matter, what calls what.

It depends on nothing but the file and the rules, so it is kept from one analysis to the next.
"""

import re
from dataclasses import dataclass

from pydantic import TypeAdapter

from quality.flow.callers import called_at_top, calls, renamings
from quality.flow.catalogue import Catalogue
from quality.flow.spots import between, bodies, spots
from quality.flow.words import (
    SourceWords,
    is_test,
    named_among,
    reached_names,
    sink_names,
    told_names,
)
from quality.source import SourceFile

WORD = re.compile(r"[A-Za-z_]\w*")
_CALL = re.compile(r"\b([A-Za-z_]\w*+)[ \t]*+\(")  # without \b, long words take their square


@dataclass(frozen=True, slots=True)
class Body:
    """A function, without those that stand in it."""

    name: str
    calls: tuple[str, ...]
    tells: bool  # something may be told in it
    reads: bool  # it may read outside data
    sinks: bool  # a parameter may do harm in it


@dataclass(frozen=True, slots=True)
class Outline:
    tests: bool
    told: tuple[str, ...]  # words of which something may be told, whatever data there is
    reached: tuple[str, ...]  # words of which something may be told if certain data comes there
    reading: tuple[str, ...]  # words that may read outside data
    bodies: tuple[Body, ...]
    top: tuple[str, ...]  # what the module calls as it is imported
    renamed: tuple[tuple[str, str], ...]  # "x as y"


OUTLINE = TypeAdapter(Outline)


class Outliner:
    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._told = {tests: told_names(catalogue, tests=tests) for tests in (False, True)}
        self._reached = reached_names(catalogue)
        self._sources = SourceWords(catalogue)
        self._sinks = sink_names(catalogue)

    def outline(self, file: SourceFile) -> Outline:
        text, tests = file.text, is_test(file)
        words = set(WORD.findall(text))
        told = self._told[tests].among(words, text, words)
        reached = self._reached.among(words, text, words)
        read = self._sources.among(words, set(_CALL.findall(text)), text)
        return Outline(
            tests=tests,
            told=tuple(sorted(told)),
            reached=tuple(sorted(reached)),
            reading=tuple(sorted(read | named_among(words, self._catalogue))),
            bodies=_bodies(text, told | reached, read, self._sinks.among(words, text, words)),
            top=() if file.test else tuple(sorted(called_at_top(text))),
            renamed=renamings(text),
        )


def _bodies(text: str, telling: set[str], reading: set[str], sinks: set[str]) -> tuple[Body, ...]:
    places = spots(text, telling | reading | sinks)
    found = []
    for name, start, end in bodies(text):
        inside = between(places, start, end)
        found.append(
            Body(
                name,
                tuple(sorted(calls(text[start:end]))),
                not inside.isdisjoint(telling),
                not inside.isdisjoint(reading),
                not inside.isdisjoint(sinks),
            )
        )
    return tuple(found)
