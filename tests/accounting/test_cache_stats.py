"""What the ledger tells of the cache. CA-16, CA-26"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from accounting.cache_stats import CacheBook
from accounting.ledger import DatabaseLedger
from accounting.stats import cost_stats
from cache.key import Keys, scope_of
from pointsman.errors import InvalidInput
from pointsman.records import LOCAL, CacheInfo, CacheKind, Call, Layer, Principal
from pointsman.types import ChatRequest, Message
from storage.database import Database
from tests.accounting.examples import NOW, call, ledger_in
from tests.fakes import SteadyClock

DAY = 86_400
CLOCK = SteadyClock(now=NOW - 1_700_000_000.0)
Books = tuple[DatabaseLedger, Database, CacheBook]


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[Books]:
    async with ledger_in(tmp_path) as (ledger, database):
        yield ledger, database, CacheBook(database, CLOCK.clock())


def key_of(prompt: str, user: str | None = None) -> str:
    asked = Call(request=ChatRequest(messages=(Message("user", prompt),)), user=user)
    return Keys().key(asked, "s")


def hit(key: str, layer: Layer = "memory", kind: CacheKind = "exact", **facts: Any) -> CacheInfo:
    return CacheInfo(hit=True, layer=layer, kind=kind, key=key, **facts)


async def test_nothing_asked_is_nothing(books: Books) -> None:
    _, _, book = books
    stats = await book.stats(group_by=["layer"])
    assert (stats.totals.requests, stats.totals.hit_rate, stats.totals.saved_usd) == (0, 0, 0)
    assert not any((stats.rows, stats.top, stats.reasked, stats.purges))
    assert stats.false_hit_rate is None


async def test_hits_of_each_kind_are_counted_and_priced(books: Books) -> None:
    """AT-301: what was saved is the sum of the prices that were not paid again."""
    ledger, database, book = books
    ledger.note(call(1, category="math"))
    ledger.note(call(2, cache=hit("k"), saved_by_cache=7, category="math"))
    ledger.note(call(3, cache=hit("k", "database"), saved_by_cache=7))
    near = hit("k", "database", "semantic", similarity=0.93, probability=0.995)
    ledger.note(call(4, cache=near, saved_by_cache=5))
    ledger.note(call(5, cache=hit("k", "redis", "adapted", stale=True), saved_by_cache=1))
    ledger.note(call(6, tool="benchmark"))
    ledger.note(call(7, tool="cache_warm", cache=hit("k"), saved_by_cache=0))
    stats = await book.stats(since="all", group_by=["layer"])
    totals = stats.totals
    assert (totals.requests, totals.hits, totals.hit_rate) == (5, 4, 0.8)
    assert (totals.exact, totals.semantic, totals.adapted, totals.stale) == (2, 1, 1, 1)
    assert totals.saved_usd == 20e-9
    assert totals.saved_usd == (await cost_stats(database, now=NOW)).totals.saved_by_cache_usd
    by_layer = {row.keys["layer"]: row.measures for row in stats.rows}
    assert {layer: of.hit_rate for layer, of in by_layer.items()} == {
        "database": 0.4, "memory": 0.2, "redis": 0.2, None: 0.0
    }  # fmt: skip
    assert by_layer["database"].saved_usd == 12e-9


async def test_a_rate_is_of_the_calls_that_the_rest_of_the_keys_names(books: Books) -> None:
    ledger, _, book = books
    for number in range(4):
        cache = hit("k") if number < 3 else CacheInfo(hit=False)
        ledger.note(call(number, category="math", cache=cache))
    ledger.note(call(5, category="coding"))
    rows = (await book.stats(since="all", group_by=["kind", "category"])).rows
    found = [(*row.keys.values(), row.measures.hit_rate) for row in rows]
    assert found[0] == ("exact", "math", 0.75)
    assert set(found[1:]) == {(None, "coding", 0.0), (None, "math", 0.0)}


@pytest.mark.parametrize("user", [None, "ann", "half: a/b"])
async def test_the_scope_of_a_row_is_the_scope_of_its_key(books: Books, user: str | None) -> None:
    ledger, _, book = books
    key = key_of("hello", user)
    ledger.note(call(1, cache=hit(key)))
    (row,) = (await book.stats(since="all", group_by=["scope"])).rows
    assert row.keys == {"scope": scope_of(key)}
    (row,) = (await book.stats(since="all", group_by=["model"])).rows
    assert row.keys == {"model": "acme/acme-large"}


async def test_the_most_used_come_first_and_only_of_the_time_asked_about(books: Books) -> None:
    ledger, _, book = books
    for number, (key, age) in enumerate([("a", 0), ("b", 1), ("b", 2), ("c", 9), ("c", 9)]):
        ledger.note(call(number, cache=hit(key), at=NOW - age * DAY, saved_by_cache=3))
    top = (await book.stats(since="7d", top=2)).top
    assert [(t.key, t.hits, t.saved) for t in top] == [("b", 2, 6), ("a", 1, 3)]
    assert top[0].last_ms == round((NOW - DAY) * 1000)
    assert [t.key for t in await book.most_hit(3)] == ["b", "c", "a"]


async def test_how_soon_an_answer_is_asked_for_again_is_told_by_category(books: Books) -> None:
    ledger, _, book = books
    ledger.note(call(1, decision_id="d", at=NOW - 1000))
    for number, seconds_ago in enumerate((900, 880, 400), 2):
        ledger.note(call(number, decision_id="d", at=NOW - seconds_ago, cache=hit("k")))
    ledger.note(call(9, decision_id="e", at=NOW))
    (found,) = (await book.stats()).reasked
    assert (found.category, found.n, found.median_ms) == ("general", 3, 100_000)


async def test_a_false_hit_counts_once_for_each_who_says_so(books: Books) -> None:
    ledger, _, book = books
    for number in range(4):
        ledger.note(call(number, cache=hit("k", kind="semantic" if number else "exact")))
    meant = await book.hit(LOCAL, hit_id="c1")
    assert meant is not None
    assert (meant.key, meant.kind, meant.category) == ("k", "semantic", "general")
    bob = Principal(id="bob")
    assert await book.reported(LOCAL, meant, "wrong", removed=1)
    assert not await book.reported(LOCAL, meant, "wrong", removed=0)
    assert await book.reported(bob, meant, "outdated", removed=0)
    exact = await book.hit(LOCAL, hit_id="c0")
    assert exact is not None
    await book.reported(LOCAL, exact, "wrong", removed=0)
    stats = await book.stats(since="all")
    told = stats.reports
    assert (told.false_hits, told.outdated, told.all) == (1, 1, 3)
    assert stats.false_hit_rate == 1 / 3


async def test_a_hit_is_found_by_its_id_its_answers_decision_or_its_key(books: Books) -> None:
    ledger, _, book = books
    ledger.note(call(1))
    ledger.note(call(2, decision_id="d1", cache=hit("k"), at=NOW + 1))
    ledger.note(
        call(3, decision_id="d1", cache=hit("k"), principal=Principal(id="bob"), at=NOW + 2)
    )
    found = [
        await book.hit(LOCAL, hit_id="c2"),
        await book.hit(LOCAL, decision_id="d1"),
        await book.hit(LOCAL, key="k"),
        await book.hit(LOCAL, hit_id="c1"),
        await book.hit(LOCAL, decision_id="d2"),
        await book.hit(LOCAL, hit_id="half \ud800"),
    ]
    assert [None if h is None else h.id for h in found] == ["c2", "c2", "c3", None, None, None]


async def test_who_purged_what_is_shown(books: Books) -> None:
    _, _, book = books
    facts: dict[str, Any] = {"scope": None, "prefix": None, "stored_before": NOW - 60}
    await book.purged(LOCAL, model="m \ud800", removed=3, **facts)
    (purge,) = (await book.stats()).purges
    assert (purge.principal, purge.model, purge.removed) == ("local", "m ?", 3)
    assert purge.stored_before_ms == round((NOW - 60) * 1000)


@pytest.mark.parametrize("asked", [{"since": "yesterday"}, {"group_by": ["colour"]}])
async def test_what_cannot_be_understood_is_the_callers_to_mend(
    books: Books, asked: dict[str, Any]
) -> None:
    _, _, book = books
    with pytest.raises(InvalidInput):
        await book.stats(**asked)
