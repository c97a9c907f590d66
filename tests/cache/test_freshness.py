"""How long an answer may be served. CA-04, CA-23, CA-29, X-04"""

from dataclasses import replace

import pytest

from cache.freshness import freshness_of
from pointsman.settings import CacheSettings
from tests.contract.cache import remembered

DAY, HOUR = 86_400, 3_600
USUAL = freshness_of(CacheSettings())


def test_what_was_asked_says_how_long() -> None:
    assert USUAL.limit_s(remembered()) == DAY
    assert USUAL.limit_s(remembered(time_sensitive=True)) == HOUR
    assert USUAL.limit_s(replace(remembered(), pinned=True)) == 30 * DAY
    assert USUAL.limit_s(replace(remembered(time_sensitive=True), pinned=True)) == HOUR


@pytest.mark.parametrize("name", ["acme-large", "acme/acme-large"])
def test_a_model_may_be_fresh_for_less_but_not_for_more(name: str) -> None:
    def limit_s(ttl_s: float) -> float:
        settings = CacheSettings.model_validate({"models": {name: {"ttl_s": ttl_s}}})
        return freshness_of(settings).limit_s(remembered())

    assert (limit_s(600), limit_s(10 * DAY)) == (600, DAY)


def test_the_answers_of_a_model_may_be_kept_out() -> None:
    settings = CacheSettings.model_validate({"models": {"acme-large": {"enabled": False}}})
    assert not freshness_of(settings).keeps(remembered())
    assert USUAL.keeps(remembered())


def test_a_learned_share_stays_within_a_minute_and_the_bound() -> None:
    def limit_s(share: float) -> float:
        return replace(USUAL, share=lambda _: share).limit_s(remembered())

    assert (limit_s(0.5), limit_s(0.0)) == (DAY / 2, 60)
    short = replace(USUAL, general_s=10.0, share=lambda _: 0.5)
    assert short.limit_s(remembered()) == 10
