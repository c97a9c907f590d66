"""The source's own end-to-end tests on the whole engine: three backends, each best at one thing."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pointsman.records import BenchmarkResult, Call, Category, Decision
from pointsman.settings import Settings
from pointsman.types import ChatRequest, Message
from server.app import App, open_app
from server.experience import GatheredExperience

BEST: Mapping[str, Category] = {"alpha": "coding", "beta": "empathy", "gamma": "math"}
PRICE = {"input": 1.0, "output": 2.0}


def measured(provider: str, category: Category, at: float) -> BenchmarkResult:
    """92 of 100 where `provider` is the best, 60 elsewhere."""
    quality = 92.0 if BEST[provider] == category else 60.0
    return BenchmarkResult(
        id=f"{provider} {category}",
        run_id="r",
        at=at,
        category=category,
        provider=provider,
        model="m",
        quality=quality,
        speed=50,
        cost=50,
        final=quality,
        latency_ms=500,
        cost_nano=1,
        n=14,
        completed=14,
    )


@asynccontextmanager
async def engine(home: Path) -> AsyncGenerator[App, None]:
    providers = {
        name: {
            "kind": "openai",
            "base_url": "http://127.0.0.1:9/v1",
            "models": [{"id": "m", "price": PRICE, "context": 8000}],
        }
        for name in BEST
    }
    settings = Settings.model_validate({"providers": providers, "local": {"enabled": False}})
    async with open_app(settings, home, {}) as app:
        experience = app.dispatcher.experience
        assert isinstance(experience, GatheredExperience)
        categories: tuple[Category, ...] = (*BEST.values(), "research", "language", "general")
        at = experience.clock.wall()
        experience.scores.learn([measured(p, c, at) for p in BEST for c in categories])
        yield app


async def route(app: App, prompt: str) -> Decision:
    return await app.dispatcher.route(
        Call(request=ChatRequest(messages=(Message("user", prompt),)))
    )


@pytest.mark.parametrize(
    ("prompt", "category", "provider"),
    [
        ("Explain bubble sort", "coding", "alpha"),
        ("Im so frustrated with this!", "empathy", "beta"),
        ("Im so frustrated, my quicksort crashes", "coding", "alpha"),
        ("Explain quicksort", "coding", "alpha"),
        ("Explain sorting", "coding", "alpha"),
        ("Solve 2x+5=15", "math", "gamma"),
    ],
)
async def test_a_prompt_goes_to_whom_the_benchmarks_found_best_at_it(
    tmp_path: Path, prompt: str, category: Category, provider: str
) -> None:
    """AT-401, AT-402, AT-404, RT-17: by rules alone, before any embedding is loaded."""
    async with engine(tmp_path) as app:
        decision = await route(app, prompt)
    assert decision.analysis.category == category
    assert decision.plan[0].model.provider == provider
