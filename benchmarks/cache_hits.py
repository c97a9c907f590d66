"""What a hit costs, through the dispatcher: in each layer, and by meaning among 10,000 prompts.

    python -m benchmarks.cache_hits

CPU is that of this process per call, the median over batches; p50 and p99 are of the waits, with
so many callers at once. The answer to a call has 150 words. Redis is a real server beside it.
"""

import gzip
import json
import platform
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
from pydantic import SecretStr

from benchmarks.cache_world import REAL, World, open_model, open_world
from benchmarks.routing_data import DATA
from pointsman.records import Call
from pointsman.settings import CacheSettings
from pointsman.types import ChatRequest, Message
from routing.dispatch import Dispatcher
from routing.prompt.analyst import Analyst
from tests.redis_server import RedisServer

ENTRIES = 500
PROMPTS = 10_000
BATCHES = 20
CALLERS = (1, 16, 64)
Changes = Mapping[str, object]
LASTING: Changes = {"memory_residency_s": 86_400.0}
LAYERS: Mapping[str, Changes] = {  # settings under which the named layer has the answer first
    "memory": LASTING,
    "redis": {"memory_items": 0},
    "database": {"memory_items": 0},
}
LIMIT_US = {"memory": 100, "redis": 250, "database": 300}


def ask(text: str) -> Call:
    return Call(request=ChatRequest(messages=(Message("user", text),)))


async def measure(
    made: Callable[[], Dispatcher], calls: Sequence[Call], callers: int, kind: str, layer: str
) -> tuple[float, float, float]:
    """CPU of a call, and the median and 99th percentile of the waits, all in microseconds."""
    cpu: list[float] = []
    waits: list[float] = []

    async def caller(dispatcher: Dispatcher, share: Sequence[Call]) -> None:
        for call in share:
            started = time.perf_counter()
            answer = await dispatcher.complete(call)
            waits.append((time.perf_counter() - started) * 1e6)
            assert (answer.cache.kind, answer.cache.layer) == (kind, layer), answer.cache

    for _ in range(BATCHES):
        dispatcher = made()
        started = time.process_time()
        async with anyio.create_task_group() as tasks:
            for number in range(callers):
                tasks.start_soon(caller, dispatcher, calls[number::callers])
        cpu.append((time.process_time() - started) / len(calls) * 1e6)
    waits.sort()
    return statistics.median(cpu), statistics.median(waits), waits[int(len(waits) * 0.99)]


def show(name: str, limit: str, callers: int, figures: tuple[float, float, float]) -> None:
    cpu, p50, p99 = figures
    print(f"{name:<10} {callers:>7} {cpu:>9.0f} {p50:>9.0f} {p99:>9.0f} {limit:>9}", flush=True)


async def exact(url: str) -> None:
    calls = [ask(f"What is known about the number {number}?") for number in range(ENTRIES)]
    for layer, changes in LAYERS.items():
        redis_url = SecretStr(url) if layer == "redis" else None
        settings = CacheSettings(semantic=False, redis_url=redis_url).model_copy(update=changes)
        with tempfile.TemporaryDirectory() as folder:
            async with AsyncExitStack() as stack:
                world = await open_world(stack, Path(folder), REAL, settings, None)
                dispatcher = world.dispatcher
                for call in calls:
                    await world.dispatcher.complete(call)
                for callers in CALLERS:
                    figures = await measure(
                        partial(the, dispatcher), calls, callers, "exact", layer
                    )
                    show(layer, str(LIMIT_US[layer]), callers, figures)


def the(dispatcher: Dispatcher) -> Dispatcher:
    return dispatcher


def duplicates() -> list[tuple[str, str]]:
    lines = gzip.decompress((DATA / "cache_pairs.jsonl.gz").read_bytes()).splitlines()
    pairs = [json.loads(line) for line in lines]
    random.Random(7).shuffle(pairs)
    return [(p["a"], p["b"]) for p in pairs if p["label"] and p["source"] == "qqp"]


async def alike() -> None:
    embedder = await open_model()
    settings = CacheSettings(memory_items=2 * PROMPTS, memory_mb=500).model_copy(update=LASTING)
    pairs = duplicates()
    kept = [a for a, _ in pairs]
    kept += [f"{text} ({n})" for n, text in enumerate(kept * 5)][: PROMPTS - len(kept)]
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            world = await open_world(stack, Path(folder), REAL, settings, embedder)
            for text in kept:
                await world.dispatcher.complete(ask(text))
            served = await served_by_meaning(world, [ask(text) for _, text in pairs[:600]])
            analyst = world.dispatcher.analyst
            print(f"{len(served)} prompts served by meaning, each embedded and read anew")

            def forgetful() -> Dispatcher:
                fresh = Analyst(embedder=embedder, strong=analyst.strong, category=analyst.category)
                return replace(world.dispatcher, analyst=fresh)

            for callers in CALLERS:
                figures = await measure(forgetful, served, callers, "semantic", "memory")
                show("semantic", "15000", callers, figures)


async def served_by_meaning(world: World, calls: Sequence[Call]) -> list[Call]:
    served: list[Call] = []
    for call in calls:
        dispatcher = world.dispatcher
        fingerprint, routing = dispatcher.catalogue.fingerprint, dispatcher.routing
        place = dispatcher.recall.place(call, fingerprint, routing)
        understood = await dispatcher.analyst.understand(call)
        found = await dispatcher.recall.alike(call, place, understood)
        if found is not None and found.similarity != 1.0:
            served.append(call)
    return served


async def main() -> None:
    print(f"{platform.machine()}, Python {platform.python_version()}; microseconds")
    print(f"{'layer':<10} {'callers':>7} {'CPU':>9} {'p50':>9} {'p99':>9} {'limit':>9}")
    with tempfile.TemporaryDirectory() as folder, RedisServer(Path(folder)) as server:
        await exact(server.url)
    await alike()


if __name__ == "__main__":
    anyio.run(main)
