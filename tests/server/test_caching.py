"""The handling of the cache on the whole engine: its doors, and what a report changes."""

from pathlib import Path
from typing import Any

import pytest

from pointsman.errors import InvalidInput, NotFound
from pointsman.records import LOCAL, Principal
from server.app import App
from tests.chaos import chaos_upstream
from tests.server.test_http import http_of
from tools.describe import arguments_from
from tools.tool import Caller

PRICED: dict[str, Any] = {"id": "m", "price": {"input": 3.0, "output": 15.0}}


def settings(url: str) -> dict[str, Any]:
    return {
        "local": {"enabled": False},
        "embedding": {"enabled": False},
        "providers": {"acme": {"base_url": f"{url}/v1", "models": [PRICED]}},
    }


async def use(app: App, name: str, who: Principal = LOCAL, **given: Any) -> dict[str, Any]:
    tool = app.tool(name)
    result = await tool.run(arguments_from(name, tool.arguments, given), Caller(who))
    return result.model_dump(mode="json", by_alias=True)


async def test_the_analytics_are_those_of_the_engine(tmp_path: Path) -> None:
    """AT-301: four fields; the savings are the avoided ledger prices and nothing else."""
    async with (
        chaos_upstream() as upstream,
        http_of(settings(upstream.url), tmp_path) as (http, app),
    ):
        costs = [(await use(app, "complete", prompt=p))["cost_usd"] for p in ("one", "two", "six")]
        for prompt in ("one", "one", "two"):
            assert (await use(app, "complete", prompt=prompt))["cache"]["hit"]
        told = (await http.get("/api/v1/llm/cache-analytics")).json()
        stats = (await http.get("/api/v1/cache/stats?group_by=scope")).json()
        billed = (await use(app, "cost_stats"))["totals"]
        purged = (await http.post("/api/v1/cache/purge", json={"model": "acme/m"})).json()
        assert (await http.get("/health")).json()["redis"] == "disabled"
        assert not (await use(app, "complete", prompt="one"))["cache"]["hit"]
    assert told.keys() == {"hit_rate", "savings", "top_cached_queries", "cache_size"}
    assert told["savings"] == pytest.approx(2 * costs[0] + costs[1])
    assert told["savings"] == billed["saved_by_cache_usd"] > 0
    assert (told["hit_rate"], told["cache_size"]) == (0.5, 3)
    assert [(q["query"], q["hits"]) for q in told["top_cached_queries"]] == [("one", 2), ("two", 1)]
    assert stats["layers"]["memory_items"] == 3
    assert stats["layers"]["memory_bytes"] > 1000
    assert {row["scope"] for row in stats["rows"]} == {None, "user:local"}
    assert purged == {"removed": 3}


async def test_a_false_hit_that_was_reported_does_not_come_back(tmp_path: Path) -> None:
    """T-27 with it: another principal's report finds nothing."""
    async with chaos_upstream() as upstream, http_of(settings(upstream.url), tmp_path) as (_, app):
        asked: dict[str, Any] = {"prompt": "What is the capital of France?"}
        other: dict[str, Any] = {"prompt": "please tell me what the capital of France is"}
        near: dict[str, Any] = {"prompt": "what is the capital of france"}
        await use(app, "complete", **asked)
        hit = (await use(app, "complete", **near))["cache"]
        assert (hit["hit"], hit["kind"]) == (True, "semantic")
        with pytest.raises(NotFound):
            await use(app, "cache_report_wrong", Principal(id="eve"), hit_id=hit["hit_id"])
        done = await use(app, "cache_report_wrong", hit_id=hit["hit_id"])
        assert done == {"removed": True, "tightened": True}
        assert not (await use(app, "complete", **near))["cache"]["hit"]
        assert not (await use(app, "complete", **other))["cache"]["hit"]
        totals = (await use(app, "cache_stats"))["totals"]
        assert (totals["semantic"], totals["false_hit_reports"]) == (1, 1)
        assert totals["false_hit_rate"] == 1.0


async def test_what_was_kept_can_be_purged_once_the_cache_is_off(tmp_path: Path) -> None:
    """And nothing is spent on filling it, be it on request or at the start."""
    async with chaos_upstream() as upstream:
        async with http_of(settings(upstream.url), tmp_path) as (_, app):
            await use(app, "complete", prompt="one")
        off = settings(upstream.url) | {"cache": {"enabled": False, "warm_on_start": 5}}
        async with http_of(off, tmp_path) as (http, app):
            app.start()
            assert not (await use(app, "complete", prompt="one"))["cache"]["hit"]
            with pytest.raises(InvalidInput, match="is off"):
                await use(app, "cache_warm", prompts=["two"])
            assert (await http.post("/api/v1/cache/purge", json={"all": True})).json() == {
                "removed": 1
            }
        assert len(upstream.requests) == 2
