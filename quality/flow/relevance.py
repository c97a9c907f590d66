"""What can be passed over: files and functions in which no rule's name stands."""

import re
import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from quality.flow.catalogue import Catalogue
from quality.flow.project import is_test
from quality.flow.words import SourceWords, named_among, reached_names, sink_names, told_names
from quality.source import SourceFile, Tree

_WORD = re.compile(r"[A-Za-z_]\w*")
_CALL = re.compile(r"\b([A-Za-z_]\w*)[ \t]*\(")  # without \b, long words take their square
_INSIDE = frozenset({"", " ", "\t", "#", ")", "]", "}"})  # what a line that goes on begins with
_OWNED = re.compile(r"(?:\b(\w+)\.)?\b([A-Za-z_]\w*)[ \t]*\(")
_RENAMED = re.compile(r"\b(\w+) as (\w+)")
_MARKUP = re.compile(r"<[A-Za-z/!]\w*[\s>]")  # in what any function returns
_TOP = re.compile(r"^[^\s#)\]}]", re.MULTILINE)
MOST_NAMESAKES = 3  # functions of one name that calls of the name are followed to
# Methods of Python's own objects: a call of such a name is of no function of the project's.
_COMMON = frozenset(dir(str)) | frozenset(dir(dict)) | frozenset(dir(list)) | frozenset(dir(set))
_COMMON |= frozenset({"open", "read", "write", "close", "run", "start", "send", "main", "search"})
MOST_STEPS = 5  # calls from one to the next
_DEFINITION = re.compile(r"\bdef[ \t]+(\w+)")


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines of a file, in order, on which names stand that matter."""

    tests: bool
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
    """What to look at.

    `called` has the names that some function of the tree calls, but for tests and `main`;
    `sources` those of functions that may read outside data, `sinks` of those that may let a
    parameter do harm.
    """

    def __init__(self, catalogue: Catalogue, tree: Tree) -> None:
        self._files = {file.path: file for file in tree.files if file.language == "python"}
        told = {tests: told_names(catalogue, tests=tests) for tests in (False, True)}
        reached, sources = reached_names(catalogue), SourceWords(catalogue)
        sinks = sink_names(catalogue)
        self._markup = "*" in catalogue.returned
        self._lines: dict[str, _Lines] = {}
        self._words: dict[str, tuple[set[str], set[str], set[str]]] = {}
        uses: dict[str, set[str]] = {}
        times = Counter[str]()
        direct: tuple[set[str], set[str], set[str]] = (set(), set(), set())
        called: set[str] = set()
        for path, file in self._files.items():
            words = set(_WORD.findall(file.text))
            always = told[is_test(file)].among(words, file.text, words)
            harmed = reached.among(words, file.text, words)
            read = sources.among(words, set(_CALL.findall(file.text)), file.text)
            self._words[path] = always, harmed, read | named_among(words, catalogue)
            here = always | harmed, read, sinks.among(words, file.text, words)
            called |= set() if file.test else _called_at_top(file.text)
            for name, body in _bodies(file.text):
                inside = set(_WORD.findall(body))
                calls = _calls(body)
                uses.setdefault(name, set()).update(calls)
                # A `main` that reads its arguments is more than an example of use.
                reads = name == "main" and not inside.isdisjoint(here[1])
                called |= calls if reads or _counts(name, file) else set()
                times[name] += 1
                for found, wanted in zip(direct, here, strict=True):
                    if not inside.isdisjoint(wanted):
                        found.add(name)
            called |= _renamed(file.text, called)
        self.called = frozenset(called)
        own = {name for name, count in times.items() if count <= MOST_NAMESAKES} - _COMMON
        users = _users({name: calls & own for name, calls in uses.items()})
        telling, reading, sinking = direct
        self._telling = _reaching(users, telling, MOST_STEPS) & own
        self.sources = frozenset(_reaching(users, reading, MOST_STEPS) & own)
        self.sinks = frozenset(_reaching(users, sinking, 1) & own)

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
        if sinking and not lines.tests:
            return True
        if given and (reached or sinking):
            return True
        telling = reached or sinking or lines.any(lines.telling, first, last)
        return telling and lines.any(lines.reading, first, last)

    def _at(self, path: str) -> _Lines:
        found = self._lines.get(path)
        if found is None:
            file = self._files[path]
            found = self._lines[path] = _Lines(is_test(file))
            told, reached, sources = self._words[path]
            markup = self._markup and "<" in file.text
            reaching = self._telling | self.sources | self.sinks
            for number, line in enumerate(file.text.split("\n"), 1):
                words = _WORD.findall(line)
                if not told.isdisjoint(words):
                    found.told.append(number)
                if not reached.isdisjoint(words) or (markup and _MARKUP.search(line)):
                    found.reached.append(number)
                if not sources.isdisjoint(words):
                    found.reading.append(number)
                if not reaching.isdisjoint(words):
                    self._calls_on(line, number, found)
        return found

    def _calls_on(self, line: str, number: int, found: _Lines) -> None:
        calls = _CALL.findall(line)
        if not self._telling.isdisjoint(calls):
            found.telling.append(number)
        if not self.sources.isdisjoint(calls):
            found.reading.append(number)
        if not self.sinks.isdisjoint(calls):
            found.sinking.append(number)


def _users(uses: dict[str, set[str]]) -> dict[str, list[str]]:
    """Of each function's name, those of the functions that call it."""
    users: dict[str, list[str]] = {}
    for name, calls in uses.items():
        for call in calls:
            users.setdefault(call, []).append(name)
    return users


def _reaching(users: dict[str, list[str]], names: set[str], steps: int) -> set[str]:
    """`names`, and those of the functions that use one in so many steps."""
    reach = set(names)
    new = names
    for _ in range(steps):
        new = {user for name in new for user in users.get(name, ())} - reach
        reach |= new
    return reach


def _bodies(text: str) -> Iterable[tuple[str, str]]:
    """The functions' names and texts; that of an outer one ends where an inner one begins."""
    found = list(_DEFINITION.finditer(text))
    for at, match in enumerate(found):
        end = found[at + 1].start() if at + 1 < len(found) else len(text)
        body = text[match.end() : end]
        # What stands at the top of the module behind it is none of it.
        first = body.find("\n") + 1
        top = _TOP.search(body, first) if first else None
        yield match[1], body[: top.start()] if top else body


def _called_at_top(text: str) -> set[str]:
    """The names that a module calls as it is imported."""
    tops: list[str] = []
    wanted = True
    for line in text.split("\n"):
        if line[:1] not in _INSIDE:
            wanted = not line.startswith(("def ", "async def ", "class ", "@", "if __name__"))
        if wanted:
            tops.append(line)
    return _calls("\n".join(tops))


def _calls(body: str) -> set[str]:
    """The names that are called, but for those of Python's own modules."""
    return {name for owner, name in _OWNED.findall(body) if owner not in sys.stdlib_module_names}


def _renamed(text: str, called: set[str]) -> set[str]:
    """The names that functions which are called had before they were imported."""
    return {name for name, new in _RENAMED.findall(text) if new in called}


def _counts(function: str, file: SourceFile) -> bool:
    """Whether what this function gives to others is all that they are given."""
    return not file.test and function != "main" and not function.startswith("test_")


def called_from(tree: Tree) -> dict[str, str]:
    """Of every file, a digest of what elsewhere in the tree may call its functions."""
    files = [file for file in tree.files if file.language == "python"]
    callers: dict[str, set[str]] = {}
    for file in files:
        for function, body in _bodies(file.text):
            for name in _calls(body) if _counts(function, file) else ():
                callers.setdefault(name, set()).add(file.path)
    digests: dict[str, str] = {}
    for file in files:
        names = {match[1] for match in _DEFINITION.finditer(file.text)}
        elsewhere = sorted(name for name in names if callers.get(name, set()) - {file.path})
        digests[file.path] = sha256(" ".join(elsewhere).encode()).hexdigest()
    return digests
