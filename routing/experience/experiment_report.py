"""What an experiment has shown so far, and whether that can be trusted."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pointsman.experiments import Arm, Experiment, Trial
from pointsman.money import NANO_PER_USD
from routing.experience.experiment_intervals import (
    Interval,
    Share,
    difference,
    mean_interval,
    quantile_interval,
    rate_interval,
    ratio_p_value,
)

Measure = Literal["success_rate", "cost_usd", "latency_p50_ms", "latency_p95_ms", "quality"]
LESS_IS_BETTER: frozenset[Measure] = frozenset(("cost_usd", "latency_p50_ms", "latency_p95_ms"))

SHOWN = 0.95  # level of the intervals that are shown
DECIDES = 0.99  # of those that a verdict needs: five measures share 0.05 (Bonferroni)
ENOUGH = 30  # people in each arm, below which no verdict is given
MISMATCH = 0.001  # chance of so uneven a division of people, below which something is wrong

People = Mapping[str, Sequence[Trial]]  # trials by person


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmReport:
    people: int
    calls: int
    answered_by_own_model: float  # share of calls, 0..1
    measures: Mapping[Measure, Interval]  # of those that were measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    arms: Mapping[Arm, ArmReport]
    differences: Mapping[Measure, Interval]  # variant minus control
    better: Mapping[Measure, Arm]  # where the interval at `DECIDES` leaves no doubt
    verdict: str
    split_p_value: float
    same_against_same: tuple[Measure, ...]  # in which two halves of control differ: should be none
    warnings: tuple[str, ...]


def report(experiment: Experiment, trials: Sequence[Trial]) -> Report:
    """What `trials`, all of `experiment`, say. It computes: not for an event loop."""
    control, variant = _people(trials, "control"), _people(trials, "variant")
    arms: dict[Arm, ArmReport] = {
        "control": _arm(control, experiment.control),
        "variant": _arm(variant, experiment.variant),
    }
    shown, better = _compared(control, variant)
    same = tuple(_compared(*_halves(experiment, control))[1])
    chance = ratio_p_value(len(control), len(variant), experiment.split)
    return Report(
        arms=arms,
        differences=shown,
        better=better,
        verdict=_verdict(arms, better),
        split_p_value=chance,
        same_against_same=same,
        warnings=tuple(_warnings(arms, experiment, chance, same)),
    )


def _people(trials: Sequence[Trial], arm: Arm) -> People:
    people: defaultdict[str, list[Trial]] = defaultdict(list)
    for trial in trials:
        if trial.arm == arm:
            people[trial.person].append(trial)
    return people


def _arm(people: People, model: str) -> ArmReport:
    trials = [trial for each in people.values() for trial in each]
    own = sum(trial.model == model for trial in trials)
    return ArmReport(
        people=len(people),
        calls=len(trials),
        answered_by_own_model=own / len(trials) if trials else 0.0,
        measures=_measures(people, SHOWN),
    )


def _measures(people: People, level: float) -> dict[Measure, Interval]:
    latencies = [
        [trial.latency_ms for trial in each if trial.succeeded] for each in people.values()
    ]
    latencies = [person for person in latencies if person]
    found: dict[Measure, Interval | None] = {
        "success_rate": rate_interval(_shares(people, lambda t: float(t.succeeded)), level),
        "cost_usd": mean_interval(_shares(people, _cost), level),
        "latency_p50_ms": quantile_interval(latencies, 0.5, level),
        "latency_p95_ms": quantile_interval(latencies, 0.95, level),
        "quality": mean_interval(_shares(people, lambda t: t.quality), level),
    }
    return {measure: interval for measure, interval in found.items() if interval is not None}


def _cost(trial: Trial) -> float | None:
    return None if trial.cost is None else trial.cost / NANO_PER_USD


def _shares(people: People, of: Callable[[Trial], float | None]) -> list[Share]:
    """Each person's part in a mean; trials of which `of` is None do not count."""
    known = ([v for trial in each if (v := of(trial)) is not None] for each in people.values())
    return [Share(sum(values), len(values)) for values in known if values]


def _compared(
    control: People, variant: People
) -> tuple[dict[Measure, Interval], dict[Measure, Arm]]:
    """The differences with the intervals to show, and the arm that is better beyond doubt."""
    shown = _differences(control, variant, SHOWN)
    if min(len(control), len(variant)) < ENOUGH:
        return shown, {}
    better: dict[Measure, Arm] = {}
    for measure, apart in _differences(control, variant, DECIDES).items():
        if apart.low > 0 or apart.high < 0:
            more = apart.low > 0
            better[measure] = "variant" if more != (measure in LESS_IS_BETTER) else "control"
    return shown, better


def _differences(control: People, variant: People, level: float) -> dict[Measure, Interval]:
    ours, theirs = _measures(variant, level), _measures(control, level)
    return {m: difference(ours[m], theirs[m]) for m in ours if m in theirs}


def _halves(experiment: Experiment, people: People) -> tuple[People, People]:
    """`people` divided again by chance: the same against the same must show nothing (A/A)."""
    halves: tuple[dict[str, Sequence[Trial]], ...] = ({}, {})
    for person, trials in people.items():
        digest = hashlib.sha256(f"{experiment.salt}\0a/a\0{person}".encode()).digest()
        halves[digest[0] % 2][person] = trials
    return halves[0], halves[1]


def _verdict(arms: Mapping[Arm, ArmReport], better: Mapping[Measure, Arm]) -> str:
    fewest = min(arm.people for arm in arms.values())
    if fewest < ENOUGH:
        return f"too early: {fewest} people in the smaller arm, {ENOUGH} are needed in each"
    if not better:
        return "no difference shown"
    parts = [
        f"{arm} is better in {', '.join(m for m, a in better.items() if a == arm)}"
        for arm in arms
        if arm in better.values()
    ]
    return "; ".join(parts)


def _warnings(
    arms: Mapping[Arm, ArmReport],
    experiment: Experiment,
    chance: float,
    same: Sequence[Measure],
) -> list[str]:
    control, variant = arms["control"], arms["variant"]
    told: list[str] = []
    if chance < MISMATCH:
        told.append(
            f"Sample ratio mismatch: {control.people} people in control and {variant.people} in "
            f"variant do not fit a split of {experiment.split:g} (p = {chance:.1g}); results "
            "cannot be trusted until it is known why."
        )
    if same:
        told.append(
            f"Two halves of the control arm differ in {', '.join(same)}: expect false winners."
        )
    for name, arm in arms.items():
        if arm.calls and arm.answered_by_own_model < 0.9:
            told.append(
                f"Only {arm.answered_by_own_model:.0%} of the calls of {name} were answered by its "
                "model; all of them count for it."
            )
    return told
