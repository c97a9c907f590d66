"""A unified diff as models write it: the numbers are often wrong, the lines mostly right."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from quality.fixes.content import lines
from quality.fixes.errors import Refused
from quality.fixes.locating import locate

_HEAD = re.compile(r"^@@ ?(?:-(?P<row>\d{1,9})(?:,\d+)? \+\d+(?:,\d+)? ?)?@@")
_OTHER = re.compile(
    r"^(?:new file|deleted file|(?:old|new) mode|rename |copy |similarity |GIT binary|Binary f)",
    re.MULTILINE,
)
_FILE = re.compile(r"^(?:--- |\+\+\+ )(?P<name>[^\t\n]+)", re.MULTILINE)


class _Part(NamedTuple):
    row: int | None
    old: list[str]
    new: list[str]


def is_patch(code: str) -> bool:
    return any(map(_HEAD.match, code.splitlines()))


def patched(text: str, path: str, patch: str) -> str:
    """
    Raises:
        Refused: it does not apply, or names another file than `path`.
    """
    head = patch[: patch.index("@@")]
    if _OTHER.search(patch):
        raise Refused("it does more than change lines of the file")
    for name in [*_FILE.finditer(head), *_later_files(patch)]:
        if not _same(name["name"].strip().strip('"'), path):
            raise Refused("it is about another file")
    all_lines, shift = lines(text), 0
    for part in _parts(patch):
        if not part.old:
            raise Refused("a part of it does not say where it goes")
        at = locate(all_lines, part.old, (part.row or 1) - 1 + shift)
        all_lines[at : at + len(part.old)] = part.new
        shift += len(part.new) - len(part.old)
    return "".join(all_lines)


def _later_files(patch: str) -> Iterator[re.Match[str]]:
    """Headers of further files: a line "--- x" that "+++ y" follows."""
    for found in re.finditer(r"^--- (?P<name>[^\t\n]+)[^\n]*\n(?=\+\+\+ )", patch, re.MULTILINE):
        yield found
    for found in re.finditer(r"^diff --git \S+ (?P<name>\S+)", patch, re.MULTILINE):
        yield found


def _same(name: str, path: str) -> bool:
    return name in {path, f"a/{path}", f"b/{path}", f"./{path}"}


def _parts(patch: str) -> Iterator[_Part]:
    part: _Part | None = None
    for line in lines(patch):
        if head := _HEAD.match(line):
            if part:
                yield part
            part = _Part(int(head["row"]) if head["row"] else None, [], [])
        elif part is not None and not line.startswith(("diff --git", "--- a/", "\\")):
            _take(part, line if line.endswith("\n") else f"{line}\n")
    if part:
        yield part


def _take(part: _Part, line: str) -> None:
    sign, rest = line[0], line[1:]
    match sign:
        case "-":
            part.old.append(rest)
        case "+":
            part.new.append(rest)
        case " ":
            part.old.append(rest)
            part.new.append(rest)
        case "\n":  # an empty line of context that lost its blank
            part.old.append(line)
            part.new.append(line)
        case _:
            raise Refused("a line of the diff begins with none of blank, - and +")
