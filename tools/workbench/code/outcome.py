"""What a program may take, and what became of it, whichever tier ran it."""

from dataclasses import dataclass

MOST_PRINTED = 1024 * 1024  # bytes; more ends the program
MOST_SHOWN = 64 * 1024  # bytes of them that are given back
MOST_TEXT = 4_000  # characters of a result, or of an error


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    seconds: float
    memory_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    output: str = ""  # what it printed, cut
    result: str | None = None  # what its last expression came to
    error: str | None = None  # what it ended in, if not well
    exit_code: int | None = None
    truncated: bool = False  # it printed more than `output` holds
    lacks: str | None = None  # what the tier lacks to run it: nothing is known of the program


def clean(text: str) -> str:
    """The text, cut, without the half characters that no encoding can carry."""
    return text[:MOST_TEXT].encode(errors="replace").decode()
