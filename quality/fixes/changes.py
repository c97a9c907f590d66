"""Which lines a change touches: to judge it, to show it as a diff, to put several together."""

import difflib
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from quality.fixes.content import lines
from quality.fixes.errors import Refused

MOST_COMPARED = 4000  # lines on both sides of what differs: beyond it nobody reads the diff


class Hunk(NamedTuple):
    """Lines `start` to before `end` (the first is 0) become `new`."""

    start: int
    end: int
    new: tuple[str, ...]


def hunks(old: Sequence[str], new: Sequence[str]) -> list[Hunk]:
    """What turns `old` into `new`, in order.

    Raises:
        Refused: so much differs that no person could judge it.
    """
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    left, right = old[head : len(old) - tail], new[head : len(new) - tail]
    if len(left) + len(right) > MOST_COMPARED:
        raise Refused("it changes too much")
    codes = difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    return [
        Hunk(head + i1, head + i2, tuple(right[j1:j2]))
        for tag, i1, i2, j1, j2 in codes
        if tag != "equal"
    ]


def composed(old: Sequence[str], many: Iterable[Sequence[Hunk]]) -> list[str]:
    """`old` with the hunks of several changes of it; what two of them do alike is done once.

    Raises:
        Refused: two of them touch the same lines.
    """
    all_hunks = sorted({hunk for each in many for hunk in each})
    for before, after in pairwise(all_hunks):
        if _collide(before, after):
            raise Refused("two fixes touch the same lines: apply one, then ask again")
    result, done = list[str](), 0
    for hunk in all_hunks:
        result += [*old[done : hunk.start], *hunk.new]
        done = hunk.end
    return [*result, *old[done:]]


def _collide(before: Hunk, after: Hunk) -> bool:
    if before[:2] == after[:2]:  # two fixes may bring an import each to the same place
        return not all(line.startswith(("import ", "from ")) for line in (*before.new, *after.new))
    return after.start < before.end


def size(many: Iterable[Hunk]) -> int:
    """How many lines are changed, counted on the side that has more."""
    return sum(max(hunk.end - hunk.start, len(hunk.new)) for hunk in many)


def unified(path: str, old: str, new: str, newline: str = "\n") -> str:
    """The change as `git apply` takes it; "" for none. The texts have "\\n" for `newline`."""
    left, right = (_ended(text, newline) for text in (old, new))
    body = list(
        difflib.unified_diff(left, right, _name("a", path), _name("b", path), lineterm="\n")
    )
    if not body:
        return ""
    git = f"diff --git {_name('a', path).rstrip()} {_name('b', path).rstrip()}\n"
    return git + "".join(map(_marked, body))


def _ended(text: str, newline: str) -> list[str]:
    return [f"{line[:-1]}{newline}" if line.endswith("\n") else line for line in lines(text)]


def _marked(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _name(side: str, path: str) -> str:
    """As git writes it: quoted where a character would end it, a tab after one with spaces."""
    name = f"{side}/{path}"
    if any(ord(c) < 32 or c in '"\\' or ord(c) == 127 for c in name):
        return '"' + "".join(_quoted(c) for c in name) + '"'
    return f"{name}\t" if " " in name else name


def _quoted(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    return char if " " <= char != "\x7f" else f"\\{ord(char):03o}"
