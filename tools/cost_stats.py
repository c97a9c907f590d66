"""The `cost_stats` tool: what was spent and saved, from the ledger."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal

from pydantic import Field

from accounting.stats import CostStats, Measures
from tools.tool import Arguments, Caller, Result, Tool

Group = Literal["day", "hour", "model", "provider", "category", "tool", "key", "department", "user"]
ReadStats = Callable[..., Awaitable[CostStats]]


class CostStatsArguments(Arguments):
    since: str = Field(default="7d", description="30m, 24h, 7d, 2w, all, or an RFC 3339 time")
    until: str | None = None
    group_by: list[Group] | None = None


class MeasuresOut(Result):
    requests: int
    cost_usd: float
    saved_by_cache_usd: float
    saved_by_routing_usd: float
    input_tokens: int
    output_tokens: int
    cache_hit_rate: float
    error_rate: float
    p50_ms: float | None
    p95_ms: float | None
    unpriced_requests: int = Field(description="attempts whose price is not known: not in cost_usd")
    unreconciled_usd: float


class CostStatsResult(Result):
    totals: MeasuresOut
    rows: list[dict[str, Any]]
    budgets: list[dict[str, Any]]
    warnings: list[str] | None = None


def cost_stats_tool(read: ReadStats) -> Tool:
    """`read` is `accounting.stats.cost_stats` on the ledger in use."""

    async def run(given: CostStatsArguments, _caller: Caller) -> CostStatsResult:
        return result(
            await read(since=given.since, until=given.until, group_by=given.group_by or ())
        )

    return Tool(
        name="cost_stats",
        title="What was spent and saved",
        description="Sums of the ledger: cost, savings by cache and by routing, tokens, hit rate, "
        "errors and latency, optionally grouped.",
        arguments=CostStatsArguments,
        result=CostStatsResult,
        run=run,
        read=_read,
        read_only=True,
        open_world=False,
    )


def result(stats: CostStats) -> CostStatsResult:
    return CostStatsResult(
        totals=_measures(stats.totals),
        rows=[{**row.keys, **_measures(row.measures).model_dump()} for row in stats.rows],
        budgets=[dict(budget) for budget in stats.budgets],
        warnings=_warnings(stats),
    )


def _measures(measures: Measures) -> MeasuresOut:
    return MeasuresOut.model_validate(measures, from_attributes=True)


def _warnings(stats: CostStats) -> list[str] | None:
    warnings: list[str] = []
    if stats.totals.unpriced_requests:
        warnings.append(
            f"{stats.totals.unpriced_requests} attempts went to models without a known price; "
            "the cost is higher than shown. Set their price in [[providers...models]]."
        )
    if stats.damaged_attempts:
        warnings.append(f"{stats.damaged_attempts} ledger rows are damaged and not counted.")
    return warnings or None


def _read(stats: CostStatsResult) -> str:
    t = stats.totals
    lines = [
        f"{t.requests} requests cost ${t.cost_usd:.6f}; saved ${t.saved_by_cache_usd:.6f} by cache "
        f"and ${t.saved_by_routing_usd:.6f} by routing; {t.cache_hit_rate:.0%} hits, "
        f"{t.error_rate:.1%} errors; {t.input_tokens} tokens in, {t.output_tokens} out."
    ]
    measures = set(MeasuresOut.model_fields)
    for row in stats.rows[:50]:
        name = " ".join(str(value) for key, value in row.items() if key not in measures)
        lines.append(f"{name}: {row['requests']} requests, ${row['cost_usd']:.6f}")
    return "\n".join([*lines, *(stats.warnings or ())])
