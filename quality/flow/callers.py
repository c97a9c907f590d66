"""What calls which function, by their names alone."""

import re
import sys

from quality.source import SourceFile

_INSIDE = frozenset({"", " ", "\t", "#", ")", "]", "}"})  # what a line that goes on begins with
_OWNED = re.compile(r"\b(?:(\w++)\.)?+([A-Za-z_]\w*+)[ \t]*+\(")  # "+": no way back, as is fast
_RENAMED = re.compile(r"\b(\w+) as (\w+)")


def called_at_top(text: str) -> set[str]:
    """The names that a module calls as it is imported."""
    tops: list[str] = []
    wanted = True
    for line in text.split("\n"):
        if line[:1] not in _INSIDE:
            wanted = not line.startswith(("def ", "async def ", "class ", "@", "if __name__"))
        if wanted:
            tops.append(line)
    return calls("\n".join(tops))


def calls(body: str) -> set[str]:
    """The names that are called, but for those of Python's own modules."""
    return {name for owner, name in _OWNED.findall(body) if owner not in sys.stdlib_module_names}


def renamings(text: str) -> tuple[tuple[str, str], ...]:
    """The names that something had, and has now: "x as y"."""
    return tuple(sorted(set(_RENAMED.findall(text))))


def counts(function: str, file: SourceFile) -> bool:
    """Whether what this function gives to others is all that they are given."""
    return not file.test and function != "main" and not function.startswith("test_")
