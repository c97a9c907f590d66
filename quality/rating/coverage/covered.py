"""Which lines and branches tests reached, whatever wrote the report."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from quality.rating.letters import share_pct


@dataclass(frozen=True, slots=True)
class Line:
    """One line that can run."""

    hit: bool
    branches: int = 0  # ways out of its conditions: both of each, so 2B in SonarQube's formula
    taken: int = 0  # of them, by some test


Lines = Mapping[int, Line]  # by number, the first is 1; a line that cannot run is not there


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What of some lines was reached."""

    lines: int
    hit: int
    branches: int
    taken: int

    @property
    def pct(self) -> float | None:
        """(CT + CF + LC) / (2B + EL); None: nothing there can run."""
        return share_pct(self.taken + self.hit, self.branches + self.lines)

    @property
    def line_pct(self) -> float | None:
        return share_pct(self.hit, self.lines)

    @property
    def branch_pct(self) -> float | None:
        return share_pct(self.taken, self.branches)


def share_of(lines: Iterable[Line]) -> Share:
    known = list(lines)
    return Share(
        lines=len(known),
        hit=sum(line.hit for line in known),
        branches=sum(line.branches for line in known),
        taken=sum(line.taken for line in known),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """All reports together."""

    files: Mapping[str, Lines]  # by path in the tree
    reports: tuple[str, ...]  # that were read
    notes: tuple[str, ...] = field(default=())  # what about them is doubtful

    def of(self, paths: Iterable[str]) -> Share:
        return share_of(line for path in paths for line in self.files.get(path, _NONE).values())

    def of_lines(self, wanted: Mapping[str, Collection[int]]) -> Share:
        return share_of(
            line
            for path, numbers in wanted.items()
            for number, line in self.files.get(path, _NONE).items()
            if number in numbers
        )


_NONE: Lines = {}


def joined(one: Lines, other: Lines) -> Lines:
    """What two reports say of one file: a line that either saw hit is hit."""
    both = {**one, **other}
    for number in one.keys() & other.keys():
        a, b = one[number], other[number]
        both[number] = Line(a.hit or b.hit, max(a.branches, b.branches), max(a.taken, b.taken))
    return both
