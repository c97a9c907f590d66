"""Where in a file the lines stand that somebody quotes."""

import textwrap
from collections.abc import Sequence

from quality.fixes.errors import Refused


def locate(lines: Sequence[str], wanted: Sequence[str], near: int) -> int:
    """The first line (the first is 0) of `wanted` in `lines`, the place closest to `near`.

    Blanks at the ends of lines may differ.

    Raises:
        Refused: they are not there.
    """
    stripped = [line.rstrip() for line in lines]
    sought = [line.rstrip() for line in wanted]
    found = [
        at
        for at in range(len(lines) - len(wanted) + 1)
        if stripped[at] == sought[0] and stripped[at : at + len(sought)] == sought
    ]
    if not found:
        raise Refused("the lines that it wants to change are not in the file")
    return min(found, key=lambda at: abs(at - near))


def indented(code: str, indent: str) -> str:
    """`code` with the blanks before its first line taken away and `indent` put there."""
    return textwrap.indent(textwrap.dedent(code), indent)
