"""The gate: what must hold of the code, each condition with what was measured.

A condition whose measure is missing never counts as held. It fails the gate where an engine that
measures it broke off or is not installed; where there is nothing to measure (no coverage report,
no engine that reads these languages, an engine switched off) it is told and fails nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from pointsman.quality_settings import GateSettings, Letter
from quality.rating.measured_by import Doubt, Doubts
from quality.rating.measures import Measures, NewMeasures, Ratings

Actual = float | int | Letter
SMALL_CHANGE = 20  # new lines, under which SonarQube does not ask for coverage and duplication


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    metric: str
    on: Literal["all", "new"]
    operator: Literal["<=", ">="]  # how `actual` must stand to `threshold`; "A" is the least letter
    threshold: Actual
    actual: Actual | None
    status: Literal["ok", "failed", "not_measured"]
    note: str = ""
    blocks: bool = False  # it keeps the gate shut


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    status: Literal["passed", "failed"]
    conditions: tuple[Condition, ...]


def judged(
    settings: GateSettings,
    ratings: Ratings,
    measures: Measures,
    new: NewMeasures | None,
    doubts: Doubts,
) -> Gate:
    """Every condition of `settings`; those of new code where `new` is known."""
    asked = [*_of_all(settings, ratings, measures)]
    if new is not None:
        asked += _of_new(settings, new)
    conditions = tuple(_doubted(condition, doubts.get(condition.metric)) for condition in asked)
    shut = any(condition.blocks for condition in conditions)
    return Gate(status="failed" if shut else "passed", conditions=conditions)


def _of_all(settings: GateSettings, ratings: Ratings, measures: Measures) -> Iterator[Condition]:
    yield from _at_most("reliability", "all", settings.reliability, ratings.reliability)
    yield from _at_most("security", "all", settings.security, ratings.security)
    yield from _at_most("maintainability", "all", settings.maintainability, ratings.maintainability)
    yield from _at_most(
        "duplication_pct", "all", settings.duplication_pct, measures.duplication_pct
    )
    yield from _covered("all", settings.coverage_pct, measures.coverage_pct)
    for severity, most in settings.issues.items():
        yield from _at_most(
            f"{severity}_issues", "all", most, measures.by_severity.get(severity, 0)
        )


def _of_new(settings: GateSettings, new: NewMeasures) -> Iterator[Condition]:
    yield from _at_most("issues", "new", settings.new_issues, new.issues)
    yield from _at_most("hotspots", "new", settings.new_hotspots, new.hotspots)
    if new.lines is None:
        return
    of_lines = [
        *_covered("new", settings.new_coverage_pct, new.coverage_pct),
        *_at_most("duplication_pct", "new", settings.new_duplication_pct, new.duplication_pct),
    ]
    yield from (_excused(condition, new.lines) for condition in of_lines)


def _excused(condition: Condition, lines: int) -> Condition:
    if lines >= SMALL_CHANGE:
        return condition
    note = f"not asked of fewer than {SMALL_CHANGE} new lines; there are {lines}"
    return replace(condition, status="ok", note=note, blocks=False)


def _covered(
    on: Literal["all", "new"], least: float | None, actual: float | None
) -> Iterator[Condition]:
    if least is None:
        return
    if actual is None:
        note = "no report tells the coverage of this code"
        yield _condition("coverage_pct", on, ">=", least, None, note=note)
    else:
        yield _condition("coverage_pct", on, ">=", least, actual, held=actual >= least)


def _at_most(
    metric: str, on: Literal["all", "new"], most: Actual | None, actual: Actual | None
) -> Iterator[Condition]:
    if most is None:
        return
    if actual is None:
        yield _condition(metric, on, "<=", most, None, note="no engine counted it")
    else:
        held = str(actual) <= str(most) if isinstance(actual, str) else actual <= float(most)
        yield _condition(metric, on, "<=", most, actual, held=held)


def _condition(
    metric: str,
    on: Literal["all", "new"],
    operator: Literal["<=", ">="],
    threshold: Actual,
    actual: Actual | None,
    *,
    held: bool | None = None,
    note: str = "",
) -> Condition:
    return Condition(
        metric=metric,
        on=on,
        operator=operator,
        threshold=threshold,
        actual=actual,
        status="not_measured" if held is None else "ok" if held else "failed",
        note=note,
        blocks=held is False,
    )


def _doubted(condition: Condition, doubt: Doubt | None) -> Condition:
    """A condition that only seems to hold, since an engine that could say otherwise is gone."""
    if doubt is None or condition.status == "failed" or condition.note.startswith("not asked"):
        return condition
    return replace(condition, status="not_measured", note=doubt.why, blocks=doubt.broken)
