"""What a decision costs, from a prompt to a ranked plan, with and without the embedding.

    python benchmarks/decisions.py [PROMPTS]

Eight models; every prompt is new, as if no cache and no memo helped. The prompts are those of the
development data beside the checkout, so of the lengths that people send; 10,000 of them unless
told otherwise.
"""

import gc
import platform
import random
import secrets
import statistics
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import anyio

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.routing_data import load_data  # noqa: E402
from pointsman.records import Call  # noqa: E402
from pointsman.seams import Clock, Embedder  # noqa: E402
from pointsman.settings import BreakerSettings  # noqa: E402
from pointsman.types import ChatRequest, Message, Tier  # noqa: E402
from providers.embedding.local import LocalEmbedder  # noqa: E402
from routing.backends.health import Health  # noqa: E402
from routing.choice.decide import Router  # noqa: E402
from routing.choice.score import Weights  # noqa: E402
from routing.prompt.analyst import Analyst  # noqa: E402
from server.learned import read_predictors  # noqa: E402
from tests.fakes import make_model  # noqa: E402

CLOCK = Clock(monotonic=time.monotonic, wall=time.time)
MODELS = ROOT / ".cache" / "models"


def router() -> Router:
    tiers: list[Tier] = ["local", "cheap", "cheap", "cheap", "strong", "strong", "strong", "strong"]
    return Router(
        models=[make_model(f"p{n}", tier=tier) for n, tier in enumerate(tiers)],
        view=Health(BreakerSettings(), CLOCK, lambda: 0.5).view,
        readiness=lambda _: "ready",
        problem=lambda _: None,
        weights=Weights(),
        clock=CLOCK,
        new_id=lambda: secrets.token_hex(16),
    )


async def measure(analyst: Analyst, prompts: Iterable[str]) -> tuple[list[float], list[float]]:
    """Wall and CPU milliseconds of each decision."""
    wall, cpu = list[float](), list[float]()
    decider = router()
    for prompt in prompts:
        call = Call(request=ChatRequest(messages=(Message("user", prompt),)))
        started, spent = time.perf_counter(), time.process_time()
        understood = await analyst.understand(call)
        decider.decide(call, understood.analysis)
        wall.append((time.perf_counter() - started) * 1000)
        cpu.append((time.process_time() - spent) * 1000)
    return wall, cpu


def row(name: str, wall: list[float], cpu: list[float]) -> str:
    def at(values: list[float], share: float) -> float:
        return sorted(values)[min(int(share * len(values)), len(values) - 1)]

    return (
        f"{name:22s} n={len(wall):6d}  wall p50 {statistics.median(wall):6.2f}  "
        f"p99 {at(wall, 0.99):6.2f}  CPU p50 {statistics.median(cpu):6.2f}  "
        f"p99 {at(cpu, 0.99):6.2f} ms"
    )


async def main() -> None:
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    prompts = random.Random(1).sample(load_data().texts, wanted)
    strong, category = read_predictors()
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    embedder = LocalEmbedder(MODELS)
    await embedder.load()
    if embedder.problem:
        raise SystemExit(embedder.problem)
    gc.collect()
    gc.freeze()  # as the server does at its start
    gc.set_threshold(50_000, 20, 50)
    rows: list[tuple[str, Embedder | None]] = [
        ("with the embedding", embedder),
        ("features only", None),
    ]
    for name, given in rows:
        analyst = Analyst(embedder=given, strong=strong, category=category)
        print(row(name, *await measure(analyst, prompts)))


if __name__ == "__main__":
    anyio.run(main)
