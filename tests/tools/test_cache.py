"""The cache's tools on a real cache and ledger: what they tell, forget and take as reported."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from accounting.stats import cost_stats
from cache.key import Keys, scope_of
from cache.scope import Share, belongs, scope_for
from pointsman.errors import InvalidInput, NotFound
from pointsman.records import LOCAL, Call, Principal
from pointsman.types import ChatRequest, Message, Outcome
from tests.fakes import FakeProvider, make_model, price, refusing, saying
from tests.tools.caching import GENERAL_S, bench
from tools.cache import PROMPT_SHOWN
from tools.complete import complete_tool, result

ANN = Principal(id="ann", department="sales")
BOB = Principal(id="bob", department="sales")
EVE = Principal(id="eve")


async def test_the_statistics_price_what_was_not_paid_again(tmp_path: Path) -> None:
    """CA-16, CA-26, AT-301: savings are the sum of the avoided prices, and of no others."""
    async with bench(tmp_path) as b:
        costs = {text: (await b.ask(text)).cost for text in ("one", "two", "three")}
        for text in ("one", "one", "two"):
            assert (await b.ask(text)).cache.hit
        told = await b.use("cache_stats", group_by=["kind"])
        billed = await cost_stats(b.book.ledger, now=b.clock.clock().wall())
    totals = told["totals"]
    assert (totals["requests"], totals["hits"], totals["hit_rate"]) == (6, 3, 0.5)
    assert totals["saved_usd"] == billed.totals.saved_by_cache_usd
    assert round(totals["saved_usd"] * 1e9) == 2 * (costs["one"] or 0) + (costs["two"] or 0) > 0
    assert [(row["kind"], row["hits"]) for row in told["rows"]] == [("exact", 3), (None, 0)]
    assert [(top["prompt"], top["hits"]) for top in told["top"]] == [("one", 2), ("two", 1)]
    assert told["layers"]["database_items"] == 3


async def test_a_prompt_is_shown_to_those_whose_it_is_and_shortened(tmp_path: Path) -> None:
    """T-27: whoever else looks sees that there is an answer, and not to what."""
    secret = "a secret\n" + "word " * 100
    async with bench(tmp_path) as b:
        for _ in range(2):
            await b.ask(secret, ANN)
            await b.ask("alone", EVE, user="kid")
        shown = {
            who.id: [top["prompt"] for top in (await b.use("cache_stats", who))["top"]]
            for who in (ANN, BOB, EVE, LOCAL)
        }
        text = b.tools["cache_stats"].read(
            b.tools["cache_stats"].result.model_validate(await b.use("cache_stats", BOB))
        )
    short = "a secret " + "word " * 14 + "\N{HORIZONTAL ELLIPSIS}"
    assert len(short) == PROMPT_SHOWN
    assert {who: set(prompts) for who, prompts in shown.items()} == {
        "ann": {short, None}, "bob": {short, None}, "eve": {"alone", None}, "local": {None}
    }  # fmt: skip
    assert "a secret" in text
    assert "alone" not in text


@given(
    st.text(max_size=8), st.text(max_size=8), st.none() | st.text(max_size=8), st.booleans(),
    st.sampled_from(["user", "department", "public"]),
)  # fmt: skip
def test_what_is_kept_for_a_caller_is_theirs_and_no_strangers(
    id: str, department: str, user: str | None, private: bool, share: Share
) -> None:
    who = Principal(id=id, department=department)
    call = Call(
        request=ChatRequest(messages=(Message("user", "x"),)),
        principal=who,
        user=user,
        metadata={"private": "1"} if private else {},
    )
    scope = scope_for(call, share)
    assert belongs(scope, who)
    stranger = Principal(id=id + "x", department=department + "x")
    assert belongs(scope, stranger) is (scope == "public")
    assert scope_of(Keys(share=share).key(call, "s")) == scope


async def test_a_purge_is_told_to_the_log(tmp_path: Path) -> None:
    """Who, what and how many; nothing of what was asked."""
    async with bench(tmp_path) as b:
        await b.ask("a secret")
        with capture_logs() as logs:
            await b.use("cache_purge", ANN, scope="user:local", model="m")
    (fact,) = [fact for fact in logs if fact["event"] == "cache.purged"]
    assert (fact["principal"], fact["scope"], fact["model"]) == ("ann", "user:local", "m")
    assert fact["removed"] == 1
    assert "secret" not in str(logs)


async def test_answers_are_forgotten_by_what_they_are(tmp_path: Path) -> None:
    """AT-004, CA-05, CA-28: the count of what is gone, and the rest is still there."""
    async with bench(tmp_path, [provider("a"), provider("b")]) as b:
        for text in ("one", "two"):
            await b.ask(text, model="a/m")
        await b.ask("one", model="b/m")
        await b.ask("one", ANN, model="b/m")
        assert await b.use("cache_purge", model="a/m") == {"removed": 2}
        assert not (await b.ask("one", model="a/m")).cache.hit
        assert (await b.ask("one", model="b/m")).cache.hit
        assert await b.use("cache_purge", scope="department:sales") == {"removed": 1}
        b.clock.advance(100)
        await b.ask("new")
        assert await b.use("cache_purge", older_than_s=50) == {"removed": 2}
        assert (await b.ask("new")).cache.hit
        assert await b.use("cache_purge", prefix="cc:v9") == {"removed": 0}
        assert await b.use("cache_purge", all=True) == {"removed": 1}
        told = (await b.use("cache_stats"))["purges"]
    assert [(p["by"], p["removed"]) for p in told] == [
        ("local", 1), ("local", 0), ("local", 2), ("local", 1), ("local", 2)
    ]  # fmt: skip
    assert told[0]["what"] == "all"
    assert told[2]["what"].startswith("older than 20")
    assert told[3]["what"] == "scope department:sales"


@pytest.mark.parametrize("model", ["auto", "a/m"])
async def test_the_answers_of_a_model_that_changed_are_found_no_more(
    model: str, tmp_path: Path
) -> None:
    """AT-004, CA-05: without anybody's purging them."""
    backend = provider("a")
    async with bench(tmp_path, [backend]) as b:
        await b.ask("one", model=model)
        assert (await b.ask("one", model=model)).cache.hit
        backend.models = (make_model("a", cost=price(1, 2), context=9_000),)
        b.catalogue.fingerprint = "changed"
        assert not (await b.ask("one", model=model)).cache.hit
        assert await b.use("cache_purge", model="m") == {"removed": 2}


def provider(name: str) -> FakeProvider:
    return FakeProvider(name, saying("an answer"), [make_model(name, cost=price(1, 2))])


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"all": False},
        {"all": True, "model": "m"},
        {"scope": ""},
        {"older_than_s": -1},
        {"older_than_s": float("inf")},
        {"everything": True, "all": True},
    ],
)
async def test_a_purge_that_says_nothing_or_too_much_forgets_nothing(
    arguments: dict[str, Any], tmp_path: Path
) -> None:
    async with bench(tmp_path) as b:
        await b.ask("one")
        with pytest.raises(InvalidInput):
            await b.use("cache_purge", **arguments)
        assert (await b.ask("one")).cache.hit


@pytest.mark.parametrize("by", ["hit_id", "decision_id", "key"])
async def test_an_answer_reported_as_wrong_is_gone(by: str, tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.ask("one")
        hit = await b.ask("one")
        names: dict[str, Any] = {
            "hit_id": hit.cache.hit_id, "decision_id": hit.decision_id, "key": hit.cache.key
        }  # fmt: skip
        assert await b.use("cache_report_wrong", **{by: names[by]}) == {
            "removed": True, "tightened": False
        }  # fmt: skip
        assert not (await b.ask("one")).cache.hit


async def test_nobody_reports_what_was_not_served_to_them(tmp_path: Path) -> None:
    """T-27: an answer of another's scope looks the same as none."""
    async with bench(tmp_path) as b:
        await b.ask("one", ANN)
        hit = await b.ask("one", ANN)
        for who in (EVE, LOCAL):
            for name in (
                {"hit_id": hit.cache.hit_id}, {"decision_id": hit.decision_id},
                {"key": hit.cache.key}, {"hit_id": "none"}, {"key": f"cc:v1:user:none:{'0' * 64}"},
            ):  # fmt: skip
                with pytest.raises(NotFound) as caught:
                    await b.use("cache_report_wrong", who, **name)
                assert caught.value.message == "There is no such answer from the cache."
        assert (await b.ask("one", ANN)).cache.hit
        told = await b.use("cache_report_wrong", BOB, hit_id=hit.cache.hit_id)
        assert told["removed"]  # who shares an answer may say that it is wrong


async def test_a_key_of_ones_own_that_holds_nothing_is_not_found(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        key = Keys().key(b.call("never asked"), "s")
        with pytest.raises(NotFound):
            await b.use("cache_report_wrong", key=key)
        assert (await b.book.stats()).reports.all == 0


@pytest.mark.parametrize(
    "names",
    [
        {},
        {"hit_id": "1", "decision_id": "d"},
        {"hit_id": "1", "reason": "x"},
        {"key": "cc:v1:user:local:"},
        {"key": "cc:v1:public:0"},
    ],
)
async def test_a_report_names_one_answer(names: dict[str, Any], tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        with pytest.raises(InvalidInput):
            await b.use("cache_report_wrong", **names)


async def test_answers_that_get_outdated_are_fresh_for_shorter(tmp_path: Path) -> None:
    """CA-29: half the time of the category after one report, and once for each hit."""
    async with bench(tmp_path) as b:
        category = (await b.ask("one")).category
        hit = await b.ask("one")
        for _ in range(2):
            await b.use("cache_report_wrong", hit_id=hit.cache.hit_id, reason="outdated")
        assert b.learned.share(category) == 0.5
        await b.ask("one")
        b.clock.advance(GENERAL_S * 0.4)
        assert (await b.ask("one")).cache.hit
        b.clock.advance(GENERAL_S * 0.2)
        assert not (await b.ask("one")).cache.hit
        assert (await b.use("cache_stats"))["totals"]["outdated_reports"] == 1


async def test_a_receipt_says_which_hit_it_was_and_warns_of_a_stale_one(tmp_path: Path) -> None:
    backend = FakeProvider("a", saying("an answer"))
    async with bench(tmp_path, [backend]) as b:
        await b.ask("one")
        b.clock.advance(2 * GENERAL_S)
        backend.script = refusing(Outcome.FAILURE)
        receipt = result(await b.ask("one"), parse=False)
        cached = receipt.cache
        assert (cached.kind, cached.stale, cached.probability) == ("exact", True, None)
        assert cached.hit_id
        (warning,) = receipt.warnings or [""]
        assert "172800 s old" in warning
        assert f"[{warning}]" in complete_tool(b.dispatcher).read(receipt)
        assert (await b.use("cache_stats"))["totals"]["stale"] == 1


async def test_tidying_deletes_what_has_passed_its_time(tmp_path: Path) -> None:
    """CA-15"""
    async with bench(tmp_path) as b:
        await b.ask("one")
        b.clock.advance(9e6)
        await b.ask("two")
        assert await b.use("cache_gc") == {
            "removed": 1, "items": 1, "bytes_before": 2000, "bytes": 1000
        }  # fmt: skip
