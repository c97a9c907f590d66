"""Reading a unified diff without context."""

import re
from collections.abc import Iterator

_HUNK = re.compile(rb"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)")
_NAMED = {b"a": b"\a", b"b": b"\b", b"t": b"\t", b"n": b"\n", b"v": b"\v", b"f": b"\f", b"r": b"\r"}


def new_lines(diff: bytes) -> dict[str, set[int]]:
    """By path, the lines that `diff` (of `git diff -U0`) adds or changes."""
    found: dict[str, set[int]] = {}
    path = ""
    lines = iter(diff.split(b"\n"))
    for line in lines:
        if line.startswith(b"+++ "):
            path = _path(line[4:])
        elif hunk := _HUNK.match(line):
            before, first, after = (int(n) if n is not None else 1 for n in hunk.groups())
            found.setdefault(path, set()).update(range(first, first + after))
            _skip(lines, before + after)
    return found


def _skip(lines: Iterator[bytes], count: int) -> None:
    """The text of a hunk, in which a line may look like a header."""
    for _ in range(count):
        next(lines, None)


def _path(written: bytes) -> str:
    """The path of a "+++" line, in quotes where a name has odd characters."""
    if written.startswith(b'"'):
        written = _ESCAPE.sub(_unescaped, written[1 : written.rindex(b'"')])
    else:
        written = written.removesuffix(b"\t")  # git's end of a name with a space in it
    return written.removeprefix(b"b/").decode("utf-8", "surrogateescape")


def _unescaped(escape: re.Match[bytes]) -> bytes:
    code = escape[1]
    return bytes([int(code, 8)]) if len(code) == 3 else _NAMED.get(code, code)
