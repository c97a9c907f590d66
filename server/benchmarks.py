"""The benchmark engine put together: what runs, what it may use, what it tells, what it keeps."""

import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import anyio.to_thread
import structlog

from pointsman.errors import InvalidInput, StorageFailed
from pointsman.money import Nano, nano_from_usd, usd
from pointsman.records import BenchmarkResult, Category
from pointsman.seams import Catalogue
from pointsman.settings import BenchmarkSettings
from pointsman.types import Model
from routing.benchmark.runner import Runner, Say
from routing.benchmark.schedule import TAKEN, keep_running
from routing.benchmark.scores import HOUR_S, LEAST_COMPLETED, BenchmarkScores
from routing.benchmark.suite import Suites, load_suites
from routing.benchmark.tally import Report
from routing.choice.decide import named
from routing.choice.quality import USUAL
from routing.dispatch import Dispatcher
from storage.benchmarks import BenchmarkBook
from storage.database import Database
from tools.sandbox import run_code

log = structlog.get_logger("pointsman.benchmark")

CATEGORIES: tuple[Category, ...] = get_args(Category)


@dataclass(frozen=True, kw_only=True)
class BenchmarkEngine:
    """Runs benchmarks when asked to and by the clock; `scores` is what the router may know."""

    settings: BenchmarkSettings
    dispatcher: Dispatcher
    runner: Runner
    book: BenchmarkBook
    scores: BenchmarkScores

    async def run(
        self, categories: Sequence[Category], models: Sequence[str], max_cost: Nano | None, say: Say
    ) -> Report:
        """What `models` did on `categories`; all of them where none is named.

        Raises:
            InvalidInput: another run is under way, or no model can be asked.
            NotFound: there is no such model, or no such judge.
        """
        return await self._run(self._models(models), categories, max_cost, say)

    async def latest(
        self, categories: Sequence[Category], models: Sequence[str]
    ) -> list[BenchmarkResult]:
        return await self.book.latest(categories, models)

    async def history(
        self, categories: Sequence[Category], models: Sequence[str], n: int
    ) -> list[BenchmarkResult]:
        return await self.book.history(categories, models, n)

    async def keep_schedule(self) -> None:
        """Run by the clock, for ever, as `benchmark.schedule` says; never raises."""
        hours = {True: self.settings.local_interval_hours, False: self.settings.interval_hours}
        holder = self.dispatcher.new_id()
        async with anyio.create_task_group() as tasks:
            for local in {"off": (), "local": (True,), "all": (True, False)}[
                self.settings.schedule
            ]:
                tasks.start_soon(self._keep_running, local, hours[local] * HOUR_S, holder)

    async def _keep_running(self, local: bool, interval_s: float, holder: str) -> None:
        async def run() -> None:
            models = [model for model in self._models(()) if model.local is local]
            if models:
                await self._run(models, (), None, _say_nothing, wait=True)

        await keep_running(
            f"benchmark {'local' if local else 'cloud'}",
            interval_s,
            run,
            holder=holder,
            lease=self.book,
            clock=self.dispatcher.clock,
            random=random.random,
            skipped=_log_skipped_run,
        )

    async def _run(
        self,
        models: Sequence[Model],
        categories: Sequence[Category],
        max_cost: Nano | None,
        say: Say,
        *,
        wait: bool = False,
    ) -> Report:
        if self.settings.judge is not None:
            named(self.dispatcher.catalogue.models, self.settings.judge)
        budget = nano_from_usd(self.settings.max_usd_per_run) if max_cost is None else max_cost
        report = await self.runner.run(
            models, categories or CATEGORIES, budget, say, self._keep, wait=wait
        )
        for skipped in report.skipped:
            log.warning(
                "benchmark.skipped",
                model=skipped.model,
                category=skipped.category,
                tasks=skipped.tasks,
                reason=skipped.reason,
            )
        log.info("benchmark.done", results=len(report.results), spent_usd=usd(report.spent))
        return report

    async def _keep(self, result: BenchmarkResult) -> None:
        log.info(
            "benchmark",
            category=result.category,
            provider=result.provider,
            model=result.model,
            quality_score=result.quality,
            speed_score=result.speed,
            final_score=result.final,
        )
        self.scores.learn([result])
        try:
            await self.book.save([result])
        except StorageFailed as error:  # the run goes on, and its caller still gets the result
            log.error("benchmark.not_kept", reason=error.message)

    def _models(self, wanted: Sequence[str]) -> list[Model]:
        """The models named, once each; all that could answer where none is named."""
        catalogue = self.dispatcher.catalogue
        if wanted:
            found = [model for name in wanted for model in named(catalogue.models, name)]
            return list({model.name: model for model in found}.values())
        ready = [
            model
            for model in catalogue.models
            if catalogue.provider(model.provider).readiness(model.id) not in ("off", "failed")
        ]
        if not ready:
            raise InvalidInput(
                "No model is ready to be measured.", hint="'pointsman doctor' shows what was found."
            )
        return ready


def make_scores(settings: BenchmarkSettings, catalogue: Catalogue) -> BenchmarkScores:
    """What benchmarks have measured, nothing yet."""

    def prior(name: str) -> float | None:
        found = (m for m in catalogue.models if m.name == name)
        return next((USUAL[model.tier] for model in found), None)

    return BenchmarkScores(settings.max_age_hours, prior)


@asynccontextmanager
async def open_benchmarks(
    settings: BenchmarkSettings,
    dispatcher: Dispatcher,
    database: Database,
    scores: BenchmarkScores | None = None,
) -> AsyncGenerator[BenchmarkEngine, None]:
    """The engine, with the scores of earlier runs in memory (in `scores`); nothing runs yet.

    Raises:
        ConfigError: a suite cannot be used.
    """
    suites = await anyio.to_thread.run_sync(_load, settings.suites)
    book = BenchmarkBook(database)

    scores = scores or make_scores(settings, dispatcher.catalogue)
    scores.learn(await book.latest(least_completed=LEAST_COMPLETED))
    yield BenchmarkEngine(
        settings=settings,
        dispatcher=dispatcher,
        runner=_make_runner(settings, dispatcher, suites),
        book=book,
        scores=scores,
    )


def _make_runner(settings: BenchmarkSettings, dispatcher: Dispatcher, suites: Suites) -> Runner:
    catalogue, view = dispatcher.catalogue, dispatcher.attempts.health.view

    def busy(model: Model, own: int) -> bool:
        """A local model is for others first; of a cloud model's calls, half are."""
        seen = view(model)
        if model.local:
            return seen.in_flight > own
        return own > 0 and max(seen.in_flight, own) >= max(seen.limit // 2, 1)

    def judge() -> Model | None:
        return None if settings.judge is None else named(catalogue.models, settings.judge)[0]

    return Runner(
        complete=dispatcher.complete,
        sandbox=run_code,
        suites=suites,
        settings=settings,
        clock=dispatcher.clock,
        busy=busy,
        new_id=dispatcher.new_id,
        judge=judge,
    )


def _load(folder: str | None) -> Suites:
    return load_suites(None if folder is None else Path(folder).expanduser())


def _log_skipped_run(name: str, reason: str) -> None:
    tell = log.info if reason == TAKEN else log.warning
    tell("benchmark.run_skipped", run=name, reason=reason)


async def _say_nothing(_done: int, _total: int, _what: str) -> None:
    pass
