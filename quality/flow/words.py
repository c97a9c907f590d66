"""The names of the rules, looked up in the text of a file before it is parsed."""

import re
from collections.abc import Iterable, Iterator, Mapping

from quality.flow.catalogue import Catalogue, Entry
from quality.flow.schema import Condition
from quality.source import SourceFile

_OBJECT = re.compile(r"[\w.\])]+\Z")
_TEST_WORDS = re.compile(r"\b(?:pytest|unittest)\b|^\s*def test_", re.MULTILINE)
Needed = tuple[str, re.Pattern[str] | None, frozenset[str]]  # see `Words`


class Words:
    """Dotted names, looked up by their last parts.

    A name counts in a file in which its library's name stands, or where that is any ("*"), its
    object fits; and all words that the rule asks for.
    """

    def __init__(self, names: Iterable[tuple[str, str | None, frozenset[str]]]) -> None:
        self._needed: dict[str, set[Needed]] = {}
        for name, receiver, words in names:
            short = name.removesuffix(".*")
            top, last = short.partition(".")[0], short.rpartition(".")[2]
            near = re.compile(receiver) if receiver and top == "*" else None
            self._needed.setdefault(last, set()).add((top, near, words))

    def among(self, lasts: set[str], text: str, words: set[str]) -> set[str]:
        """Those last parts among `lasts` that count; `words` are all of the text."""
        return {last for last in lasts & self._needed.keys() if self._counts(last, words, text)}

    def _counts(self, last: str, words: set[str], text: str) -> bool:
        objects: list[str] | None = None
        for top, near, needed in self._needed[last]:
            if not needed <= words:
                continue
            if near is None:
                if top in ("*", "builtins") or top in words:
                    return True
                continue
            if objects is None:
                objects = _before(f".{last}", text)
            if any(near.search(each) for each in objects):
                return True
        return False


def _before(attribute: str, text: str) -> list[str]:
    """What stands before each use of an attribute."""
    found: list[str] = []
    at = text.find(attribute)
    while at >= 0:
        if near := _OBJECT.search(text, max(0, at - 60), at):
            found.append(near[0])
        at = text.find(attribute, at + 1)
    return found


def _asked(when: Mapping[str, Condition]) -> frozenset[str]:
    """The keywords that must stand in a call."""
    return frozenset(
        spec for spec, condition in when.items() if spec.isidentifier() and not condition.missing
    ) - {"self", "key", "value"}


def told_names(catalogue: Catalogue, *, tests: bool) -> Words:
    """All names that something is told of whatever data there is; with `tests`, in tests too."""
    return Words(
        (name, pattern.receiver, _asked(pattern.when))
        for name, entry in _entries(catalogue)
        for pattern in entry.patterns
        if pattern.tests or not tests
    )


def reached_names(catalogue: Catalogue) -> Words:
    """All names that something is told of if certain data comes there."""
    return Words(_reached(catalogue))


def _entries(catalogue: Catalogue) -> Iterator[tuple[str, Entry]]:
    for table in (catalogue.calls, catalogue.reads, catalogue.items, catalogue.attributes):
        yield from table.items()


def _reached(catalogue: Catalogue) -> Iterator[tuple[str, str | None, frozenset[str]]]:
    for name, entry in _entries(catalogue):
        for _, sink in entry.sinks:
            yield name, sink.receiver, _asked(sink.when)
    if catalogue.returned:
        for name in catalogue.decorators:
            yield name, None, frozenset()
        for base, (_, methods) in catalogue.bases.items():
            for method in methods:
                yield f"{base}.{method}", None, frozenset()


class SourceWords:
    """The names of what reads outside data."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._calls = Words(
            (name, None, frozenset[str]())
            for name, entry in catalogue.calls.items()
            if entry.sources
        )
        self._reads: dict[str, set[str]] = {}
        for name, entry in catalogue.reads.items():
            if entry.sources:
                owner, _, last = name.rpartition(".")
                self._reads.setdefault(last, set()).add(owner)

    def among(self, words: set[str], calls: set[str], text: str) -> set[str]:
        """The last parts among `words`, and of calls among `calls`, that count."""
        called = self._calls.among(calls, text, words)
        read = {last for last in words & self._reads.keys() if self._is_read(last, words, text)}
        return called | read

    def _is_read(self, last: str, words: set[str], text: str) -> bool:
        for owner in self._reads[last]:
            top, near = owner.partition(".")[0], owner.rpartition(".")[2]
            if top in words and (
                near[:1].isupper()
                or f"{near}.{last}" in text
                or f"{near} as " in text
                or f"import {last}" in text
            ):
                return True
        return False


def named_among(words: set[str], catalogue: Catalogue) -> set[str]:
    """Those of `words` that name outside data by themselves, or an exception that tells some."""
    caught = {name.rpartition(".")[2] for name in catalogue.caught}
    return {word for word in words if word in caught or catalogue.source_named(word)}


def sink_names(catalogue: Catalogue) -> Words:
    """The names of where a parameter may do harm, whoever gives it."""
    tables = (catalogue.calls, catalogue.items, catalogue.attributes)
    return Words(
        (name, sink.receiver, _asked(sink.when))
        for table in tables
        for name, entry in table.items()
        for flow, sink in entry.sinks
        if (sink.parameters or flow.parameters) != "no"
    )


def is_test(file: SourceFile) -> bool:
    """Whether it holds tests, rather than what merely stands beside them."""
    return file.test and _TEST_WORDS.search(file.text) is not None
