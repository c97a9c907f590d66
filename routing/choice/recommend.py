"""Which profile the recorded calls speak for; it proposes, and nothing is applied."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

from pointsman.evidence import Profile
from pointsman.settings import RoutingSettings
from routing.choice.intervals import Interval
from routing.choice.replay import Case, replay

LEAST_CALLS = 50  # of fewer, nothing is concluded
WORTH = 0.05  # of the cost
BEARABLE = 0.01  # of the expected quality


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a profile would have done to the recorded calls."""

    profile: Profile
    calls: int
    changed: int
    cost: Interval | None  # the relative change; None: no price is known
    quality: Interval  # the absolute change of the expected quality, a call
    recommended: bool


def trials(cases: Sequence[Case], routing: RoutingSettings, seed: int = 0) -> tuple[Trial, ...]:
    """Every profile but the present one, tried on `cases`; at most one is recommended."""
    profiles: list[Profile] = [p for p in get_args(Profile) if p != routing.profile]
    tried = [t for p in profiles if (t := _trial(cases, routing, p, seed))]
    best = max((t for t in tried if t.recommended), key=_worth, default=None)
    return tuple(replace(t, recommended=t is best) for t in tried)


def _trial(
    cases: Sequence[Case], routing: RoutingSettings, profile: Profile, seed: int
) -> Trial | None:
    made = replay(cases, routing.model_copy(update={"profile": profile}), seed)
    if made is None:
        return None
    cost = made.cost_usd.change if made.cost_usd else None
    quality = made.quality.change
    sure = made.calls >= LEAST_CALLS and cost is not None
    return Trial(
        profile=profile,
        calls=made.calls,
        changed=made.changed,
        cost=cost,
        quality=quality,
        recommended=sure and cost is not None and _is_better(cost, quality),
    )


def _is_better(cost: Interval, quality: Interval) -> bool:
    """Surely cheaper for as good an answer, or surely better for no more money."""
    saves = cost.high <= -WORTH and quality.low >= -BEARABLE
    return saves or (quality.low >= BEARABLE and cost.high <= 0)


def _worth(trial: Trial) -> float:
    return trial.quality.value - (trial.cost.value if trial.cost else 0.0)
