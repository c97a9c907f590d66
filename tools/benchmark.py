"""The `benchmark` tool: how good, fast and dear each model is, measured on our suites."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, Protocol

from pydantic import Field

from pointsman.money import Nano, nano_from_usd, usd
from pointsman.records import BenchmarkResult, Category
from routing.benchmark.runner import Say
from routing.benchmark.tally import Report, Skipped
from tools.tool import Arguments, Caller, Result, Tool

MOST_HISTORY = 1000


class Benchmarks(Protocol):
    """What measures models, and remembers what it measured."""

    async def run(
        self,
        categories: Sequence[Category],
        models: Sequence[str],
        max_cost: Nano | None,
        say: Say,
    ) -> Report: ...

    async def latest(
        self, categories: Sequence[Category], models: Sequence[str]
    ) -> list[BenchmarkResult]: ...

    async def history(
        self, categories: Sequence[Category], models: Sequence[str], n: int
    ) -> list[BenchmarkResult]: ...


class BenchmarkArguments(Arguments):
    action: Literal["run", "latest", "history"]
    categories: list[Category] | None = None
    models: list[str] | None = None
    max_cost_usd: float | None = Field(default=None, ge=0, le=1e6)
    n: int = Field(default=10, ge=1, le=MOST_HISTORY)


class BenchmarkOut(Result):
    category: Category
    model: str
    provider: str
    quality: float
    speed: float
    cost: float
    final: float
    latency_ms: float
    cost_usd: float | None
    n: int
    completed: int
    at: str


class SkippedOut(Result):
    model: str
    category: Category
    tasks: int
    reason: str


class BenchmarkToolResult(Result):
    results: list[BenchmarkOut]
    skipped: list[SkippedOut] | None = None
    spent_usd: float | None = None


def benchmark_tool(benchmarks: Benchmarks) -> Tool:
    async def run(given: BenchmarkArguments, caller: Caller) -> BenchmarkToolResult:
        categories, models = given.categories or (), given.models or ()
        match given.action:
            case "latest":
                return result(await benchmarks.latest(categories, models))
            case "history":
                return result(await benchmarks.history(categories, models, given.n))
            case "run":
                most = None if given.max_cost_usd is None else nano_from_usd(given.max_cost_usd)
                say = caller.progress or _say_nothing
                return ran(await benchmarks.run(categories, models, most, say))

    return Tool(
        name="benchmark",
        title="Measure the models",
        description="Run the task suites on models ('run': minutes, spends up to max_cost_usd), or "
        "read the 'latest' scores or the last n of 'history'. Scores are 0..100; latency and cost "
        "are of one task.",
        arguments=BenchmarkArguments,
        result=BenchmarkToolResult,
        run=run,
        read=_read,
        read_only=False,
        open_world=True,
    )


def result(results: Sequence[BenchmarkResult]) -> BenchmarkToolResult:
    return BenchmarkToolResult(results=[_out(r) for r in results])


def ran(report: Report) -> BenchmarkToolResult:
    return BenchmarkToolResult(
        results=[_out(r) for r in report.results],
        skipped=[_skipped(s) for s in report.skipped] or None,
        spent_usd=usd(report.spent),
    )


def _out(r: BenchmarkResult) -> BenchmarkOut:
    return BenchmarkOut(
        category=r.category,
        model=r.model,
        provider=r.provider,
        quality=r.quality,
        speed=r.speed,
        cost=r.cost,
        final=r.final,
        latency_ms=r.latency_ms,
        cost_usd=usd(r.cost_nano),
        n=r.n,
        completed=r.completed,
        at=datetime.fromtimestamp(r.at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    )


def _skipped(s: Skipped) -> SkippedOut:
    return SkippedOut(model=s.model, category=s.category, tasks=s.tasks, reason=s.reason)


def _read(told: BenchmarkToolResult) -> str:
    lines = [
        f"{r.category}: {r.provider}/{r.model} {r.final:.0f} (quality {r.quality:.0f}, speed "
        f"{r.speed:.0f}, cost {r.cost:.0f}; {r.completed} of {r.n} tasks, {r.at})"
        for r in sorted(told.results, key=lambda r: (r.category, -r.final))
    ]
    lines += [
        f"skipped: {s.tasks} of {s.category}, {s.model}: {s.reason}" for s in told.skipped or ()
    ]
    return "\n".join(lines) or "Nothing has been measured yet: use action 'run'."


async def _say_nothing(_done: float, _total: float | None, _what: str) -> None:
    pass
