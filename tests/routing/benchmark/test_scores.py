"""Fixed scales, and scores that fade."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.records import BenchmarkResult, Category
from routing.benchmark.scales import cost_score, final_score, speed_score
from routing.benchmark.scores import BenchmarkScores

NOW, HOUR = 1_000_000.0, 3600.0


def test_the_scales_are_fixed_and_logarithmic() -> None:
    """X-22."""
    assert [speed_score(ms) for ms in (0, 300, 60_000, 1e9)] == [100, 100, 0, 0]
    assert speed_score((300 * 60_000) ** 0.5) == pytest.approx(50)
    assert [cost_score(nano) for nano in (0, 10_000, 100_000_000, None)] == [100, 100, 0, 0]
    assert cost_score(1_000_000) == pytest.approx(50)


@given(st.floats(0, 1e7), st.floats(0, 1e7))
def test_faster_never_scores_less(one: float, other: float) -> None:
    assert (speed_score(one) >= speed_score(other)) or one > other
    assert 0 <= speed_score(one) <= 100


@pytest.mark.parametrize(("category", "final"), [("coding", 50), ("empathy", 70)])
def test_empathy_weighs_quality_more(category: Category, final: float) -> None:
    assert final_score(category, 100, 0, 0) == pytest.approx(final)
    assert final_score(category, 100, 100, 100) == pytest.approx(100)


def measured(quality: float, at: float = NOW, completed: int = 14) -> BenchmarkResult:
    return BenchmarkResult(
        id="1", run_id="r", at=at, category="math", provider="a", model="m", quality=quality,
        speed=0, cost=0, final=0, latency_ms=1, cost_nano=1, n=14, completed=completed,
    )  # fmt: skip


def scores(*results: BenchmarkResult) -> BenchmarkScores:
    found = BenchmarkScores(24, {"a/m": 0.6}.get)
    found.learn(results)
    return found


@pytest.mark.parametrize(
    ("hours", "quality"), [(0, 1.0), (24, 1.0), (48, 0.8), (72, 0.7), (24 * 30, 0.6)]
)
def test_old_scores_fade_to_the_prior(hours: float, quality: float) -> None:
    """X-21: they decay instead of vanishing."""
    found = scores(measured(100)).quality("a/m", "math", NOW + hours * HOUR)
    assert found == pytest.approx(quality, abs=1e-6)


def test_the_latest_good_run_counts() -> None:
    found = scores(measured(80, at=NOW - 1), measured(20, at=NOW - 2), measured(0, completed=6))
    assert found.quality("a/m", "math", NOW) == pytest.approx(0.8)
    assert found.quality("a/m", "coding", NOW) is None
    assert found.quality("b/m", "math", NOW) is None
