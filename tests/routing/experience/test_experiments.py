"""Experiments: who takes part, what is written down, and what a report may conclude (AT-304)."""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.experiments import Arm, Experiment, Trial
from pointsman.money import Usage
from pointsman.records import Attempt, CacheInfo, Call, CallRecord, Principal
from pointsman.types import ChatRequest, Message, Outcome
from routing.experience.experiment_intervals import (
    Interval,
    Share,
    difference,
    mean_interval,
    quantile_interval,
    rate_interval,
    ratio_p_value,
    t_quantile,
)
from routing.experience.experiment_report import ENOUGH, report
from routing.experience.experiments import Experiments, assign, person_hash
from routing.prompt.analysis import analyse

PEOPLE = [f"user-{number}" for number in range(10_000)]
Z99 = 2.576


def experiment(number: int = 1, **facts: object) -> Experiment:
    made = Experiment(
        id=f"e{number}",
        name=f"summary_model_{number}",
        control="alpha/m",
        variant="beta/m",
        traffic=0.1,
        split=0.5,
        category=None,
        salt=f"salt-{number}",
        started_at=float(number),
    )
    return replace(made, **facts)  # type: ignore[arg-type]


def within(count: int, n: int, p: float) -> bool:
    """Whether `count` of `n` lies in the 99 % bounds of a binomial with `p`."""
    return abs(count - n * p) <= Z99 * math.sqrt(n * p * (1 - p))


# --- who takes part ---------------------------------------------------------------------------


def test_ten_percent_are_enrolled_and_divided_in_half() -> None:
    """AT-304, LN-09, X-35: 10,000 people within binomial 99 % bounds."""
    arms = [assign(experiment(), person) for person in PEOPLE]
    enrolled = [arm for arm in arms if arm is not None]
    assert within(len(enrolled), len(PEOPLE), 0.1)
    assert within(enrolled.count("variant"), len(enrolled), 0.5)


@pytest.mark.parametrize(("traffic", "split"), [(1.0, 0.5), (0.5, 0.2), (0.1, 0.9), (1.0, 0.01)])
def test_traffic_enrols_and_split_divides(traffic: float, split: float) -> None:
    """LN-09: the two are separate."""
    one = experiment(traffic=traffic, split=split)
    enrolled = [arm for person in PEOPLE if (arm := assign(one, person))]
    assert within(len(enrolled), len(PEOPLE), traffic)
    assert within(enrolled.count("variant"), len(enrolled), split)


def test_three_experiments_do_not_correlate() -> None:
    """AT-304: whether and how one takes part in one says nothing about the others."""
    three = [experiment(n, traffic=0.5) for n in (1, 2, 3)]
    arms = [[assign(one, person) for one in three] for person in PEOPLE]
    for a, b in ((0, 1), (0, 2), (1, 2)):
        both = sum(row[a] is not None and row[b] is not None for row in arms)
        assert within(both, len(PEOPLE), 0.25)
        in_both = [row for row in arms if row[a] and row[b]]
        assert within(sum(row[a] == row[b] for row in in_both), len(in_both), 0.5)


@settings(max_examples=100, deadline=None)
@given(person=st.text(max_size=50), salt=st.text(max_size=20))
def test_a_person_always_gets_the_same(person: str, salt: str) -> None:
    """LN-06, X-35: deterministic; more traffic takes more people in and moves none."""
    one = experiment(salt=salt)
    arm = assign(one, person)
    assert assign(replace(one, name="renamed"), person) == arm
    wider = assign(replace(one, traffic=1.0), person)
    assert wider is not None
    assert arm in (None, wider)
    assert person not in person_hash(one, person) or len(person) < 3
    assert person_hash(one, person) != person_hash(experiment(2, salt=salt), person)


# --- what it does to a call -------------------------------------------------------------------


@dataclass
class Book:
    running: Sequence[Experiment]
    trials: list[Trial] = field(default_factory=list)

    def record(self, trial: Trial) -> None:
        self.trials.append(trial)


def ask(text: str = "Explain quicksort", **facts: object) -> Call:
    call = Call(request=ChatRequest(messages=(Message("user", text),)), user="ann")
    return replace(call, **facts)  # type: ignore[arg-type]


def record(**facts: object) -> CallRecord:
    attempt = Attempt(
        id="a",
        provider="alpha",
        model="m",
        outcome=Outcome.SUCCESS,
        latency_ms=20.0,
        ttft_ms=None,
        usage=Usage(),
        cost=700,
    )
    made = CallRecord(
        id="c1",
        at=5.0,
        principal=Principal(),
        tool="complete",
        user="ann",
        session_id=None,
        decision_id="d1",
        provider="alpha",
        model="m",
        category="coding",
        error=None,
        latency_ms=20.0,
        saved_by_cache=0,
        saved_by_routing=0,
        attempts=(attempt, replace(attempt, id="b", cost=300)),
    )
    return replace(made, **facts)  # type: ignore[arg-type]


def everyone(number: int = 1, **facts: object) -> Experiment:
    return experiment(number, traffic=1.0, **facts)


def first_of(experiments: Sequence[Experiment], call: Call) -> str | None:
    first = Experiments(Book(experiments)).first(call, analyse(call.request, call.category))
    return first.stage if first else None


def test_an_experiment_claims_the_calls_of_its_people() -> None:
    first = Experiments(Book([everyone(split=1 - 1e-9)])).first(ask(), analyse(ask().request))
    assert first is not None
    assert first.model == "beta/m"
    assert "summary_model_1" in first.stage
    assert "variant" in first.stage


def test_what_an_experiment_leaves_alone() -> None:
    """X-15: an explicit model is above it; other categories and people are not in it."""
    assert first_of([everyone()], ask(model="alpha/m")) is None
    assert first_of([everyone(category="math")], ask()) is None
    assert first_of([everyone(category="coding")], ask()) is not None
    outside = next(p for p in PEOPLE if assign(experiment(), p) is None)
    assert first_of([experiment()], ask(user=outside)) is None


def test_the_oldest_of_two_claims_holds_and_only_it_is_told() -> None:
    book = Book([everyone(1), everyone(2)])
    experiments, call = Experiments(book), ask()
    first = experiments.first(call, analyse(call.request))
    assert first is not None
    assert "summary_model_1" in first.stage
    experiments.settled(call, analyse(call.request), record())
    assert [trial.experiment_id for trial in book.trials] == ["e1"]


def test_a_person_is_the_user_of_the_call_or_its_principal() -> None:
    book = Book([everyone()])
    experiments, analysis = Experiments(book), analyse(ask().request)
    for call in (ask(), ask(principal=Principal(id="key-2")), ask(user=None), ask(user="local")):
        experiments.settled(call, analysis, record())
    people = [trial.person for trial in book.trials]
    assert people[0] == people[1] != people[2] == people[3]
    assert "ann" not in people[0]


def test_a_result_says_what_the_call_came_to() -> None:
    book = Book([everyone()])
    experiments, analysis = Experiments(book), analyse(ask().request)
    experiments.settled(ask(), analysis, record())
    experiments.settled(ask(), analysis, record(error="no_backend", provider=None, attempts=()))
    whole, failed = book.trials
    assert (whole.model, whole.cost, whole.succeeded) == ("alpha/m", 1_000, True)
    assert (failed.model, failed.cost, failed.succeeded) == (None, 0, False)


def test_a_remembered_or_abandoned_call_is_no_result() -> None:
    book = Book([everyone()])
    for told in (record(cache=CacheInfo(hit=True, layer="memory")), record(error="cancelled")):
        Experiments(book).settled(ask(), analyse(ask().request), told)
    assert book.trials == []


# --- what it shows ----------------------------------------------------------------------------


def trials(
    of: Experiment,
    seed: int,
    good: Callable[[Arm], float] = lambda _: 0.9,
    cost: Callable[[Arm], float] = lambda _: 1e6,
    calls: int = 3,
) -> list[Trial]:
    """Results of all enrolled people: success by `good`, a cost in nano-dollars about `cost`."""
    dice = random.Random(seed)
    made: list[Trial] = []
    for person in PEOPLE:
        arm = assign(of, person)
        if arm is None:
            continue
        habit = dice.lognormvariate(0, 0.5)  # one person's calls are alike
        made += [
            Trial(
                experiment_id=of.id,
                call_id=f"{person}-{number}",
                decision_id="d",
                at=1.0,
                person=person_hash(of, person),
                arm=arm,
                model=of.model(arm),
                category="coding",
                latency_ms=dice.lognormvariate(5, 0.4) * habit,
                cost=int(cost(arm) * habit * dice.uniform(0.5, 1.5)),
                succeeded=dice.random() < good(arm),
                quality=dice.choice((None, 0.5, 1.0)),
            )
            for number in range(calls)
        ]
    return made


def test_the_same_against_the_same_shows_no_winner() -> None:
    """AT-304, LN-10: A/A, between the arms and within the control arm."""
    told = report(experiment(), trials(experiment(), seed=1))
    assert told.better == {}
    assert told.same_against_same == ()
    assert told.warnings == ()
    assert told.verdict == "no difference shown"
    assert told.differences["success_rate"].low < 0 < told.differences["success_rate"].high


def test_false_winners_are_as_rare_as_the_level_says() -> None:
    """LN-10: of 60 experiments without a difference, few find one in any of five measures."""
    false = sum(
        bool(report(one, trials(one, seed=n, calls=1)).better)
        for n in range(60)
        for one in [experiment(n, traffic=0.03)]
    )
    assert false <= 9  # 5 % are 3; nine or more would come by chance once in 500


def test_a_real_difference_is_found_and_its_side_is_right() -> None:
    """LN-06: the variant is cheaper and fails more."""
    told = report(
        experiment(),
        trials(
            experiment(),
            seed=2,
            good=lambda arm: 0.8 if arm == "variant" else 0.95,
            cost=lambda arm: 5e5 if arm == "variant" else 1e6,
        ),
    )
    assert told.better == {"success_rate": "control", "cost_usd": "variant"}
    assert told.differences["cost_usd"].high < 0
    assert "variant is better in cost_usd" in told.verdict


def test_few_people_give_no_verdict_however_many_calls() -> None:
    of = experiment(traffic=0.002)
    told = report(of, trials(of, seed=3, calls=200, good=lambda arm: float(arm == "control")))
    assert min(arm.people for arm in told.arms.values()) < ENOUGH
    assert told.better == {}
    assert told.verdict.startswith("too early")


def test_a_division_that_chance_does_not_make_is_told() -> None:
    """LN-10, X-35: sample-ratio mismatch."""
    all_of_them = trials(experiment(), seed=4)
    lost = {t.person for t in all_of_them if t.arm == "variant" and t.person < "8"}  # about half
    told = report(experiment(), [t for t in all_of_them if t.person not in lost])
    assert told.split_p_value < 0.001
    assert any("Sample ratio" in warning for warning in told.warnings)


def test_calls_that_another_model_answered_count_and_are_told() -> None:
    moved = [
        replace(t, model="gamma/m") if t.arm == "variant" else t
        for t in trials(experiment(), seed=5)
    ]
    told = report(experiment(), moved)
    assert told.arms["variant"].answered_by_own_model == 0
    assert told.arms["variant"].calls > 1_000
    assert any("variant" in warning for warning in told.warnings)


def test_an_experiment_without_results_has_a_report() -> None:
    told = report(experiment(), [])
    assert told.arms["control"].calls == 0
    assert told.differences == {}
    assert told.verdict.startswith("too early")


# --- the formulas against published values ----------------------------------------------------


@pytest.mark.parametrize(
    ("p", "freedom", "table"),
    [(0.975, 5, 2.5706), (0.975, 29, 2.0452), (0.995, 10, 3.1693), (0.95, 60, 1.6706)],
)
def test_t_quantiles_are_those_of_the_table(p: float, freedom: int, table: float) -> None:
    assert t_quantile(p, freedom) == pytest.approx(table, rel=1e-3)


def test_wilson_is_wilson_where_each_person_calls_once() -> None:
    """Newcombe 1998, table I: 15 of 148 gives 0.0624 to 0.1605."""
    shares = [Share(1, 1)] * 15 + [Share(0, 1)] * 133
    found = rate_interval(shares, 0.95)
    assert found is not None
    assert (round(found.low, 4), round(found.high, 4)) == (0.0624, 0.1605)


def test_a_difference_of_shares_is_newcombes() -> None:
    """Newcombe 1998, method 10: 56/70 against 48/80 gives 0.0524 to 0.3339."""
    shares = ([Share(1, 1)] * k + [Share(0, 1)] * (n - k) for k, n in ((56, 70), (48, 80)))
    one, other = (rate_interval(each, 0.95) for each in shares)
    assert one is not None
    assert other is not None
    found = difference(one, other)
    assert (round(found.low, 4), round(found.high, 4)) == (0.0524, 0.3339)


def test_calls_of_one_person_are_not_worth_as_many_people() -> None:
    once = rate_interval([Share(1, 1)] * 50 + [Share(0, 1)] * 50, 0.95)
    often = rate_interval([Share(10, 10)] * 50 + [Share(0, 10)] * 50, 0.95)
    assert once is not None
    assert often is not None
    assert often == pytest.approx(once)


def test_a_mean_of_one_person_has_no_bounds() -> None:
    found = mean_interval([Share(10, 4)], 0.95)
    assert found == Interval(2.5, -math.inf, math.inf)
    assert mean_interval([], 0.95) is None


def test_intervals_hold_what_they_promise() -> None:
    """Coverage of mean, share and quantiles over people who call one to five times."""
    dice = random.Random(6)
    held = {"mean": 0, "share": 0, "p50": 0, "p95": 0}
    for _ in range(200):
        people = [[dice.expovariate(1) for _ in range(dice.randint(1, 5))] for _ in range(80)]
        shares = [Share(sum(p), len(p)) for p in people]
        below = [Share(sum(v < 1 for v in p), len(p)) for p in people]
        truths = {"mean": 1.0, "share": 1 - math.exp(-1), "p50": math.log(2), "p95": math.log(20)}
        found = {
            "mean": mean_interval(shares, 0.95),
            "share": rate_interval(below, 0.95),
            "p50": quantile_interval(people, 0.5, 0.95),
            "p95": quantile_interval(people, 0.95, 0.95),
        }
        for name, interval in found.items():
            assert interval is not None
            held[name] += interval.low <= truths[name] <= interval.high
    assert all(count >= 178 for count in held.values()), held  # 190 expected; 4 deviations less


def test_the_ratio_test_is_the_chi_square_of_the_table() -> None:
    assert ratio_p_value(440, 560, 0.5) == pytest.approx(0.000147802, rel=1e-4)
    assert ratio_p_value(90, 10, 0.1) == 1.0
    assert ratio_p_value(0, 0, 0.5) == 1.0
