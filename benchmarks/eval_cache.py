"""How the cache's verifier does on labelled pairs and on streams, beside simpler ways.

    python -m benchmarks.eval_cache

For every source and kind: the share of equivalent pairs served, and of look-alikes wrongly served.
Pairs that the verifier learnt from are scored by trees that saw nothing of their group; Quora,
SICK, MRPC and the edits of CodeAlpaca and Quora were never learnt from. Takes 10 minutes.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.verifier_data import Pair, read_clusters, read_pairs, vectors, vectors_of
from benchmarks.verifier_fit import TARGETS, Table, calibration, near_misses, scores, thresholds
from cache.semantic.normal import normal_form
from cache.semantic.verifier import Prompt, Verifier
from cache.semantic.weights import read_weights

Floats = NDArray[np.float64]
Vectors = dict[str, NDArray[np.float32]]
RATES = (0.001, 0.005, 0.01, 0.02, 0.05)
PUBLIC = ("qqp", "sick", "mrpc", "paws", "checklist", "gptcache_mock", "edit")


def main() -> None:
    pairs = read_pairs()
    vector = vectors_of(pairs)
    arrays = read_weights()
    verifier = Verifier(arrays)
    table = Table(pairs, arrays, vector)
    told = scores(table)
    slope, offset = calibration(table, told)
    ours = 1 / (1 + np.exp(-(slope * told + offset)))
    cosine = np.array([float(vector[pair.a] @ vector[pair.b]) for pair in pairs])
    limit = float(
        thresholds(ours, near_misses(table), ["general"] * len(pairs))[0, TARGETS.index(0.01)]
    )
    ways = {
        "ours": ours >= limit,
        "cos .85": cosine >= 0.85,
        "cos .95": cosine >= 0.95,
        "sigmoid": cosine >= sigmoid_limit(table, cosine, 0.01),
    }
    by_kind(table, ways)
    curve(table, ours, cosine)
    stream_table(verifier, vector)


def sigmoid_limit(table: Table, cosine: Floats, target: float) -> float:
    """The cosine from which one logistic curve over all learnt pairs promises the target."""
    share = near_misses(table)
    order = np.argsort(-cosine)
    passed = np.cumsum(share[order]) / share.sum()
    return float(cosine[order[int(np.searchsorted(passed, target))]])


def by_kind(table: Table, ways: dict[str, NDArray[np.bool_]]) -> None:
    """Print the share served for every source and kind."""
    rows = [(source, kind_of(pair)) for source, pair in zip(table.source, table.pairs, strict=True)]
    groups = np.array([f"{source}: {kind}"[:60] for source, kind in rows])
    print(f"{'share served':62}{'pairs':>6} " + "".join(f"{name:>9}" for name in ways))
    for same, title in ((True, "EQUIVALENT (more is better)"), (False, "LOOK-ALIKES (less)")):
        print(title)
        of = table.same == same
        for group in sorted(set(groups[of])):
            line(group, of & (groups == group), ways)
        line("all public pairs", of & (table.source != "authored"), ways)
        line("all pairs never learnt from", of & ~table.learnt, ways)


def kind_of(pair: Pair) -> str:
    return "" if pair.source in ("qqp", "mrpc", "paws", "gptcache_mock") else pair.kind


def line(name: str, rows: NDArray[np.bool_], ways: dict[str, NDArray[np.bool_]]) -> None:
    shares = "".join(f"{hit[rows].mean():9.3f}" for hit in ways.values())
    print(f"{name:62}{rows.sum():6d} {shares}")


def curve(table: Table, ours: Floats, cosine: Floats) -> None:
    """Print recall where so many of the look-alikes are served, each way at its own threshold."""
    print("\nrecall at a share of false hits  " + "".join(f"{t:>16.1%}" for t in RATES))
    for name, rows in (
        ("all public", table.source != "authored"),
        ("never learnt", ~table.learnt),
        ("Quora", table.source == "qqp"),
        ("written", table.source == "authored"),
    ):
        cells = [
            "/".join(
                f"{recall_at(score[rows], table.same[rows], t):.3f}" for score in (ours, cosine)
            )
            for t in RATES
        ]
        print(f"{name + ' (ours/cosine)':33}" + "".join(f"{cell:>16}" for cell in cells))


def recall_at(score: Floats, same: NDArray[np.bool_], target: float) -> float:
    others = np.sort(score[~same])[::-1]
    limit = others[int(target * len(others))]
    return float((score[same] > limit).mean())


@dataclass(frozen=True, slots=True)
class Request:
    """A prompt of a stream, and what it asks; the same number is the same question."""

    text: str
    meaning: int


def stream(seed: int, requests: int, lookalikes: list[Pair]) -> list[Request]:
    """Quora clusters, half of them asked again, mixed with pairs of look-alikes."""
    chance = random.Random(seed)
    clusters = [cluster for cluster in read_clusters() if len(cluster) > 1]
    chosen = chance.sample(clusters, requests // 4)
    asked = [
        Request(text, number)
        for number, cluster in enumerate(chosen)
        for text in (cluster * 2)[: chance.randint(2, 4)]
    ]
    known = {text for cluster in clusters for text in cluster}
    fresh = [pair for pair in lookalikes if not {pair.a, pair.b} & known]
    meanings: dict[str, int] = {}
    for pair in chance.sample(fresh, (requests - len(asked)) // 2):
        for text in (pair.a, pair.b):  # a text that was edited twice asks one thing
            meaning = meanings.setdefault(normal_form(text), len(chosen) + len(meanings))
            asked.append(Request(text, meaning))
    chance.shuffle(asked)
    return asked


def stream_table(verifier: Verifier, known: Vectors) -> None:
    """Print hits and wrong answers of several streams of requests, each way."""
    lookalikes = {
        "Quora non-duplicates, cosine over .8": [
            p
            for p in read_pairs()
            if p.source == "qqp" and not p.same and cosine_of(p, known) > 0.8
        ],
        "edits": [p for p in read_pairs() if p.source == "edit" and not p.same],
        "both": [
            p
            for p in read_pairs()
            if not p.same
            and (p.source == "edit" or (p.source == "qqp" and cosine_of(p, known) > 0.8))
        ],
    }
    cluster_texts = sorted({text for cluster in read_clusters() for text in cluster})
    vector = {**vectors([cluster_texts]), **known}
    print("\nstreams of 2,000 requests; hits / wrong answers, % of requests")
    for name, pairs in lookalikes.items():
        requests = stream(1, 2_000, pairs)
        print(f"{name} ({len(requests)} requests, {repeats(requests):.1%} repeats in meaning)")
        for target in (0.001, 0.003, 0.005, 0.01):
            limit = verifier.threshold(target)
            show(f"  ours, target {target:.1%}", run(requests, vector, serves(verifier, limit)))
        for limit in (0.85, 0.95, 0.98):
            show(f"  cosine {limit}", run(requests, vector, by_cosine(limit)))


def cosine_of(pair: Pair, vector: Vectors) -> float:
    return float(vector[pair.a] @ vector[pair.b])


def repeats(requests: list[Request]) -> float:
    return 1 - len({request.meaning for request in requests}) / len(requests)


Rule = Callable[[Prompt, Prompt], float]  # how sure; at least 1 serves


def serves(verifier: Verifier, limit: float) -> Rule:
    return lambda asked, kept: verifier.probability(asked, kept).probability / limit


def by_cosine(limit: float) -> Rule:
    return lambda asked, kept: float(asked.vector @ kept.vector) / limit


def run(
    requests: list[Request], vector: Vectors, rule: Rule, nearest: int = 4
) -> tuple[float, float]:
    """The shares of requests that are served from the cache, and served wrongly."""
    kept = np.zeros((len(requests), 384), dtype=np.float32)
    held: list[Request] = []
    exact: dict[str, int] = {}
    hits = wrong = 0
    for request in requests:
        own = vector[request.text]
        near = np.argsort(-(kept[: len(held)] @ own))[:nearest].tolist()
        near += [exact[n] for n in (normal_form(request.text),) if n in exact]
        asked = Prompt(request.text, own)
        sure = [(rule(asked, Prompt(held[i].text, kept[i])), i) for i in near]
        best, at = max(sure, default=(-math.inf, -1))
        if best >= 1:
            hits += 1
            wrong += held[at].meaning != request.meaning
            continue
        exact.setdefault(normal_form(request.text), len(held))
        kept[len(held)] = own
        held.append(request)
    return hits / len(requests), wrong / len(requests)


def show(name: str, shares: tuple[float, float]) -> None:
    print(f"{name:30} {shares[0]:7.1%} {shares[1]:8.2%}")


if __name__ == "__main__":
    main()
