"""What can be passed over: files and functions in which no rule's name stands."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from quality.flow.callers import counts
from quality.flow.outline import WORD, Outline
from quality.flow.spots import numbered, spots
from quality.source import SourceFile

_OPENED = re.compile(r"[ \t]*\(")
_MARKED = "<"  # stands for all markup
_MARKUP = re.compile(r"<[A-Za-z/!]\w*[\s>]")  # in what any function returns
MOST_NAMESAKES = 3  # functions of one name that calls of the name are followed to
# Methods of Python's own objects: a call of such a name is of no function of the project's.
_COMMON = frozenset(dir(str)) | frozenset(dir(dict)) | frozenset(dir(list)) | frozenset(dir(set))
_COMMON |= frozenset({"open", "read", "write", "close", "run", "start", "send", "main", "search"})
MOST_STEPS = 5  # calls from one to the next


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines of a file, in order, on which names stand that matter."""

    told: list[int] = field(default_factory=list)  # something may be told, whatever data there is
    reached: list[int] = field(default_factory=list)  # something may be told of certain data
    telling: list[int] = field(default_factory=list)  # of functions in which something may be told
    reading: list[int] = field(default_factory=list)  # ... that may read outside data, or it itself
    sinking: list[int] = field(default_factory=list)  # ... in which a parameter may do harm

    @staticmethod
    def any(lines: list[int], first: int, last: int) -> bool:
        at = bisect_left(lines, first)
        return at < len(lines) and lines[at] <= last


class Relevance:
    """What to look at in `files`, of all of which there are `outlines`.

    `called` has the names that some function of theirs calls, but for tests and `main`;
    `sources` those of functions that may read outside data, `sinks` of those that may let a
    parameter do harm. `markup`: that any function returns some is to be told.
    """

    def __init__(
        self, files: Sequence[SourceFile], outlines: Mapping[str, Outline], *, markup: bool
    ) -> None:
        self._files = {file.path: file for file in files}
        self._outlines = outlines
        self._markup = markup
        self._lines: dict[str, _Lines] = {}
        graph = _Graph()
        for path, file in self._files.items():
            graph.add(file, outlines[path])
        self.called = frozenset(graph.called)
        self._telling, self.sources, self.sinks = graph.reach()
        self._functions = self._telling | self.sources | self.sinks

    def of_file(self, path: str) -> bool:
        """Whether anything in the file may be told of."""
        lines = self._at(path)
        return bool(
            lines.told or lines.reached or (lines.telling and lines.reading) or lines.sinking
        )

    def of_lines(self, path: str, first: int, last: int, *, given: bool) -> bool:
        """`given`: to a function on those lines, from outside or by nobody knows whom."""
        lines = self._at(path)
        if lines.any(lines.told, first, last):
            return True
        reached = lines.any(lines.reached, first, last)
        sinking = lines.any(lines.sinking, first, last)
        if given and (reached or sinking):
            return True
        # What is read in one method may reach another by way of the object.
        if (sinking or (reached and lines.reading)) and not self._outlines[path].tests:
            return True
        telling = reached or sinking or lines.any(lines.telling, first, last)
        return telling and lines.any(lines.reading, first, last)

    def _at(self, path: str) -> _Lines:
        found = self._lines.get(path)
        if found is None:
            text, here = self._files[path].text, self._outlines[path]
            found = self._lines[path] = _Lines()
            functions = self._functions.intersection(WORD.findall(text))
            places = spots(text, functions.union(here.told, here.reached, here.reading))
            if self._markup and "<" in text:
                places += [(match.start(), _MARKED) for match in _MARKUP.finditer(text)]
                places.sort()
            for number, at, word in numbered(text, places):
                self._note(word, number, here, found)
                if word in functions and _OPENED.match(text, at + len(word)):
                    self._note_call(word, number, found)
        return found

    def _note(self, word: str, number: int, here: Outline, found: _Lines) -> None:
        if word in here.told:
            found.told.append(number)
        if word in here.reached or word == _MARKED:
            found.reached.append(number)
        if word in here.reading:
            found.reading.append(number)

    def _note_call(self, name: str, number: int, found: _Lines) -> None:
        if name in self._telling:
            found.telling.append(number)
        if name in self.sources:
            found.reading.append(number)
        if name in self.sinks:
            found.sinking.append(number)


@dataclass(slots=True)
class _Graph:
    """Which functions hold words that matter, and which call which, by name."""

    uses: dict[str, set[str]] = field(default_factory=dict)
    times: Counter[str] = field(default_factory=Counter)  # that a name is a function's
    called: set[str] = field(default_factory=set)
    telling: set[str] = field(default_factory=set)
    reading: set[str] = field(default_factory=set)
    sinking: set[str] = field(default_factory=set)

    def add(self, file: SourceFile, outline: Outline) -> None:
        self.called.update(outline.top)
        for body in outline.bodies:
            self.uses.setdefault(body.name, set()).update(body.calls)
            # A `main` that reads its arguments is more than an example of use.
            if (body.name == "main" and body.reads) or counts(body.name, file):
                self.called.update(body.calls)
            self.times[body.name] += 1
            for found, holds in (
                (self.telling, body.tells),
                (self.reading, body.reads),
                (self.sinking, body.sinks),
            ):
                if holds:
                    found.add(body.name)
        self.called.update(old for old, new in outline.renamed if new in self.called)

    def reach(self) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
        """The functions that tell, read or let do harm, or call one that does."""
        own = {name for name, count in self.times.items() if count <= MOST_NAMESAKES} - _COMMON
        users: dict[str, list[str]] = {}
        for name, used in self.uses.items():
            for call in used & own:
                users.setdefault(call, []).append(name)
        return (
            frozenset(_reaching(users, self.telling, MOST_STEPS) & own),
            frozenset(_reaching(users, self.reading, MOST_STEPS) & own),
            frozenset(_reaching(users, self.sinking, 1) & own),
        )


def _reaching(users: dict[str, list[str]], names: set[str], steps: int) -> set[str]:
    """`names`, and those of the functions that use one in so many steps."""
    reach = set(names)
    new = names
    for _ in range(steps):
        new = {user for name in new for user in users.get(name, ())} - reach
        reach |= new
    return reach


def called_from(files: Sequence[SourceFile], outlines: Mapping[str, Outline]) -> dict[str, str]:
    """Of each of the files, a digest of what elsewhere among them may call its functions."""
    callers: dict[str, set[str]] = {}
    for file in files:
        bodies = () if file.test else outlines[file.path].bodies
        for name in {n for body in bodies if counts(body.name, file) for n in body.calls}:
            callers.setdefault(name, set()).add(file.path)
    digests: dict[str, str] = {}
    for path in (file.path for file in files):
        defined = {body.name for body in outlines[path].bodies}
        elsewhere = sorted(name for name in defined if callers.get(name, set()) - {path})
        digests[path] = sha256(" ".join(elsewhere).encode()).hexdigest()
    return digests
