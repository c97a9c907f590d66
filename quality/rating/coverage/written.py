"""What a report says, before its paths are known to be ours."""

from dataclasses import dataclass, field

from quality.rating.coverage.covered import Line
from quality.rating.coverage.errors import BadReport


@dataclass(slots=True)
class Written:
    """The lines of each file, by the path that the report gives it."""

    files: dict[str, dict[int, Line]] = field(default_factory=dict[str, dict[int, Line]])
    sources: list[str] = field(default_factory=list[str])  # folders its paths may begin in


def number_of(text: str | None) -> int:
    """A count as reports write it: "3", "3.0", or nothing for 0."""
    try:
        return int(float(text or 0))
    except (ValueError, OverflowError) as error:
        raise BadReport(f"{str(text)[:40]!r} is no number") from error


def add_line(lines: dict[int, Line], number: int, line: Line) -> None:
    """Add what is said of a line; where it is said twice (of a class in a class), the best counts.

    Line 0 stands for code that no line holds.
    """
    if number < 1:
        return
    if known := lines.get(number):
        hit = known.hit or line.hit
        line = Line(hit, max(known.branches, line.branches), max(known.taken, line.taken))
    lines[number] = line
