"""Letters and debt as SonarQube computes them."""

import pytest

from pointsman.quality_settings import Letter
from quality.finding import Severity
from quality.rating.letters import (
    debt_ratio_pct,
    in_days,
    maintainability_letter,
    review_letter,
    worst_letter,
)


@pytest.mark.parametrize(
    ("severities", "letter"),
    [
        ([], "A"),
        (["info", "info"], "A"),
        (["minor", "info"], "B"),
        (["info", "major", "minor"], "C"),
        (["critical", "major"], "D"),
        (["minor", "blocker", "critical"], "E"),
    ],
)
def test_the_worst_issue_gives_the_letter(severities: list[Severity], letter: Letter) -> None:
    assert worst_letter(severities) == letter


@pytest.mark.parametrize(
    ("debt_min", "letter"),  # of 100 lines, which cost 3,000 minutes to write
    [
        (0, "A"),
        (150, "A"),  # 5 %
        (151, "B"),
        (300, "B"),  # 10 %
        (301, "C"),
        (600, "C"),  # 20 %
        (601, "D"),
        (1500, "D"),  # 50 %
        (1501, "E"),
    ],
)
def test_the_share_of_debt_gives_the_letter(debt_min: int, letter: Letter) -> None:
    assert maintainability_letter(debt_min, 100) == letter


def test_no_code_has_no_share_of_debt() -> None:
    assert debt_ratio_pct(30, 0) == 0
    assert maintainability_letter(30, 0) == "A"


@pytest.mark.parametrize(
    ("pct", "letter"),
    [
        (None, "A"),
        (100, "A"),
        (80, "A"),
        (79.9, "B"),
        (70, "B"),
        (69.9, "C"),
        (50, "C"),
        (49.9, "D"),
        (30, "D"),
        (29.9, "E"),
        (0, "E"),
    ],
)
def test_the_share_of_reviewed_hotspots_gives_the_letter(pct: float | None, letter: Letter) -> None:
    assert review_letter(pct) == letter


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(0, "0min"), (59, "59min"), (60, "1h"), (480, "1d"), (481, "1d 1min"), (1025, "2d 1h 5min")],
)
def test_a_day_of_work_has_eight_hours(minutes: int, text: str) -> None:
    assert in_days(minutes) == text
