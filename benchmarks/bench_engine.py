"""Six suites on the local model and three simulated providers, with 10 % of answers failing.

    python benchmarks/bench_engine.py [MODEL.gguf]   # default: the store's default model

How long the run takes, how many tasks are completed, and what it does to the calls of others: the
same interactive calls, with the same delays and faults, are made without and during a run. The
simulated providers speak over real sockets; they know the answers to a share of the tasks.
"""

import asyncio
import hashlib
import itertools
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import anyio

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pointsman.errors import PointsmanError  # noqa: E402
from pointsman.money import NANO_PER_USD  # noqa: E402
from pointsman.records import Call  # noqa: E402
from pointsman.settings import Settings  # noqa: E402
from pointsman.types import ChatRequest, Message  # noqa: E402
from routing.benchmark.suite import load_suites  # noqa: E402
from routing.benchmark.tally import Report  # noqa: E402
from server.app import App, open_app  # noqa: E402
from server.benchmarks import make_scores, open_benchmarks  # noqa: E402
from storage.database import open_database  # noqa: E402
from tests import faults  # noqa: E402
from tests.chaos import Exchange, Handler, chaos_upstream  # noqa: E402
from tests.faults import after_text, answering, status  # noqa: E402

DEFAULT = ROOT / ".cache" / "models" / "qwen2.5-coder-0.5b-instruct.gguf"
FAULT_SHARE = 0.10
FAULTS: Sequence[Handler] = (
    status(500),
    status(503),
    status(429, headers={"retry-after": "1"}),
    faults.rst,
    faults.fin,
    faults.garbage,
    faults.silence,
    after_text(faults.clean_end),
    after_text(faults.error_event),
    after_text(faults.rst),
)
SIMULATED = {  # name: share of answers known, median delay in s, USD per million tokens in and out
    "strong": (0.92, 1.2, 2.5, 10.0),
    "middle": (0.75, 0.7, 0.4, 1.6),
    "small": (0.50, 0.4, 0.1, 0.3),
}
BUDGET_USD = 1
CLOUD_CALLS, CLOUD_GAP_S = 480, 0.4  # interactive calls, one each so many seconds
LOCAL_CALLS, LOCAL_GAP_S = 13, 15.0
ANSWERS = {task.prompt: task.reference or "" for tasks in load_suites().values() for task in tasks}


def chance(*key: object) -> random.Random:
    """The same dice for the same key, whatever was thrown before."""
    return random.Random(hashlib.sha256(repr(key).encode()).digest())


def simulated(name: str) -> Handler:
    """A provider that delays, fails and knows by the dice of each prompt."""
    known, delay_s, *_ = SIMULATED[name]
    tries = Counter[str]()

    async def handler(exchange: Exchange) -> None:
        prompt = exchange.request.json["messages"][-1]["content"]
        tries[prompt] += 1
        dice = chance(name, prompt, tries[prompt])
        await anyio.sleep(delay_s * dice.lognormvariate(0, 0.4))
        if dice.random() < FAULT_SHARE:
            await dice.choice(FAULTS)(exchange)
            return
        knows = chance(name, prompt).random() < known
        await answering(ANSWERS.get(prompt, "Fine.") if knows else "I am not sure.")(exchange)

    return handler


def settings_for(urls: dict[str, str], model: str) -> Settings:
    providers = {
        name: {
            "base_url": f"{url}/v1",
            "models": [
                {
                    "id": f"{name}-1",
                    "tier": "strong" if name == "strong" else "cheap",
                    "price": {"input": SIMULATED[name][2], "output": SIMULATED[name][3]},
                }
            ],
        }
        for name, url in urls.items()
    }
    return Settings.model_validate(
        {
            "providers": providers,
            "local": {"model": model, "fallback": None},
            "timeouts": {"ttft_s": 10},
        }
    )


@dataclass
class Interactive:
    """What other callers see: milliseconds of each call that was answered."""

    app: App
    cloud: list[float] = field(default_factory=list)
    local: list[float] = field(default_factory=list)
    failed: int = 0

    async def calls(self, out: list[float], models: Sequence[str], n: int, gap_s: float) -> None:
        """A call each `gap_s`, whether the one before has ended or not."""
        async with anyio.create_task_group() as tasks:
            for i, model in zip(range(n), itertools.cycle(models), strict=False):
                tasks.start_soon(self._call, out, model, i)
                await anyio.sleep(gap_s)

    async def _call(self, out: list[float], model: str, i: int) -> None:
        subject = ["the sea", "a lamp", "bread", "a river", "wool", "a clock", "rain"][i % 7]
        prompt = f"Interactive {i}: tell me something about {subject}."
        request = ChatRequest(messages=(Message("user", prompt),), max_tokens=24, temperature=0)
        started = time.perf_counter()
        try:
            await self.app.dispatcher.complete(Call(request=request, model=model, cache="off"))
        except PointsmanError:
            self.failed += 1
        else:
            out.append((time.perf_counter() - started) * 1000)

    async def all(self) -> None:
        clouds = [f"{name}/{name}-1" for name in SIMULATED]
        home = next(m.name for m in self.app.dispatcher.catalogue.models if m.local)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.calls, self.cloud, clouds, CLOUD_CALLS, CLOUD_GAP_S)
            tasks.start_soon(self.calls, self.local, [home], LOCAL_CALLS, LOCAL_GAP_S)


async def benchmarked(app: App, home: Path) -> tuple[Report, float]:
    """A whole run, and how many seconds it took."""
    settings, started = Settings().benchmark, time.perf_counter()
    scores = make_scores(settings, app.dispatcher.catalogue)
    async with (
        open_database(home / "bench.db", kind="ledger") as database,
        open_benchmarks(settings, app.dispatcher, database, scores) as engine,
    ):
        report = await engine.run((), (), BUDGET_USD * NANO_PER_USD, show)
    return report, time.perf_counter() - started


async def show(done: int, total: int, _what: str) -> None:
    if done % 50 == 0:
        print(f"  ... {done} of {total} tasks", file=sys.stderr)


async def measure(model: str) -> None:
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        urls = {
            name: (await stack.enter_async_context(chaos_upstream(simulated(name)))).url
            for name in SIMULATED
        }
        app = await stack.enter_async_context(open_app(settings_for(urls, model), home, {}))
        assert app.local is not None
        await app.local.prewarm()
        alone, during = Interactive(app), Interactive(app)
        lag = [await lag_of(alone.all)]
        used_s = processor_s(app)
        reports: list[tuple[Report, float]] = []

        async def run() -> None:
            reports.append(await benchmarked(app, home))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
            lag.append(await lag_of(during.all))
        tell(*reports[0], alone, during, lag)
        used_s = processor_s(app) - used_s
        print(f"processor time of the local model, interactive calls included: {used_s:.0f} s")


def processor_s(app: App) -> float:
    """Of the process that holds the local model."""
    assert app.local is not None
    pid = app.local.pid(app.local.models[0].id)
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def lag_of(work: Callable[[], Awaitable[None]]) -> float:
    """The 99th percentile, in ms, of how late the event loop is while `work` goes on."""
    late: list[float] = []

    async def watch() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.01)
            late.append((time.perf_counter() - began - 0.01) * 1000)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        await work()
        tasks.cancel_scope.cancel()
    return quantile(late, 0.99)


def quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


def tell(
    report: Report, wall_s: float, alone: Interactive, during: Interactive, lag: Sequence[float]
) -> None:
    asked = sum(r.n for r in report.results)
    completed = sum(r.completed for r in report.results)
    total = sum(len(tasks) for tasks in load_suites().values()) * (1 + len(SIMULATED))
    print(f"a run of {total} tasks: {wall_s:.0f} s (required: 300)")
    print(f"completed: {completed} of {total}, {completed / total:.1%} (required: 95 %)")
    print(f"spent, at most: ${report.spent / NANO_PER_USD:.4f} in {asked} tasks")
    for name in dict.fromkeys(f"{r.provider}/{r.model}" for r in report.results):
        own = [r for r in report.results if f"{r.provider}/{r.model}" == name]
        scores = "  ".join(f"{r.category} {r.quality:.0f}" for r in own)
        final = statistics.fmean(r.final for r in own)
        print(f"  {name}: quality {scores}; final {final:.0f}")
    for skipped in report.skipped:
        print(
            f"  not completed: {skipped.model} {skipped.category} {skipped.tasks}: {skipped.reason}"
        )
    for kind in ("cloud", "local"):
        before, after = getattr(alone, kind), getattr(during, kind)
        for share in (0.5, 0.95):
            one, two = quantile(before, share), quantile(after, share)
            change = two / one - 1
            print(
                f"interactive, {kind}, p{share * 100:.0f}: {one:.0f} ms alone, {two:.0f} ms during "
                f"({change:+.0%}; required +20 %); {len(before)} and {len(after)} calls"
            )
    print(f"interactive calls that failed: {alone.failed} alone, {during.failed} during")
    print(f"event loop late, p99: {lag[0]:.1f} ms alone, {lag[1]:.1f} ms during")


if __name__ == "__main__":
    anyio.run(measure, sys.argv[1] if len(sys.argv) > 1 else str(DEFAULT))
