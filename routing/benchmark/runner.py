"""Runs suites on models: in parallel, within a budget, out of the way of everybody else.

Cloud models share `concurrency` lanes; each local model has one of its own.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NoReturn

import anyio

from pointsman.errors import ContentRefused, InvalidInput, NoBackend, PointsmanError
from pointsman.money import Nano
from pointsman.records import Answer, BenchmarkResult, Call, Category
from pointsman.seams import Clock, Sandbox
from pointsman.settings import BenchmarkSettings
from pointsman.types import ChatRequest, Message, Model
from routing.benchmark.budget import RunBudget, worst_cost
from routing.benchmark.checks import NotRun, mark
from routing.benchmark.judge import judged, judging
from routing.benchmark.polite import InUse, PoliteCaller
from routing.benchmark.suite import Suites, Task
from routing.benchmark.tally import Done, Job, Report, Tally

TRIES = 3  # of a task; in each the dispatcher tries twice
PAUSE_S, LONGEST_PAUSE_S = 1.0, 15.0  # before another try: if the backend does not say, and at most
GIVE_UP = 5  # failures in a row, after which a model is asked no more

Say = Callable[[int, int, str], Awaitable[None]]  # done, total, what was just done
Keep = Callable[[BenchmarkResult], Awaitable[None]]  # takes each result as it is complete


class Missed(Exception):
    """A task gave no mark; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Runner:
    complete: Callable[[Call], Awaitable[Answer]]
    sandbox: Sandbox
    suites: Suites
    settings: BenchmarkSettings
    clock: Clock
    busy: Callable[[Model, int], bool]  # whether others use a model: told our own calls there
    new_id: Callable[[], str]
    judge: Callable[[], Model | None] = lambda: None
    _running: anyio.Lock = field(default_factory=anyio.Lock)

    async def run(
        self,
        models: Sequence[Model],
        categories: Sequence[Category],
        budget: Nano,
        say: Say,
        keep: Keep,
        *,
        wait: bool = False,
    ) -> Report:
        """What `models` did on the suites of `categories`, for at most `budget`.

        Cancelling it stops every task; results that were complete have been kept by then.

        Raises:
            InvalidInput: another run is under way, and `wait` is not asked for.
        """
        if self._running.locked() and not wait:
            raise InvalidInput(
                "A benchmark run is under way.", hint="Wait for it; 'latest' shows what it found."
            )
        async with self._running:
            return await self._run(models, categories, RunBudget(budget), say, keep)

    async def _run(
        self,
        models: Sequence[Model],
        categories: Sequence[Category],
        budget: RunBudget,
        say: Say,
        keep: Keep,
    ) -> Report:
        jobs = [
            Job(category=category, model=model, task=task)
            for category in categories
            for task in self.suites.get(category, ())
            for model in models
        ]
        run = _Run(self, jobs, budget, say, keep)
        await say(0, len(jobs), "begins")
        async with anyio.create_task_group() as tasks:
            for model in models:
                if model.local:
                    tasks.start_soon(run.work, iter([job for job in jobs if job.model is model]))
            clouds = iter([job for job in jobs if not job.model.local])
            for _ in range(self.settings.concurrency):
                tasks.start_soon(run.work, clouds)
        return run.report()


class _Run:
    """One run: its tasks on their way, what it has spent, and which models it has given up."""

    def __init__(
        self, runner: Runner, jobs: Sequence[Job], budget: RunBudget, say: Say, keep: Keep
    ) -> None:
        self._runner = runner
        self._clock = runner.clock
        self._budget = budget
        self._say = say
        self._keep = keep
        self._id = runner.new_id()
        self._total = len(jobs)
        self._ended = 0
        self._results: list[BenchmarkResult] = []
        self._caller = PoliteCaller(complete=runner.complete, busy=runner.busy, clock=runner.clock)
        self._failures = Counter[str]()  # in a row, by model
        self._given_up: dict[str, str] = {}  # model: why it is asked no more
        sizes = Counter((job.category, job.model) for job in jobs)
        self._tallies = {key: Tally(*key, n) for key, n in sizes.items()}

    async def work(self, jobs: Iterator[Job]) -> None:
        for job in jobs:
            await self._one(job)

    def report(self) -> Report:
        skipped = [s for tally in self._tallies.values() for s in tally.skipped()]
        return Report(
            results=tuple(self._results), skipped=tuple(skipped), spent=self._budget.spent
        )

    async def _one(self, job: Job) -> None:
        tally = self._tallies[job.category, job.model]
        try:
            done = await self._measured(job)
            tally.done.append(done)
            told = f"{done.earned:.2f}"
        except Missed as missed:
            tally.missed.append(str(missed))
            told = f"not completed: {missed}"
        complete = tally.complete  # of several that end while we wait, one is the last
        self._ended += 1
        await self._say(self._ended, self._total, f"{job.task.test_id} {job.model.name}: {told}")
        if complete:
            await self._close(tally)

    async def _close(self, tally: Tally) -> None:
        result = tally.result(self._id, self._runner.new_id(), self._clock.wall())
        if result is not None:
            self._results.append(result)
            await self._keep(result)

    async def _measured(self, job: Job) -> Done:
        call = Call(
            request=ChatRequest(
                messages=(Message("user", job.task.prompt),),
                max_tokens=job.task.max_tokens,
                temperature=0,
            ),
            model=job.model.name,
            category=job.category,
            deadline_s=self._runner.settings.timeout_s,
            cache="off",
            tool="benchmark",
        )
        answer = await self._answered(job.model, call)
        text = answer.completion.text
        if not text.strip():
            raise Missed(f"all of its {job.task.max_tokens} tokens went into thinking")
        try:
            earned = await mark(job.task, text, self._runner.sandbox)
        except NotRun as lacking:
            raise Missed(f"its code could not be run here: {lacking}") from lacking
        earned = await self._judged(job.task, text, earned, job.model)
        latency_ms = answer.attempts[-1].latency_ms if answer.attempts else answer.latency_ms
        return Done(earned, latency_ms, answer.cost)

    async def _judged(self, task: Task, text: str, earned: float, model: Model) -> float:
        """The mean of what the check says and what a judge says, if one can be asked."""
        judge = self._runner.judge()
        if task.judge is None or judge is None or judge.name in (model.name, *self._given_up):
            return earned
        call = replace(judging(task, text, judge.name), deadline_s=self._runner.settings.timeout_s)
        try:
            said = judged((await self._paid(judge, call)).completion.text)
        except (Missed, PointsmanError):
            return earned
        return earned if said is None else (earned + said) / 2

    async def _answered(self, model: Model, call: Call) -> Answer:
        """The answer to `call`, after as many tries as it takes or may take.

        Raises:
            Missed: there is none.
        """
        for tries_left in reversed(range(TRIES)):
            if reason := self._given_up.get(model.name):
                raise Missed(reason)
            try:
                answer = await self._paid(model, call)
            except NoBackend as error:
                if tries_left and not isinstance(error, ContentRefused):
                    pause_s = error.retry_after_s or PAUSE_S
                    await self._clock.sleep(min(pause_s, LONGEST_PAUSE_S))
                    continue
                raise self._failed(model, error) from error
            except PointsmanError as error:
                raise self._failed(model, error) from error
            self._failures[model.name] = 0
            return answer
        raise AssertionError("the last try ends the loop")

    def _failed(self, model: Model, error: PointsmanError) -> Missed:
        self._failures[model.name] += 1
        if self._failures[model.name] >= GIVE_UP:
            self._given_up[model.name] = f"given up after {GIVE_UP} failures in a row"
        return Missed(error.message)

    async def _paid(self, model: Model, call: Call) -> Answer:
        """The answer to `call`, if the budget allows for the worst that it can cost.

        A call that failed without saying what it cost is charged at its worst.
        """
        worst = worst_cost(model, call)
        if worst is None:
            self._give_up(model, "its price is not known, so the budget cannot be kept")
        elif not self._budget.hold(worst):
            self._give_up(model, "the budget of the run is used up")
        held = cost = worst or 0
        try:
            answer = await self._caller.ask(model, replace(call, max_cost=held or None))
            cost = held if answer.cost is None else answer.cost
            return answer
        except PointsmanError as error:
            cost = held if error.cost is None else error.cost
            raise
        except InUse as reason:
            cost = 0
            self._give_up(model, str(reason))
        finally:
            self._budget.settle(held, cost)

    def _give_up(self, model: Model, reason: str) -> NoReturn:
        self._given_up[model.name] = reason
        raise Missed(reason)
