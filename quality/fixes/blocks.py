"""Blocks of lines to search and what to put there instead."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from quality.fixes.content import lines
from quality.fixes.errors import Refused
from quality.fixes.locating import indented, locate
from quality.fixes.passage import Passage

_BLOCK = re.compile(
    r"(?P<above>(?:^[^\n]*\n){0,2}?)^[ \t]*<{5,9} ?SEARCH[ \t]*\n(?P<old>.*?)^[ \t]*={5,9}[ \t]*\n"
    r"(?P<new>.*?)^[ \t]*>{5,9} ?REPLACE",
    re.DOTALL | re.MULTILINE,
)
_FILE = re.compile(r"^[\s#*`]*(?P<name>[\w./\\~-]+\.\w+|[./\\~][\w./\\~-]+)[\s:*`]*$")


class Block(NamedTuple):
    old: str
    new: str


def blocks(answer: str, path: str) -> Iterator[Block]:
    """
    Raises:
        Refused: a block is headed by the name of another file than `path`.
    """
    for found in _BLOCK.finditer(answer):
        for line in found["above"].splitlines():
            name = _FILE.match(line)
            if name and not f"/{path}".endswith("/" + name["name"].removeprefix("./")):
                raise Refused("it is about another file")
        yield Block(found["old"], found["new"])


def with_blocks(text: str, around: Passage, found: Sequence[Block]) -> str:
    """
    Raises:
        Refused: what one searches is not there, or is empty.
    """
    for block in found:
        text = _replaced(text, around, block)
    return text


def _replaced(text: str, around: Passage, block: Block) -> str:
    if not block.old.strip():
        raise Refused("a block searches for nothing")
    all_lines, old, near = lines(text), lines(block.old), around.start - 1
    new = block.new
    try:
        at = locate(all_lines, old, near)
    except Refused:  # small models forget the indentation
        at = locate([s.lstrip() for s in all_lines], [s.lstrip() for s in old], near)
        first = all_lines[at]
        new = indented(new, first[: len(first) - len(first.lstrip())])
    all_lines[at : at + len(old)] = lines(new if new.endswith("\n") or not new else f"{new}\n")
    return "".join(all_lines)
