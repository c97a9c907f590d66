"""What can be read of a running engine: its models, its health, its decisions, its sums."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import TypeAdapter

from accounting.stats import CostStats
from pointsman.errors import NotFound
from pointsman.moments import rfc3339
from pointsman.money import TOKENS_PER_PRICE, Usage, usd
from pointsman.records import BenchmarkResult, Category, Decision
from pointsman.seams import Catalogue, Clock, EndpointView
from pointsman.types import Model, Readiness
from tools import benchmark, cost_stats, provider_health, route
from tools.provider_health import ProviderHealthResult

ReadBenchmarks = Callable[[Sequence[Category], Sequence[str]], Awaitable[list[BenchmarkResult]]]
CATEGORIES: tuple[Category, ...] = get_args(Category)
_DECISIONS = TypeAdapter(Decision)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    catalogue: Catalogue
    view: Callable[[Model], EndpointView]
    stats: Callable[..., Awaitable[CostStats]]
    decision: Callable[[str], Awaitable[dict[str, Any] | None]]
    clock: Clock
    redis: Callable[[], str] = lambda: "disabled"  # how it is: disabled, ok or degraded
    run: Callable[[str], Awaitable[Any]] | None = None  # the record of a run of the agent
    benchmarks: ReadBenchmarks | None = None  # of some categories, or of all where none is named

    def health(self) -> ProviderHealthResult:
        """How every backend is doing; none is asked."""
        return provider_health.health(
            self.catalogue.models, self.view, self._readiness, self._in_seconds
        )

    def summary(self) -> dict[str, Any]:
        """The body of `/health`; that it can be read says that the databases are open."""
        health = self.health()
        return {
            "status": "ok",
            "database": "ok",
            "redis": self.redis(),
            "providers": {p.provider: p.state for p in health.providers},
            "local": next((p.local.state for p in health.providers if p.local), "off"),
        }

    async def read_models(self) -> Any:
        return {"models": [self._model(model) for model in self.catalogue.models]}

    async def read_providers(self) -> Any:
        return self.health().model_dump(mode="json")

    async def read_decision(self, decision_id: str) -> Any:
        """The decision of that id, as `route` tells it.

        Raises:
            NotFound: there is none.
        """
        found = await self.decision(decision_id)
        if found is None:
            raise NotFound(f"There is no decision {decision_id[:64]!r}.")
        return route.result(_DECISIONS.validate_python(found)).model_dump(mode="json")

    async def read_run(self, run_id: str) -> Any:
        """The record of a run.

        Raises:
            NotFound: there is none.
        """
        if self.run is None:
            raise NotFound(f"There is no run {run_id[:64]!r}.")
        return await self.run(run_id)

    async def read_stats(self, since: str) -> Any:
        return cost_stats.result(await self.stats(since=since)).model_dump(mode="json")

    async def read_benchmarks(self, category: str | None = None) -> Any:
        """The latest benchmark results of `category`; of each one where none is named.

        Raises:
            NotFound: there is no such category.
        """
        wanted = [c for c in CATEGORIES if category in (None, c)]
        if not wanted:
            raise NotFound(f"There is no category {str(category)[:64]!r}: {', '.join(CATEGORIES)}.")
        found = [] if self.benchmarks is None else await self.benchmarks(wanted, ())
        told = benchmark.result(found).model_dump(mode="json")["results"]
        by_category = {c: [row for row in told if row["category"] == c] for c in wanted}
        if category is None:
            return {"benchmarks": by_category}
        return {"category": category, "results": by_category[wanted[0]]}

    def _readiness(self, model: Model) -> Readiness:
        return self.catalogue.provider(model.provider).readiness(model.id)

    def _in_seconds(self, seconds: float) -> str:
        return rfc3339(self.clock.wall() + seconds)

    def _model(self, model: Model) -> dict[str, Any]:
        price = model.price
        million = TOKENS_PER_PRICE
        return {
            "id": model.id,
            "provider": model.provider,
            "tier": model.tier,
            "local": model.local,
            "context": model.context,
            "max_output": model.max_output,
            "capabilities": sorted(model.capabilities),
            "state": self._readiness(model),
            "price": price
            and {
                "input": usd(price.cost(Usage(input_tokens=million))),
                "output": usd(price.cost(Usage(output_tokens=million))),
                "source": price.source,
            },
        }
