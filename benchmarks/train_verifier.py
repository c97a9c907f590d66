"""Train the semantic cache's verifier and write cache/semantic/verifier.npz.

    python -m benchmarks.train_verifier [--no-write]

Prints how it does on kinds and sources that were held apart. Deterministic; takes 5 minutes on one
core, most of it to embed the texts the first time.
"""

import argparse

import numpy as np

from benchmarks.verifier_data import Pair, read_pairs, vectors_of
from benchmarks.verifier_fit import (
    TARGETS,
    Floats,
    Table,
    calibration,
    grow,
    near_misses,
    pack,
    scores,
    scores_without,
    thresholds,
)
from benchmarks.verifier_words import vocabulary
from cache.semantic.verifier import MODEL
from cache.semantic.weights import FILE
from pointsman.records import Category
from routing.predict.category import CategoryPredictor
from routing.predict.weights import read_weights
from routing.prompt.emotion import read_emotion
from routing.prompt.signals import read_signals


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--no-write", action="store_true")
    words = vocabulary()
    pairs = read_pairs()
    table = Table(pairs, words, vectors_of(pairs))
    told = scores(table)
    slope, offset = calibration(table, told)
    p = 1 / (1 + np.exp(-(slope * told + offset)))
    share = near_misses(table)
    curve = thresholds(p, share, categories(pairs))
    print_curve(curve, p, table, share)
    held_apart(table, slope, offset, float(curve[0, TARGETS.index(0.01)]))
    arrays = {
        **words,
        **pack(grow(table, np.ones(len(pairs), dtype=bool))),
        "model": np.array(MODEL),
        "calibration": np.array([slope, offset]),
        "targets": np.array(TARGETS),
        "thresholds": curve,
    }
    if not options.parse_args().no_write:
        np.savez_compressed(FILE, allow_pickle=False, **arrays)
        print(f"{FILE.name}: {FILE.stat().st_size / 1e6:.2f} MB")


def categories(pairs: list[Pair]) -> list[Category]:
    """The category of each pair's first prompt, by its words alone."""
    predictor = CategoryPredictor(read_weights("category"))
    known: dict[str, Category] = {}
    for text in sorted({pair.a for pair in pairs}):
        signals = read_signals(text)
        chances = predictor.predict(signals, read_emotion(signals.text), None)
        known[text] = max(chances, key=lambda name: chances[name])
    return [known[pair.a] for pair in pairs]


def print_curve(curve: Floats, p: Floats, table: Table, share: Floats) -> None:
    print("target  threshold  false hits  recall of written, of all learnt (unseen groups)")
    for target, threshold in zip(TARGETS, curve[0], strict=True):
        hit = p >= threshold
        false = (share * hit).sum() / share.sum()
        written = hit[table.same & (table.source == "authored")].mean()
        every = hit[table.same & table.learnt].mean()
        print(f"{target:6.3f} {threshold:9.3f} {false:10.4f} {written:9.3f} {every:9.3f}")


def held_apart(table: Table, slope: float, offset: float, threshold: float) -> None:
    """Print each source's, and each kind's, share of hits by trees that saw nothing of it."""
    limit = (np.log(threshold / (1 - threshold)) - offset) / slope
    print(f"\nHeld apart, at the threshold for 1 % ({threshold:.3f}): share served")
    for source in ("checklist", "gptcache_mock", "paws", "edit", "authored"):
        rows = table.learnt & (table.source == source)
        show(f"without any of {source}", table, rows, scores_without(table, rows) >= limit)
    for source in ("checklist", "authored"):
        for kind in sorted(set(table.kind[table.source == source])):
            rows = table.learnt & (table.source == source) & (table.kind == kind)
            show(f"{source}: {kind}"[:70], table, rows, scores_without(table, rows) >= limit)


def show(name: str, table: Table, rows: np.ndarray, hit: np.ndarray) -> None:
    same = table.same[rows]
    served, wrong = (f"{hit[side].mean():.3f}" if side.any() else "-" for side in (same, ~same))
    print(f"{name:72} same {served:>6} ({same.sum():5})   other {wrong:>6} ({(~same).sum():5})")


if __name__ == "__main__":
    main()
