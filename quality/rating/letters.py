"""Letters and debt, computed as SonarQube does; docs/code-quality-ratings.md names the sources."""

from collections.abc import Iterable
from typing import Literal

from pointsman.quality_settings import Letter
from quality.finding import Severity

LETTERS: tuple[Letter, ...] = ("A", "B", "C", "D", "E")  # from best to worst
_OF_WORST: dict[Severity, Letter] = {
    "info": "A",
    "minor": "B",
    "major": "C",
    "critical": "D",
    "blocker": "E",
}
LINE_MIN = 30  # minutes that one line of code costs to write
DAY_MIN = 8 * 60
_DEBT_PCT: tuple[tuple[float, Letter], ...] = ((5, "A"), (10, "B"), (20, "C"), (50, "D"))
_REVIEWED_PCT: tuple[tuple[float, Letter], ...] = ((80, "A"), (70, "B"), (50, "C"), (30, "D"))


def worst_letter(severities: Iterable[Severity]) -> Letter:
    """That of the worst; "A" where there is none."""
    return max((_OF_WORST[severity] for severity in severities), default="A")


def debt_ratio_pct(debt_min: int, ncloc: int) -> float:
    """The debt as a share of what the code cost to write; 0 where there is no code."""
    return 100 * debt_min / (ncloc * LINE_MIN) if ncloc else 0.0


def maintainability_letter(debt_min: int, ncloc: int) -> Letter:
    ratio = debt_ratio_pct(debt_min, ncloc)
    return next((letter for at_most, letter in _DEBT_PCT if ratio <= at_most), "E")


def review_letter(reviewed_pct: float | None) -> Letter:
    """By the share of hotspots that somebody looked at; None: there is no hotspot."""
    if reviewed_pct is None:
        return "A"
    return next((letter for least, letter in _REVIEWED_PCT if reviewed_pct >= least), "E")


def share_pct(part: int, whole: int) -> float | None:
    """None: there is nothing to have a share of."""
    return 100 * part / whole if whole else None


def in_days(minutes: int) -> str:
    """Minutes of work as people plan it, in days of eight hours: "2d 1h 5min"."""
    days, rest = divmod(minutes, DAY_MIN)
    hours, left = divmod(rest, 60)
    parts: list[tuple[int, Literal["d", "h", "min"]]] = [(days, "d"), (hours, "h"), (left, "min")]
    return " ".join(f"{count}{unit}" for count, unit in parts if count) or "0min"
