"""The `cache_stats` tool: what the cache was worth, and how full it is."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import Field

from accounting.cache_stats import CacheBook, CacheMeasures, CacheStats, Purged, Top
from pointsman.money import NANO_PER_USD
from pointsman.records import Principal
from tools.cache import CacheState, Peek, ReadState, is_theirs, prompt_of
from tools.tool import Arguments, Caller, Result, Tool

Group = Literal["layer", "kind", "category", "scope", "model"]


class CacheStatsArguments(Arguments):
    since: str = Field(default="7d", description="30m, 24h, 7d, 2w, all, or an RFC 3339 time")
    group_by: list[Group] | None = None
    top: int = Field(default=10, ge=0, le=100)


class CacheMeasuresOut(Result):
    requests: int
    hits: int
    hit_rate: float
    exact: int
    semantic: int
    adapted: int
    stale: int
    saved_usd: float


class CacheTotalsOut(CacheMeasuresOut):
    false_hit_reports: int = Field(description="semantic hits reported as wrong")
    false_hit_rate: float | None = Field(description="of the semantic hits")
    outdated_reports: int


class TopOut(Result):
    key: str
    hits: int
    saved_usd: float
    last: str
    category: str | None
    prompt: str | None  # None: it is not the caller's, or no longer kept


class ReaskedOut(Result):
    category: str | None
    n: int
    median_s: float


class PurgeOut(Result):
    at: str
    by: str
    what: str
    removed: int


class CacheStatsResult(Result):
    totals: CacheTotalsOut
    rows: list[dict[str, Any]]
    top: list[TopOut]
    reasked: list[ReaskedOut] = Field(description="until the same answer is asked for again")
    purges: list[PurgeOut]
    layers: dict[str, Any]


def cache_stats_tool(book: CacheBook, state: ReadState, peek: Peek) -> Tool:
    async def run(given: CacheStatsArguments, caller: Caller) -> CacheStatsResult:
        stats = await book.stats(since=given.since, group_by=given.group_by or (), top=given.top)
        top = [await _top(entry, peek, caller.principal) for entry in stats.top]
        return result(stats, top, await state())

    return Tool(
        name="cache_stats",
        title="What the cache was worth",
        description="Hits, savings, the answers served most, how soon they are asked for again, "
        "reports of wrong ones, and how full each layer is.",
        arguments=CacheStatsArguments,
        result=CacheStatsResult,
        run=run,
        read=_read,
        read_only=True,
        open_world=False,
        toolset="cache",
    )


def result(stats: CacheStats, top: Sequence[TopOut], state: CacheState) -> CacheStatsResult:
    totals = CacheTotalsOut(
        **asdict(stats.totals),
        false_hit_reports=stats.reports.false_hits,
        false_hit_rate=stats.false_hit_rate,
        outdated_reports=stats.reports.outdated,
    )
    return CacheStatsResult(
        totals=totals,
        rows=[{**row.keys, **_measures(row.measures).model_dump()} for row in stats.rows],
        top=list(top),
        reasked=[
            ReaskedOut(category=r.category, n=r.n, median_s=r.median_ms / 1000)
            for r in stats.reasked
        ],
        purges=[
            PurgeOut(at=_time(p.at_ms), by=p.principal, what=_what(p), removed=p.removed)
            for p in stats.purges
        ],
        layers=asdict(state),
    )


async def _top(entry: Top, peek: Peek, principal: Principal) -> TopOut:
    kept = await peek(entry.key) if is_theirs(entry.key, principal) else None
    return TopOut(
        key=entry.key,
        hits=entry.hits,
        saved_usd=entry.saved / NANO_PER_USD,
        last=_time(entry.last_ms),
        category=entry.category,
        prompt=None if kept is None else prompt_of(kept),
    )


def _measures(measures: CacheMeasures) -> CacheMeasuresOut:
    return CacheMeasuresOut.model_validate(measures, from_attributes=True)


def _what(purged: Purged) -> str:
    """What was to be forgotten, in words."""
    before = purged.stored_before_ms
    parts = {
        "scope": purged.scope,
        "model": purged.model,
        "prefix": purged.prefix,
        "older than": None if before is None else _time(before),
    }
    return ", ".join(f"{name} {value}" for name, value in parts.items() if value) or "all"


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")


def _read(stats: CacheStatsResult) -> str:
    t = stats.totals
    lines = [
        f"{t.hits} of {t.requests} calls were answered from cache ({t.hit_rate:.0%}): {t.exact} "
        f"exact, {t.semantic} semantic, {t.adapted} adapted, {t.stale} stale; saved "
        f"${t.saved_usd:.6f}; {t.false_hit_reports} reported as wrong."
    ]
    measures = set(CacheMeasuresOut.model_fields)
    for row in stats.rows[:50]:
        name = " ".join("-" if v is None else str(v) for k, v in row.items() if k not in measures)
        lines.append(f"{name}: {row['hits']} hits ({row['hit_rate']:.0%})")
    lines += [f"{top.hits}x {top.prompt or top.key}" for top in stats.top]
    return "\n".join(lines)
