"""What the tasks of a run come to: a result for each category and model."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pointsman.money import Nano
from pointsman.records import BenchmarkResult, Category
from pointsman.types import Model
from routing.benchmark.scales import cost_score, final_score, speed_score
from routing.benchmark.suite import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One task for one model."""

    category: Category
    model: Model
    task: Task


@dataclass(frozen=True, slots=True)
class Done:
    """A task that was answered and marked."""

    earned: float  # 0..1
    latency_ms: float
    cost: Nano | None


@dataclass(frozen=True, slots=True)
class Skipped:
    """Tasks that gave no mark, and why."""

    model: str  # `provider/id`
    category: Category
    tasks: int
    reason: str


@dataclass(slots=True)
class Tally:
    """The tasks of one category at one model as they end."""

    category: Category
    model: Model
    n: int
    done: list[Done] = field(default_factory=list[Done])
    missed: list[str] = field(default_factory=list[str])  # why, one for each

    @property
    def complete(self) -> bool:
        return len(self.done) + len(self.missed) == self.n

    def result(self, run_id: str, result_id: str, at: float) -> BenchmarkResult | None:
        """None where no task was completed: then nothing was measured."""
        if not self.done:
            return None
        quality = 100 * statistics.fmean(d.earned for d in self.done)
        latency_ms = statistics.median(d.latency_ms for d in self.done)
        cost = _mean([d.cost for d in self.done])
        speed, cheapness = speed_score(latency_ms), cost_score(cost)
        return BenchmarkResult(
            id=result_id,
            run_id=run_id,
            at=at,
            category=self.category,
            provider=self.model.provider,
            model=self.model.id,
            quality=round(quality, 2),
            speed=round(speed, 2),
            cost=round(cheapness, 2),
            final=round(final_score(self.category, quality, speed, cheapness), 2),
            latency_ms=round(latency_ms, 1),
            cost_nano=cost,
            n=self.n,
            completed=len(self.done),
        )

    def skipped(self) -> list[Skipped]:
        return [
            Skipped(self.model.name, self.category, self.missed.count(reason), reason)
            for reason in dict.fromkeys(self.missed)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run came to."""

    results: tuple[BenchmarkResult, ...]
    skipped: tuple[Skipped, ...]
    spent: Nano


NewId = Callable[[], str]


def _mean(costs: Sequence[Nano | None]) -> Nano | None:
    known = [cost for cost in costs if cost is not None]
    return round(statistics.fmean(known)) if len(known) == len(costs) else None
