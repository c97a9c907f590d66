"""The rows of what was learned: who may rate what, what counts, and how answers pleased."""

from functools import partial
from pathlib import Path

from pointsman.records import LOCAL, CacheInfo, Principal
from storage.learning import (
    Feedback,
    Outcome,
    forget,
    read_answered,
    read_outcomes,
    read_ratings,
    read_satisfaction,
    write_feedback,
    write_outcome,
)
from tests.accounting.examples import NOW, call, ledger_in

NOW_MS = round(NOW * 1000)

HIT = CacheInfo(hit=True, layer="memory")


def feedback(number: int, rating: float | None = -1.0, **fields: object) -> Feedback:
    facts = {
        "decision_id": f"d{number}",
        "principal": "local",
        "kind": "rating",
        "at_ms": NOW_MS + number,
        "model": "acme/acme-large",
        "category": "general",
        "band": "low",
        "rating": rating,
        "expected": 0.75,
    }
    return Feedback(**{**facts, **fields})  # type: ignore[arg-type]


async def test_only_who_got_an_answer_finds_it(tmp_path: Path) -> None:
    bob = Principal(id="bob")
    async with ledger_in(tmp_path) as (ledger, database):
        await ledger.settle(call(1))
        await ledger.settle(call(2, provider=None, model=None, error="no_backend"))
        await ledger.settle(call(3, decision_id="d1", principal=bob, cache=HIT))
        for decision, who, found in (
            ("d1", "local", ("acme/acme-large", "general")),
            ("d1", "bob", ("acme/acme-large", "general")),
            ("d1", "mallory", None),
            ("d2", "local", (None, "general")),
            ("d2", "bob", None),
            ("no such \ud800", "local", None),
        ):
            query = partial(read_answered, decision_id=decision, principal=who)
            assert await database.read(query) == found


async def test_the_latest_rating_of_an_answer_is_the_one_that_is_kept(tmp_path: Path) -> None:
    async with ledger_in(tmp_path) as (_, database):
        for number in range(100):
            row = feedback(1, number / 100, at_ms=NOW_MS + number, comment="half \ud800")
            await database.write(partial(write_feedback, feedback=row))
        (kept,) = await database.read(partial(read_ratings, since_ms=0, most=50))
    assert (kept.rating, kept.at_ms, kept.comment) == (0.99, NOW_MS + 99, "half ?")


async def test_the_latest_ratings_of_each_are_read_whoever_else_floods(tmp_path: Path) -> None:
    async with ledger_in(tmp_path) as (_, database):
        await database.write(partial(write_feedback, feedback=feedback(0)))
        for number in range(1, 60):
            row = feedback(number, principal="mallory")
            await database.write(partial(write_feedback, feedback=row))
        found = await database.read(partial(read_ratings, since_ms=0, most=20))
        later = await database.read(partial(read_ratings, since_ms=NOW_MS + 55, most=20))
    assert [r.at_ms for r in found] == sorted(r.at_ms for r in found)
    assert [r.decision_id for r in found if r.principal == "local"] == ["d0"]
    assert [r.decision_id for r in found[1:]] == [f"d{n}" for n in range(40, 60)]
    assert len(later) == 5


async def test_what_is_forgotten_counts_no_more_and_stays_in_the_books(tmp_path: Path) -> None:
    outcome = Outcome(
        principal="local",
        model="acme/acme-large",
        category="general",
        band="low",
        at_ms=NOW_MS,
        clean=3.5,
        trouble=0.5,
    )
    async with ledger_in(tmp_path) as (ledger, database):
        await ledger.settle(call(1))
        await database.write(partial(write_feedback, feedback=feedback(1)))
        await database.write(partial(write_feedback, feedback=feedback(2, category="math")))
        await database.write(partial(write_feedback, feedback=feedback(3, principal="bob")))
        await database.write(partial(write_outcome, outcome=outcome))
        assert await database.read(partial(read_outcomes, since_ms=0)) == [outcome]
        drop = partial(forget, principal="local", model=None, category="general")
        assert [await database.write(drop), await database.write(drop)] == [1, 0]
        kept = await database.read(partial(read_ratings, since_ms=0, most=50))
        assert await database.read(partial(read_outcomes, since_ms=0)) == []
        pleased = await database.read(partial(read_satisfaction, since_ms=0))
    assert [row.decision_id for row in kept] == ["d2", "d3"]
    assert (pleased.rated, pleased.rated_well) == (1, 0)


async def test_satisfaction_is_a_share_of_answers_with_its_n(tmp_path: Path) -> None:
    """LN-05: explicit ratings and implicit signals, as a ratio with n."""
    async with ledger_in(tmp_path) as (ledger, database):
        assert (await database.read(partial(read_satisfaction, since_ms=0))).ratio is None
        for number in range(1, 9):
            await ledger.settle(call(number))
        await ledger.settle(call(20, decision_id="d8", cache=HIT))  # the same answer again
        await ledger.settle(call(9, model=None, provider=None, error="no_backend"))
        await ledger.settle(call(10, at=NOW - 1000))
        await ledger.settle(call(12, tool="benchmark"))
        await ledger.settle(call(11, principal=Principal(id="bob")))
        for row in (
            feedback(1, 1.0),
            feedback(2, 0.2),
            feedback(3, -0.5),
            feedback(4, None, kind="again"),
            feedback(5, None, kind="schema"),
            feedback(5, None, kind="again"),
            feedback(6, 0.9),
            feedback(6, None, kind="again"),  # they said that it pleased all the same
            feedback(7, -1.0, principal="mallory"),  # not theirs to judge
        ):
            await database.write(partial(write_feedback, feedback=row))
        query = partial(read_satisfaction, since_ms=NOW_MS - 1, principal=LOCAL.id)
        own = await database.read(query)
        all_ = await database.read(partial(read_satisfaction, since_ms=NOW_MS - 1))
    assert (own.rated, own.rated_well, own.unrated, own.unrated_well) == (4, 3, 4, 2)
    assert (own.n, own.ratio) == (8, 5 / 8)
    assert (all_.unrated, all_.unrated_well) == (5, 3)
