"""The `benchmark` tool: what it is asked, and the fields that it gives (CONTRACT)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from pointsman.errors import InvalidInput
from pointsman.money import Nano
from pointsman.records import BenchmarkResult, Category
from routing.benchmark.runner import Say
from routing.benchmark.tally import Report, Skipped
from tools.benchmark import BenchmarkArguments, benchmark_tool
from tools.describe import arguments_from, input_schema, output_schema
from tools.tool import Caller

RESULT = BenchmarkResult(
    id="1", run_id="r", at=1_700_000_000.0, category="math", provider="a", model="m", quality=50.2,
    speed=60, cost=70, final=57, latency_ms=812.5, cost_nano=1234, n=14, completed=13,
)  # fmt: skip


@dataclass
class Scripted:
    """An engine that measured one thing."""

    asked: list[Any] = field(default_factory=list[Any])

    async def run(
        self, categories: Sequence[Category], models: Sequence[str], max_cost: Nano | None, say: Say
    ) -> Report:
        self.asked.append((tuple(categories), tuple(models), max_cost))
        await say(1, 2, "math-1 a/m: 1.00")
        return Report(
            results=(RESULT,),
            skipped=(Skipped("b/m", "math", 14, "the budget of the run is used up"),),
            spent=5000,
        )

    async def latest(
        self, categories: Sequence[Category], models: Sequence[str]
    ) -> list[BenchmarkResult]:
        self.asked.append((tuple(categories), tuple(models)))
        return [RESULT]

    async def history(
        self, categories: Sequence[Category], models: Sequence[str], n: int
    ) -> list[BenchmarkResult]:
        self.asked.append(n)
        return []


async def ask(engine: Scripted, caller: Caller | None = None, /, **given: Any) -> dict[str, Any]:
    tool = benchmark_tool(engine)
    arguments = arguments_from("benchmark", BenchmarkArguments, given)
    result = await tool.run(arguments, caller or Caller())
    assert tool.read(result)
    return result.model_dump(mode="json")


async def test_a_run_tells_its_progress_its_results_and_what_it_left_out() -> None:
    engine, told = Scripted(), list[Any]()

    async def progress(*what: Any) -> None:
        told.append(what)

    result = await ask(
        engine,
        Caller(progress=progress),
        action="run",
        categories=["math"],
        models=["m"],
        max_cost_usd=0.5,
    )
    assert engine.asked == [(("math",), ("m",), 500_000_000)]
    assert told == [(1, 2, "math-1 a/m: 1.00")]
    assert result["results"] == [
        {
            "category": "math", "model": "m", "provider": "a", "quality": 50.2, "speed": 60,
            "cost": 70, "final": 57, "latency_ms": 812.5, "cost_usd": 0.000001234, "n": 14,
            "completed": 13, "at": "2023-11-14T22:13:20Z",
        }
    ]  # fmt: skip
    assert result["skipped"][0]["reason"] == "the budget of the run is used up"
    assert result["spent_usd"] == 0.000005


async def test_what_was_measured_can_be_read() -> None:
    engine = Scripted()
    assert len((await ask(engine, action="latest"))["results"]) == 1
    assert (await ask(engine, action="history", n=3))["results"] == []
    assert engine.asked == [((), ()), 3]


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({}, "action"),
        ({"action": "stop"}, "action"),
        ({"action": "run", "categories": ["maths"]}, "categories"),
        ({"action": "run", "max_cost_usd": -1}, "max_cost_usd"),
        ({"action": "history", "n": 0}, "'n'"),
    ],
)
async def test_what_cannot_be_asked_is_explained(given: dict[str, Any], word: str) -> None:
    with pytest.raises(InvalidInput, match=word):
        await ask(Scripted(), **given)


def test_its_description_is_small() -> None:
    tool = benchmark_tool(Scripted())
    assert len(str(input_schema(tool))) + len(str(output_schema(tool))) < 1500
