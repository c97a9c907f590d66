"""The savings that are printed: four ablations, each with the quality that is left beside it."""

import pytest

from benchmarks.eval_savings import Prompt, Table, plans, report, show
from tests.fakes import make_model, price
from tests.routing.deciding import TINY

MODELS = {
    "strong": make_model("a", "large", tier="strong", cost=price(10, 30)),
    "cheap": make_model("a", "small", tier="cheap", cost=price(0.1, 0.3)),
    "local": TINY,
}
COST = {"strong": 0.01, "cheap": 0.0001, "local": 0.0}
ALL = {"strong": 1.0, "cheap": 1.0, "local": 1.0}
EASY = [Prompt(f"What is the capital of country {n}?", 20, ALL, COST) for n in range(40)]
HARD = [
    Prompt(f"Prove theorem {n}.", 20, {"strong": 1.0, "cheap": 0.0, "local": 0.0}, COST)
    for n in range(10)
]
TABLES = [Table("made up", MODELS, [*EASY, *HARD])]
P = {prompt.text: 0.01 for prompt in EASY} | {prompt.text: 0.8 for prompt in HARD}


def test_the_four_ablations_are_printed_with_their_quality(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """X-09, X-46, AT-309, CO-18, CO-19: cost saved, quality kept, and their intervals."""
    told = report(TABLES, plans(TABLES, P), 0.8, slice(None))
    show("made up", told)
    printed = capsys.readouterr().out
    for name in ("routing only", "cache only", "both", "both + local", "random", "oracle"):
        assert name in printed
    figures = {(row["profile"], row["ablation"]): row for row in told}
    for row in told:
        for figure in ("saved", "kept"):
            value, low, high = row[figure]
            assert low <= value <= high
    assert figures["", "cache only"]["kept"][0] == 1
    routing, both = (figures["balanced", name] for name in ("routing only", "both"))
    assert both["saved"][0] > routing["saved"][0] > 0.5
    assert routing["kept"] == both["kept"]


def test_a_router_that_knows_what_is_hard_keeps_all_quality_where_chance_does_not() -> None:
    once = report(TABLES, plans(TABLES, P), None, slice(None))
    figures = {(row["profile"], row["ablation"]): row for row in once}
    routed, chance = (figures["balanced", name] for name in ("routing only", "random"))
    assert routed["kept"][0] == 1
    assert routed["strong_share"] == chance["strong_share"] == 0.2
    assert chance["kept"][0] < 1
    assert routed["saved"][0] == pytest.approx(1 - (10 * 0.01 + 40 * 0.0001) / 0.5)
