"""What a hit costs, through the dispatcher: in each layer, and by meaning among 10,000 prompts.

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.cache_hits    # as the product sets it

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
import numpy as np
from pydantic import SecretStr

from benchmarks.cache_world import REAL, World, open_model, open_world
from benchmarks.routing_data import DATA
from pointsman.records import Call
from pointsman.seams import Embedding
from pointsman.settings import CacheSettings
from pointsman.types import ChatRequest, Message
from providers.embedding.minilm import MODEL
from routing.dispatch import Dispatcher
from routing.prompt.analyst import Analyst
from routing.recall import Place
from tests.contract.cache import remembered
from tests.redis_server import RedisServer

Figures = tuple[float, float, float, float]
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
) -> Figures:
    """CPU of a call, p50 and p99 of the waits, in microseconds; and the share of hits."""
    cpu: list[float] = []
    hits: list[bool] = []
    waits: list[float] = []

    async def caller(dispatcher: Dispatcher, share: Sequence[Call]) -> None:
        for call in share:
            started = time.perf_counter()
            answer = await dispatcher.complete(call)
            waits.append((time.perf_counter() - started) * 1e6)
            hits.append((answer.cache.kind, answer.cache.layer) == (kind, layer))

    for _ in range(BATCHES):
        dispatcher = made()
        started = time.process_time()
        async with anyio.create_task_group() as tasks:
            for number in range(callers):
                tasks.start_soon(caller, dispatcher, calls[number::callers])
        cpu.append((time.process_time() - started) / len(calls) * 1e6)
    waits.sort()
    p99 = waits[int(len(waits) * 0.99)]
    return statistics.median(cpu), statistics.median(waits), p99, statistics.mean(hits)


def show(name: str, limit: str, callers: int, figures: Figures) -> None:
    cpu, p50, p99, hits = figures
    print(
        f"{name:<10} {callers:>7} {cpu:>9.0f} {p50:>9.0f} {p99:>9.0f} {limit:>9} {hits:>6.0%}",
        flush=True,
    )


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
    pairs = duplicates()[:600]
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            world = await open_world(stack, Path(folder), REAL, settings, embedder)
            for text, _ in pairs:
                await world.dispatcher.complete(ask(text))
            await fill(world, PROMPTS - len(pairs))
            served = await served_by_meaning(world, [ask(text) for _, text in pairs])
            analyst = world.dispatcher.analyst
            print(f"{len(served)} prompts served by meaning, each embedded and read anew")

            def forgetful() -> Dispatcher:
                fresh = Analyst(embedder=embedder, strong=analyst.strong, category=analyst.category)
                return replace(world.dispatcher, analyst=fresh)

            for callers in CALLERS:
                figures = await measure(forgetful, served, callers, "semantic", "memory")
                show("semantic", "15000", callers, figures)


async def fill(world: World, count: int) -> None:
    """So many prompts more, which lie anywhere."""
    dispatcher, dice = world.dispatcher, np.random.default_rng(7)
    understood = await dispatcher.analyst.understand(ask("What is a filler?"))
    kept = remembered()
    for number in range(count):
        call = ask(f"What is the filler of number {number}?")
        place = place_of(dispatcher, call)
        recall, like = dispatcher.recall, replace(kept, request=call.request)
        await recall.cache.put(place.key, like)
        vector = dice.normal(size=384).astype(np.float32)
        embedding = Embedding(MODEL, vector / np.linalg.norm(vector))
        await recall.similar.keep(call, place.stamp, place.key, understood.analysis, embedding)


def place_of(dispatcher: Dispatcher, call: Call) -> Place:
    return dispatcher.recall.place(call, dispatcher.catalogue.fingerprint, dispatcher.routing)


async def served_by_meaning(world: World, calls: Sequence[Call]) -> list[Call]:
    served: list[Call] = []
    for call in calls:
        dispatcher = world.dispatcher
        place = place_of(dispatcher, call)
        understood = await dispatcher.analyst.understand(call)
        found = await dispatcher.recall.alike(call, place, understood)
        if found is not None and found.similarity != 1.0:
            served.append(call)
    return served


async def main() -> None:
    print(f"{platform.machine()}, Python {platform.python_version()}; microseconds")
    print(f"{'layer':<10} {'callers':>7} {'CPU':>9} {'p50':>9} {'p99':>9} {'limit':>9} {'hits':>6}")
    with tempfile.TemporaryDirectory() as folder, RedisServer(Path(folder)) as server:
        await exact(server.url)
    await alike()


if __name__ == "__main__":
    anyio.run(main, backend_options={"use_uvloop": True})  # as the HTTP server does
