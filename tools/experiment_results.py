"""What the tools of experiments give back, and how a model reads it."""

import math
from collections.abc import Mapping

from pydantic import Field

from pointsman.experiments import Arm, Experiment
from pointsman.moments import rfc3339
from pointsman.records import Category
from routing.experience.experiment_intervals import Interval
from routing.experience.experiment_report import Measure, Report
from tools.tool import Result


class ExperimentOut(Result):
    id: str
    name: str
    control: str
    variant: str
    traffic: float
    split: float
    category: Category | None
    started_at: str
    stopped_at: str | None


class ListResult(Result):
    experiments: list[ExperimentOut]


class IntervalOut(Result):
    value: float
    low: float | None  # None: too few people to say
    high: float | None


class ArmOut(Result):
    model: str
    people: int
    calls: int
    answered_by_own_model: float
    measures: dict[Measure, IntervalOut]


class ReportResult(Result):
    experiment: ExperimentOut
    arms: dict[Arm, ArmOut]
    differences: dict[Measure, IntervalOut] = Field(description="variant minus control, 95 %")
    better: dict[Measure, Arm]
    verdict: str
    split_p_value: float
    same_against_same: list[Measure]
    warnings: list[str]


def told(experiment: Experiment) -> ExperimentOut:
    return ExperimentOut(
        id=experiment.id,
        name=experiment.name,
        control=experiment.control,
        variant=experiment.variant,
        traffic=experiment.traffic,
        split=experiment.split,
        category=experiment.category,
        started_at=rfc3339(experiment.started_at),
        stopped_at=None if experiment.stopped_at is None else rfc3339(experiment.stopped_at),
    )


def result(experiment: Experiment, shown: Report) -> ReportResult:
    models: dict[Arm, str] = {"control": experiment.control, "variant": experiment.variant}
    return ReportResult(
        experiment=told(experiment),
        arms={
            name: ArmOut(
                model=models[name],
                people=arm.people,
                calls=arm.calls,
                answered_by_own_model=round(arm.answered_by_own_model, 4),
                measures=_intervals(arm.measures),
            )
            for name, arm in shown.arms.items()
        },
        differences=_intervals(shown.differences),
        better=dict(shown.better),
        verdict=shown.verdict,
        split_p_value=shown.split_p_value,
        same_against_same=list(shown.same_against_same),
        warnings=list(shown.warnings),
    )


def _intervals(measured: Mapping[Measure, Interval]) -> dict[Measure, IntervalOut]:
    return {
        name: IntervalOut(value=i.value, low=_known(i.low), high=_known(i.high))
        for name, i in measured.items()
    }


def _known(bound: float) -> float | None:
    return bound if math.isfinite(bound) else None


def line(e: ExperimentOut) -> str:
    state = "running" if e.stopped_at is None else f"stopped {e.stopped_at}"
    kind = f" {e.category}" if e.category else ""
    return (
        f"{e.name}: {e.control} against {e.variant}, {e.traffic:.0%} of people,"
        f" {e.split:.0%} of them variant,{kind or ' all'} calls; {state}"
    )


def read(r: ReportResult) -> str:
    arms = [
        f"{name} ({arm.model}): {arm.calls} calls of {arm.people} people; {_figures(arm.measures)}"
        for name, arm in r.arms.items()
    ]
    apart = f"variant minus control: {_figures(r.differences)}"
    return "\n".join([line(r.experiment), *arms, apart, f"Verdict: {r.verdict}.", *r.warnings])


def _figures(measures: Mapping[Measure, IntervalOut]) -> str:
    parts = [
        f"{name} {i.value:.4g} [{_bound(i.low)}, {_bound(i.high)}]" for name, i in measures.items()
    ]
    return ", ".join(parts) or "nothing measured"


def _bound(bound: float | None) -> str:
    return "?" if bound is None else f"{bound:.4g}"
