"""What ratings and outcomes may do to a belief, and what they may not."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.money import Usage
from pointsman.records import (
    LOCAL,
    Analysis,
    Attempt,
    Band3,
    Call,
    CallRecord,
    Category,
    Decision,
    Emotion,
)
from pointsman.seams import EndpointView, Insight, Standing
from pointsman.types import ChatRequest, Message, Outcome
from routing.choice.decide import Router
from routing.experience.learning import BOUND, OUTCOMES_BOUND, Belief, Beliefs, Recollection
from routing.experience.outcomes import Prompts, evidence
from routing.experience.ratings import MOST, Rating, last_change, tally
from tests.fakes import SteadyClock, counting, make_model, price

DAY_S = 86_400.0
HALF_LIFE_S = 14 * DAY_S
BANDS: tuple[Band3, ...] = ("low", "medium", "high")
CATEGORIES: tuple[Category, ...] = ("coding", "math", "research")
Given = tuple[Category, Rating]

ratings = st.builds(
    Rating,
    at=st.integers(0, 10**6).map(float),
    band=st.sampled_from(BANDS),
    rating=st.floats(-1, 1),
    expected=st.floats(0.01, 0.99),
)
rows = st.lists(st.tuples(st.sampled_from(CATEGORIES), ratings), max_size=80)


def beliefs_at(now: float = 10**6) -> Beliefs:
    return Beliefs(HALF_LIFE_S, lambda: now)


def rated(rows: Sequence[Given], beliefs: Beliefs | None = None, who: str = "ann") -> Beliefs:
    """Beliefs that were told of model a by ratings, each of a decision of its own."""
    beliefs = beliefs or beliefs_at()
    for number, (category, rating) in enumerate(rows):
        beliefs.rate(who, "a/m", category, f"{number}", rating)
    return beliefs


def learned(beliefs: Beliefs, who: str = "ann", category: Category = "coding") -> list[float]:
    return [beliefs.believe(who, "a/m", category, band).learned for band in BANDS]


def said(*values: float, at: float = 10**6) -> list[Given]:
    """Ratings of coding answers to simple prompts, of which 0.8 was hoped for."""
    return [("coding", Rating(at + n, "low", value, 0.8)) for n, value in enumerate(values)]


# --- ratings --------------------------------------------------------------------------------


@given(rows)
def test_a_learned_term_is_bounded(rows: list[Given]) -> None:
    beliefs = rated(rows)
    for category in CATEGORIES:
        assert all(-BOUND <= term <= BOUND for term in learned(beliefs, category=category))


@given(st.lists(ratings, min_size=1, max_size=5), st.data())
def test_a_better_rating_never_lowers_a_term(given_: list[Rating], data: st.DataObject) -> None:
    """LN-04: with too few ratings to look like a change, each moves every band its own way."""
    number = data.draw(st.integers(0, len(given_) - 1))
    better = data.draw(st.floats(given_[number].rating, 1))
    raised = [replace(r, rating=better) if n == number else r for n, r in enumerate(given_)]
    before = learned(rated([("coding", r) for r in given_]))
    after = learned(rated([("coding", r) for r in raised]))
    assert all(b >= a - 1e-12 for a, b in zip(before, after, strict=True))


@given(rows, st.integers(2, 40))
def test_every_term_fades_to_nothing(rows: list[Given], half_lives: int) -> None:
    now = 10**6 + half_lives * HALF_LIFE_S
    terms = learned(rated(rows, beliefs_at(now)))
    assert all(abs(term) <= len(rows) * 0.5**half_lives for term in terms)


@given(rows, rows)
def test_what_one_principal_says_moves_no_other(own: list[Given], others: list[Given]) -> None:
    calm = rated(own)
    attacked = rated(others, rated(own), who="mallory")
    for number in range(30):
        attacked.rate("mallory", f"b{number}/m", "coding", "d", said(-1)[0][1])
        attacked.observe("mallory", "a/m", "coding", "low", 0.0, 1.0)
    for category in CATEGORIES:
        assert learned(calm, category=category) == learned(attacked, category=category)


@given(rows, st.randoms(use_true_random=False))
def test_the_order_in_which_ratings_are_taken_in_does_not_matter(
    rows: list[Given], random: Random
) -> None:
    shuffled = list(enumerate(rows))
    random.shuffle(shuffled)
    beliefs = beliefs_at()
    for number, (category, rating) in shuffled:
        beliefs.rate("ann", "a/m", category, f"{number}", rating)
    distinct = len({rating.at for _, rating in rows}) == len(rows)
    if distinct or len(rows) <= MOST:
        assert learned(beliefs) == pytest.approx(learned(rated(rows)), abs=1e-12)


def test_a_thousand_ratings_of_one_answer_count_as_the_last() -> None:
    flooded, once = beliefs_at(), beliefs_at()
    for number in range(1000):
        flooded.rate("ann", "a/m", "coding", "d", said(-1, at=number)[0][1])
    flooded.rate("ann", "a/m", "coding", "d", said(0.5)[0][1])
    once.rate("ann", "a/m", "coding", "d", said(0.5)[0][1])
    assert learned(flooded) == learned(once)


def test_a_rating_counts_at_once_also_after_a_look() -> None:
    beliefs = beliefs_at()
    seen = []
    for number in range(3):
        beliefs.rate("ann", "a/m", "coding", f"{number}", said(-1, at=10**6 + number)[0][1])
        seen.append(learned(beliefs)[0])
    assert seen == [learned(rated(said(*[-1.0] * n)))[0] for n in (1, 2, 3)]


def test_few_ratings_move_little_and_more_move_more() -> None:
    terms = [learned(rated(said(*[-1.0] * n)))[0] for n in (0, 1, 3, 10, 50)]
    assert terms[0] == 0
    assert -0.1 < terms[1] < 0
    assert all(a > b for a, b in pairwise(terms))
    assert terms[-1] < -0.4


def test_other_bands_follow_partly_and_one_category_speaks_for_no_other() -> None:
    beliefs = rated(said(*[-1.0] * 50))
    low, medium, high = learned(beliefs)
    assert low < medium == high < 0
    assert learned(beliefs, category="math") == [0, 0, 0]
    bad = said(*[-1.0] * 50) + [("research", rating) for _, rating in said(*[-1.0] * 50)]
    (follows, *_) = learned(rated(bad), category="math")
    assert low < follows < 0


def test_a_model_as_good_as_expected_has_learned_nothing() -> None:
    beliefs = rated(said(*[0.6] * 50))  # a quality of 0.8, as was hoped for
    assert learned(beliefs) == pytest.approx([0, 0, 0], abs=1e-9)


def test_a_reset_forgets_what_it_names_and_nothing_else() -> None:
    beliefs = rated(said(-1, -1))
    rated([("math", rating) for _, rating in said(-1)], beliefs)
    rated(said(-1), beliefs, who="bob")
    beliefs.reset("ann", category="coding")
    assert learned(beliefs) == [0, 0, 0]
    assert learned(beliefs, category="math")[0] < 0
    assert learned(beliefs, who="bob")[0] < 0
    beliefs.reset("ann", model="b/m")
    assert learned(beliefs, category="math")[0] < 0
    beliefs.reset("ann")
    assert list(beliefs.places("ann")) == []
    assert learned(beliefs, who="bob")[0] < 0


def test_a_principal_cannot_fill_the_memory() -> None:
    beliefs = beliefs_at()
    for number in range(1000):
        beliefs.rate("ann", f"p/{number}", "coding", "d", said(-1)[0][1])
    assert len(list(beliefs.places("ann"))) == 256


# --- change ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "change"), [(0.9, 0.1, "worse"), (0.2, 0.9, "better"), (0.8, 0.8, None)]
)
def test_a_change_is_noticed_and_what_was_before_it_forgotten(
    before: float, after: float, change: str | None
) -> None:
    surprises = [before - 0.8] * 40 + [after - 0.8] * 8
    began, found = last_change(surprises)
    assert found == change
    assert began == (40 if change else 0)


def test_ratings_after_a_change_are_the_ones_that_count() -> None:
    steady, fallen = said(*[0.8] * 40), said(*[0.8] * 40, *[-0.8] * 10)
    assert learned(rated(steady))[0] > 0
    after = tally([rating for _, rating in fallen], HALF_LIFE_S)
    assert (after.count, after.change) == (10, "worse")
    assert learned(rated(fallen))[0] < -0.3


def test_what_never_changes_seldom_looks_like_a_change() -> None:
    random = Random(3)
    alarms = 0
    for _ in range(200):
        thumbs = [(random.random() < 0.8) - 0.8 for _ in range(MOST)]
        alarms += last_change(thumbs)[1] is not None
    assert alarms < 60


# --- outcomes -------------------------------------------------------------------------------

ANALYSIS = Analysis(
    category="coding",
    category_confidence=1.0,
    complexity=0.1,
    band4="simple",
    band3="low",
    p_strong=0.1,
    time_sensitive=False,
    emotion=Emotion(label="neutral", intensity=0.0),
    tags=frozenset(),
    input_tokens=9,
)
DECISION = Decision(id="d", analysis=ANALYSIS, candidates=(), stages=(), elapsed_ms=0, at=0.0)
CALL = Call(request=ChatRequest(messages=(Message("user", "Sort a list."),)))


def record(*outcomes: Outcome, at: float = 0.0, **fields: object) -> CallRecord:
    """A call whose attempts at models a, b, c... ended so; the last one answered if it could."""
    attempts = tuple(
        Attempt(
            id=f"{n}",
            provider="abc"[n],
            model="m",
            outcome=outcome,
            latency_ms=1,
            ttft_ms=None,
            usage=Usage(),
            cost=0,
        )
        for n, outcome in enumerate(outcomes)
    )
    answered = bool(outcomes) and outcomes[-1] in (Outcome.SUCCESS, Outcome.SLOW)
    made = CallRecord(
        id="c",
        at=at,
        principal=LOCAL,
        tool="complete",
        user=None,
        session_id=None,
        decision_id="d",
        provider=attempts[-1].provider if answered else None,
        model="m" if answered else None,
        category="coding",
        error=None if answered else "no_backend",
        latency_ms=1,
        saved_by_cache=0,
        saved_by_routing=0,
        attempts=attempts,
    )
    return replace(made, **fields)  # type: ignore[arg-type]


S, F, C = Outcome.SUCCESS, Outcome.FAILURE, Outcome.CLIENT


@pytest.mark.parametrize(
    ("ended", "says"),
    [
        (record(S), {"a/m": (1.0, 0.0)}),
        (record(Outcome.SLOW), {"a/m": (1.0, 0.0)}),
        (record(S, unusable=True), {"a/m": (0.0, 1.0)}),
        (record(F, S), {"a/m": (0.0, 0.05), "b/m": (1.0, 0.0)}),
        (record(C, S), {"a/m": (0.0, 0.25), "b/m": (1.0, 0.0)}),
        (record(C), {}),
        (record(Outcome.THROTTLED, Outcome.AUTH, Outcome.CANCELLED), {}),
        (record(Outcome.LOCAL), {}),
    ],
    ids=[
        *("answered", "late", "no JSON", "fell back", "passed on", "the request's fault"),
        *("not its fault", "ours"),
    ],
)
def test_how_a_call_ended_says_this_of_its_models(
    ended: CallRecord, says: dict[str, tuple[float, float]]
) -> None:
    """LN-01: successful and failed requests are learned from."""
    assert {e.model: (e.clean, e.trouble) for e in evidence(DECISION, ended)} == says


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=300))
def test_outcomes_alone_move_a_term_only_so_far(ends: list[tuple[float, float]]) -> None:
    beliefs = beliefs_at()
    for clean, trouble in ends:
        beliefs.observe("ann", "a/m", "coding", "low", clean, trouble)
    assert all(-OUTCOMES_BOUND <= term <= 0.02 + 1e-9 for term in learned(beliefs))


def test_a_breakdown_hardly_moves_the_quality_and_an_unusable_answer_does() -> None:
    def after(trouble: float) -> float:
        beliefs = beliefs_at()
        for _ in range(10):
            beliefs.observe("ann", "a/m", "coding", "low", 0.0, trouble)
        return learned(beliefs)[0]

    broke_down = next(evidence(DECISION, record(F))).trouble
    unusable = next(evidence(DECISION, record(S, unusable=True))).trouble
    assert -0.03 < after(broke_down) < 0
    assert after(unusable) == -OUTCOMES_BOUND


@pytest.mark.parametrize(
    ("first", "then", "later_s", "displeased"),
    [
        ("use", "refresh", 60, True),
        ("use", "off", 60, True),
        ("refresh", "refresh", 60, True),
        ("off", "off", 60, False),
        ("use", "use", 60, False),
        ("use", "refresh", 3_600, False),
    ],
)
def test_asking_again_past_the_cache_is_held_against_the_answer(
    first: str, then: str, later_s: float, displeased: bool
) -> None:
    """LN-05: a regenerate and a quick re-ask are signals."""
    prompts = Prompts()

    def ask(cache: str, at: float, who: str = "ann") -> object:
        call = replace(CALL, cache=cache, principal=replace(LOCAL, id=who))  # type: ignore[arg-type]
        return prompts.again(call, DECISION, record(S, at=at))

    assert ask(first, 0) is None
    assert ask("refresh", later_s, who="bob") is None
    found = ask(then, later_s)
    assert (found is not None) is displeased


# --- deciding -------------------------------------------------------------------------------

ALIKE = (make_model("a", cost=price(1, 2)), make_model("b", cost=price(1.2, 2.4)))


def router() -> Router:
    return Router(
        models=ALIKE,
        view=lambda _: EndpointView(),
        readiness=lambda _: "ready",
        problem=lambda _: None,
        clock=SteadyClock().clock(),
        new_id=counting(),
    )


def decided(beliefs: Beliefs, random: Random | None = None, who: str = "ann") -> Decision:
    recalled = Recollection(beliefs=beliefs, principal=who, analysis=ANALYSIS, random=random)

    def standing(model: object) -> Standing:
        term, notes = recalled.of(model)  # type: ignore[arg-type]
        return Standing(learned=term, notes=notes)

    return router().decide(CALL, ANALYSIS, Insight(standing=standing, stages=recalled.stages))


def test_ratings_move_the_order_and_show_in_the_factors() -> None:
    calm = decided(beliefs_at())
    beliefs = rated(said(*[-1.0] * 5))
    moved = decided(beliefs)
    assert [c.model.provider for c in calm.plan] == ["a", "b"]
    assert [c.model.provider for c in moved.plan] == ["b", "a"]
    loser = moved.plan[1]
    assert loser.factors.learned == pytest.approx(learned(beliefs)[0], abs=1e-6)
    assert decided(beliefs, who="bob").candidates == calm.candidates


@settings(max_examples=30)
@given(st.integers(0, 10**6), rows)
def test_a_draw_is_bounded_and_comes_from_the_given_chance(seed: int, rows: list[Given]) -> None:
    beliefs = rated(rows)
    one, two = decided(beliefs, Random(seed)), decided(beliefs, Random(seed))
    assert one.candidates == two.candidates
    assert all(-BOUND <= c.factors.learned <= BOUND for c in one.candidates)
    assert any("exploring" in stage for stage in one.stages)


def test_draws_centre_on_the_belief_and_narrow_with_evidence() -> None:
    random = Random(1)
    vague = [Belief().drawn(random, 0.6) for _ in range(2000)]
    sure = [Belief(weight=90.0).drawn(random, 0.6) for _ in range(2000)]
    assert abs(sum(vague) / 2000) < 0.02
    assert max(sure) - min(sure) < 0.6 * (max(vague) - min(vague))
