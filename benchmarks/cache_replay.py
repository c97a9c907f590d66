"""Hit rates and costs of fixed streams of calls, on a simulated clock (X-07, CA-20, CA-35).

    python -m benchmarks.cache_replay

Intents are asked again with Zipf's frequencies, in the words of a cluster of duplicates; strewn in
are prompts that nobody asks twice, among them look-alikes that need another answer. The exponent,
the shares and the seed were chosen before anything was measured. The whole dispatcher runs, with
the real layers, the real embedder and the real verifier; only the models are fakes, which say whose
question they answer, so that a wrong answer is seen to be one.
"""

import gzip
import json
import random
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

from benchmarks.cache_world import END, Moved, World, open_model, open_world
from benchmarks.routing_data import DATA
from pointsman.money import Nano, usd
from pointsman.records import Call
from pointsman.seams import Embedder
from pointsman.settings import CacheSettings
from pointsman.types import ChatRequest, Message
from providers.embedding.memo import RememberingEmbedder

SEED = 20_26
EXPONENT = 1.0
INTENTS = 1_000
REQUESTS = 10_000
GAP_S = 4.32  # between two calls: the stream takes twelve hours
OTHER_WORDS = 0.3  # of the calls for an intent are not in its first words


@dataclass(frozen=True)
class Workload:
    name: str
    once: float  # share of calls that nobody makes again
    gate: float | None  # the hit rate that must be reached


WORKLOADS = (
    Workload("repeat-heavy", 0.1, 0.70),
    Workload("mixed", 0.5, 0.35),
    Workload("unique", 1.0, None),
)


@dataclass
class Tally:
    exact: int = 0
    semantic: int = 0
    wrong: int = 0
    cost: Nano = 0


@dataclass(frozen=True)
class Material:
    intents: list[list[str]]  # each in all its words
    once: list[str]  # look-alikes one after the other, so both are asked

    @property
    def meaning(self) -> dict[str, str]:
        """What each prompt means: the first words of its intent, or itself."""
        told = {text: texts[0] for texts in self.intents for text in texts}
        return {text: text for text in self.once} | told


def read_material() -> Material:
    dice = random.Random(SEED)
    clusters: list[list[str]] = json.loads(
        gzip.decompress((DATA / "cache_clusters_qqp.json.gz").read_bytes())
    )
    repeated = [texts for texts in clusters if len(texts) > 1]
    dice.shuffle(repeated)
    lines = gzip.decompress((DATA / "cache_pairs.jsonl.gz").read_bytes()).splitlines()
    pairs: list[dict[str, Any]] = [json.loads(line) for line in lines]
    alike = [(p["a"], p["b"]) for p in pairs if not p["label"]]
    dice.shuffle(alike)
    once = list(dict.fromkeys(text for pair in alike for text in pair))
    known = {text for texts in repeated for text in texts}
    return Material(repeated[:INTENTS], [text for text in once if text not in known])


def stream(workload: Workload, material: Material) -> Iterator[str]:
    dice = random.Random(SEED)
    weights = [1 / rank**EXPONENT for rank in range(1, INTENTS + 1)]
    once = iter(material.once)
    for _ in range(REQUESTS):
        if dice.random() < workload.once:
            yield next(once)
            continue
        (texts,) = dice.choices(material.intents, weights)
        yield dice.choice(texts[1:]) if dice.random() < OTHER_WORDS else texts[0]


async def replay(
    workload: Workload, material: Material, world: World, time: Moved, model: str
) -> Tally:
    tally, meaning = Tally(), material.meaning
    for text in stream(workload, material):
        time.now += GAP_S
        request = ChatRequest(messages=(Message("user", text),))
        answer = await world.dispatcher.complete(Call(request=request, model=model))
        tally.cost += answer.cost or 0
        if not answer.cache.hit:
            continue
        exact = answer.cache.kind == "exact"
        tally.exact += exact
        tally.semantic += not exact
        wrong = meaning[answer.completion.text.partition(END)[0]] != meaning[text]
        tally.wrong += wrong
    return tally


async def run(
    workload: Workload, material: Material, embedder: Embedder, *, cache: bool, routing: bool
) -> Tally:
    settings, time = CacheSettings(enabled=cache), Moved()
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            world = await open_world(stack, Path(folder), time.clock, settings, embedder)
            model = "auto" if routing else "strong/m"
            return await replay(workload, material, world, time, model)


async def main() -> None:
    material = read_material()
    embedder = RememberingEmbedder(await open_model(), kept=20_000)
    print(f"{REQUESTS} calls; Zipf exponent {EXPONENT}, {INTENTS} intents, seed {SEED}; ")
    print(f"{OTHER_WORDS:.0%} of an intent's calls in other words; {GAP_S} s between calls\n")
    print("workload      once   hits  exact  semantic  wrong of calls   gate")
    bills: dict[tuple[str, bool, bool], Nano] = {}
    for workload in WORKLOADS:
        for cache, routing in ((True, False), (True, True), (False, False), (False, True)):
            tally = await run(workload, material, embedder, cache=cache, routing=routing)
            bills[workload.name, cache, routing] = tally.cost
            if cache and routing:
                hits = (tally.exact + tally.semantic) / REQUESTS
                gate = "" if workload.gate is None else f"{workload.gate:.0%}"
                print(
                    f"{workload.name:<13} {workload.once:>4.0%} {hits:>6.1%} "
                    f"{tally.exact / REQUESTS:>6.1%} {tally.semantic / REQUESTS:>8.1%} "
                    f"{tally.wrong / REQUESTS:>14.2%} {gate:>8}"
                )
    print("\ncost, USD      neither  cache only  routing only    both   saved by both")
    for workload in WORKLOADS:
        told = [
            usd(bills[workload.name, cache, routing]) or 0.0
            for cache, routing in ((False, False), (True, False), (False, True), (True, True))
        ]
        print(
            f"{workload.name:<13} {told[0]:>8.3f} {told[1]:>11.3f} {told[2]:>13.3f} "
            f"{told[3]:>7.3f} {1 - told[3] / told[0]:>13.1%}"
        )


if __name__ == "__main__":
    anyio.run(main)
