"""The files that are analysed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Skip = Literal[
    "binary",
    "generated",
    "vendored",
    "too large",
    "unreadable",
    "not text",  # a pipe, a socket, a device
    "link",
    "excluded",
    "too many",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One file of text, as it was read."""

    path: str  # from the root of the tree, with "/"
    language: str  # "python", "javascript", "typescript", "go"...; "text" where it is none we know
    text: str
    sha256: str  # of its bytes
    test: bool = False  # it holds tests: some rules do not hold there
    guessed: bool = False  # its bytes were no UTF-8; the text is as near as can be

    @property
    def lines(self) -> int:
        """How many it has; the last may lack its end."""
        return self.text.count("\n") + (self.text != "" and not self.text.endswith("\n"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A file that is not analysed."""

    path: str
    why: Skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """What is analysed together."""

    root: Path  # every path begins here
    files: tuple[SourceFile, ...]
    skipped: tuple[Skipped, ...] = ()
