"""Which profile is recommended, and when none is."""

import pytest

from pointsman.settings import RoutingSettings
from routing.choice.recommend import LEAST_CALLS, trials
from routing.choice.replay import Case
from routing.choice.score import BASE
from tests.routing.choice.test_replay import case
from tests.routing.deciding import LARGE, SMALL, analysis, ask, make_router


def cases(p_strong: float, count: int, profile: str) -> list[Case]:
    router = make_router((LARGE, SMALL), profile=profile)
    return [case(router.decide(ask(), analysis(p_strong))) for _ in range(count)]


@pytest.mark.parametrize(
    ("p_strong", "count", "profile", "expected"),
    [
        (0.01, LEAST_CALLS, "balanced", None),  # all is cheap already
        (0.01, LEAST_CALLS - 1, "fast", None),  # too few calls to conclude from
        (0.30, LEAST_CALLS, "balanced", None),  # cheaper would be worse
    ],
)
def test_nothing_is_recommended_that_is_not_surely_better(
    p_strong: float, count: int, profile: str, expected: str | None
) -> None:
    """RT-20, LN-08: a change is proposed only where it surely pays."""
    settings = RoutingSettings.model_validate({"profile": profile})
    made = trials(cases(p_strong, count, profile), settings)
    assert next((t.profile for t in made if t.recommended), None) == expected
    assert profile not in {t.profile for t in made}


def test_a_profile_that_surely_saves_at_no_real_loss_is_recommended() -> None:
    """RT-20: as if money had hardly mattered, every call went to the dear model for nothing."""
    settings = RoutingSettings.model_validate({"profile": "quality", "weights": {"cost": 0.01}})
    weights = BASE.with_changes(settings.weights)
    router = make_router((LARGE, SMALL), profile="quality", weights=weights)
    wasted = [case(router.decide(ask(), analysis(0.01))) for _ in range(LEAST_CALLS)]
    assert {c.answered_by for c in wasted} == {LARGE.name}
    (best,) = [t for t in trials(wasted, settings) if t.recommended]
    assert best.cost is not None
    assert best.cost.high < -0.5
    assert best.quality.low > -0.01
    assert best.changed == LEAST_CALLS
