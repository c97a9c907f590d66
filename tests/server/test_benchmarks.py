"""The benchmark engine in the whole engine: asked through MCP, over a chaos upstream."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from structlog.testing import capture_logs

from pointsman.records import Call
from pointsman.settings import BenchmarkSettings, Settings
from pointsman.types import ChatRequest, Message
from server.app import App, open_app
from server.benchmarks import BenchmarkEngine, make_scores, open_benchmarks
from server.mcp import make_mcp
from storage.database import open_database
from tests.chaos import Exchange, chaos_upstream
from tests.faults import answering
from tests.server.test_app import settings_for
from tools.benchmark import benchmark_tool


class Gate:
    """A backend that answers benchmark tasks only once `open`; `full` when so many wait."""

    def __init__(self, full_at: int) -> None:
        self.open = anyio.Event()
        self.full = anyio.Event()
        self.waiting = 0
        self._full_at = full_at

    async def __call__(self, exchange: Exchange) -> None:
        if b"INTERACTIVE" not in exchange.request.body:
            self.waiting += 1
            if self.waiting == self._full_at:
                self.full.set()
            await self.open.wait()
        await answering("282")(exchange)


@dataclass
class Served:
    client: Client
    engine: BenchmarkEngine
    app: App
    told: list[tuple[float, float | None, str | None]]  # progress

    async def bench(self, **arguments: Any) -> Any:
        async def on_progress(progress: float, total: float | None, message: str | None) -> None:
            self.told.append((progress, total, message))

        return await self.client.call_tool("benchmark", arguments, progress_callback=on_progress)


@asynccontextmanager
async def served(
    settings: Settings, home: Path, heartbeat_s: float = 60
) -> AsyncGenerator[Served, None]:
    async with (
        open_app(settings, home, {}) as app,
        open_database(home / "benchmarks.db", kind="ledger") as database,
        open_benchmarks(
            settings.benchmark,
            app.dispatcher,
            database,
            make_scores(settings.benchmark, app.dispatcher.catalogue),
        ) as engine,
    ):
        others = [tool for tool in app.tools if tool.name != "benchmark"]
        reading = replace(app.reading, benchmarks=engine.latest)
        server = make_mcp([*others, benchmark_tool(engine)], reading, heartbeat_s=heartbeat_s)
        async with Client(server, mode="legacy") as client:  # in memory, only it has progress
            yield Served(client, engine, app, [])


async def test_a_run_tells_progress_and_its_scores_can_be_read(tmp_path: Path) -> None:
    """AT-408, AT-411, BM-07, BM-13: progress, events, results, the resource."""
    async with (
        chaos_upstream(answering("282")) as upstream,
        served(settings_for(upstream.url), tmp_path, heartbeat_s=0.01) as s,
    ):
        with capture_logs() as logs, anyio.fail_after(30):
            run = await s.bench(action="run", categories=["math"])
        latest = await s.bench(action="latest", categories=["math"])
        read = await s.client.read_resource("pointsman://benchmarks/math")
        empty = await s.client.read_resource("pointsman://benchmarks/coding")
        with pytest.raises(MCPError, match="no category"):
            await s.client.read_resource("pointsman://benchmarks/maths")
        every = await s.app.reading.read_benchmarks()
        known = s.engine.scores.quality("b0/m0", "math", s.app.dispatcher.clock.wall())
        stats = await s.app.reading.stats(since="1h")
    (result,) = run.structured_content["results"]
    assert (result["provider"], result["model"], result["completed"]) == ("b0", "m0", 15)
    assert result["quality"] == pytest.approx(100 / 15, 0.01)
    assert known == pytest.approx(1 / 15, 0.01)
    assert latest.structured_content["results"] == [result]
    assert json.loads(read.contents[0].text) == {"category": "math", "results": [result]}  # type: ignore[union-attr]
    assert json.loads(empty.contents[0].text)["results"] == []  # type: ignore[union-attr]
    assert len(every["benchmarks"]) == 6
    numbers = [done for done, _, _ in s.told]
    assert numbers == sorted(set(numbers))
    tasks = [message for _, total, message in s.told if total == 15 and "math-" in str(message)]
    assert len(tasks) == 15
    (event,) = [log for log in logs if log["event"] == "benchmark"]
    assert event["category"] == "math"
    assert event["provider"] == "b0"
    assert event["quality_score"] == result["quality"]
    assert event["speed_score"] == result["speed"]
    assert event["final_score"] == result["final"]
    assert stats.totals.requests == 15  # all of it is in the books


async def test_scores_outlive_the_process(tmp_path: Path) -> None:
    async with chaos_upstream(answering("282")) as upstream:
        settings = settings_for(upstream.url)
        async with served(settings, tmp_path) as s:
            await s.bench(action="run", categories=["math"])
        async with served(settings, tmp_path) as s:
            known = s.engine.scores.quality("b0/m0", "math", s.app.dispatcher.clock.wall())
    assert known == pytest.approx(1 / 15, 0.01)


async def test_a_cancelled_run_leaves_nothing_under_way(tmp_path: Path) -> None:
    """AT-408: the caller cancels, and every call is let go."""
    gate = Gate(full_at=BenchmarkSettings().concurrency)
    async with chaos_upstream(gate) as upstream, served(settings_for(upstream.url), tmp_path) as s:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: s.bench(action="run", categories=["math"]))
            with anyio.fail_after(10):
                await gate.full.wait()
            tasks.cancel_scope.cancel()
        gate.open.set()
        with anyio.fail_after(10):
            await upstream.quiet()
        assert gate.waiting == BenchmarkSettings().concurrency
        assert all(p.in_flight == 0 for p in s.app.reading.health().providers)


async def test_a_run_leaves_half_of_a_backend_to_others(tmp_path: Path) -> None:
    """AT-410, BM-10: an interactive call is answered while a run holds all it may hold."""
    gate = Gate(full_at=4)
    async with chaos_upstream(gate) as upstream:
        wide = BenchmarkSettings(concurrency=32)
        settings = settings_for(upstream.url).model_copy(update={"benchmark": wide})
        async with served(settings, tmp_path) as s, anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: s.bench(action="run", categories=["math"]))
            request = ChatRequest(messages=(Message("user", "INTERACTIVE"),))
            with anyio.fail_after(10):
                await gate.full.wait()
                answer = await s.app.dispatcher.complete(Call(request=request))
            assert answer.completion.text == "282"
            assert gate.waiting == 4
            gate.open.set()


async def test_what_cannot_be_measured_is_explained(tmp_path: Path) -> None:
    async with chaos_upstream() as upstream, served(settings_for(upstream.url), tmp_path) as s:
        unknown = await s.bench(action="run", models=["gpt-99"])
        broke = await s.bench(action="run", categories=["math"], max_cost_usd=0)
    assert unknown.structured_content["error"]["code"] == "not_found"
    assert broke.structured_content["results"] == []
    assert broke.structured_content["spent_usd"] == 0
    assert "budget" in broke.structured_content["skipped"][0]["reason"]
    assert not upstream.requests


@pytest.mark.parametrize(("schedule", "asked"), [("off", 0), ("local", 0), ("all", 15)])
async def test_the_clock_asks_only_what_the_settings_allow(
    schedule: str, asked: int, tmp_path: Path
) -> None:
    """X-21: nobody's money is spent unasked."""
    keepers = {"off": 0, "local": 1, "all": 2}[schedule]
    asleep: set[int] = set()
    over = anyio.Event()

    async def sleep(_seconds: float) -> None:
        """The jitter passes at once; the rest of the interval never does."""
        keeper = anyio.get_current_task().id
        if keeper not in asleep:
            asleep.add(keeper)
            return
        asleep.discard(keeper)
        ended.append(keeper)
        if len(ended) == keepers:
            over.set()
        await anyio.sleep_forever()

    ended: list[int] = []
    given = BenchmarkSettings.model_validate({"schedule": schedule, "suites": str(tmp_path)})
    async with chaos_upstream(answering("282")) as upstream:
        settings = settings_for(upstream.url).model_copy(update={"benchmark": given})
        async with served(settings, tmp_path) as s:
            clock = s.app.dispatcher.clock._replace(sleep=sleep)
            engine = replace(
                s.engine,
                dispatcher=replace(s.app.dispatcher, clock=clock),
                runner=replace(s.engine.runner, suites={"math": s.engine.runner.suites["math"]}),
            )
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(engine.keep_schedule)
                with anyio.fail_after(30):
                    await (over.wait() if keepers else anyio.lowlevel.checkpoint())
                tasks.cancel_scope.cancel()
        assert len(upstream.requests) == asked
