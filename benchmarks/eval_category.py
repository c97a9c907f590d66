"""Judges the category model on sources that it was not trained on.

    python benchmarks/eval_category.py

For each source of the development data a model is trained on the prototypes and on all other
sources that may be trained on, and tested on that source. Prints accuracy with its Wilson
interval, macro-F1, log-loss and calibration error, beside simpler methods, then each source and
the confusion matrix.
"""

import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.category_data import OWN, Rows, load_prompts, make_rows  # noqa: E402
from benchmarks.train_category import (  # noqa: E402
    FIT_FULL,
    FIT_RULES,
    KINDS,
    features,
    fit,
    softmax,
    trainable,
    weigh,
)
from routing.predict.category import VECTOR_SCALE  # noqa: E402
from routing.prompt.category import CATEGORIES, rule_probabilities  # noqa: E402
from routing.prompt.emotion import read_emotion  # noqa: E402
from routing.prompt.signals import read_signals  # noqa: E402

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Shares = NDArray[np.float64]
    View = Callable[[Rows, "NDArray[np.bool_]"], "NDArray[np.float32]"]

KEYWORDS = {  # the source requirement's own list (RT-17)
    "coding": ("code", "function", "algorithm", "debug", "python"),
    "math": ("solve", "calculate", "equation", "derivative"),
    "research": ("analyze", "research", "compare", "study"),
    "language": ("translate", "grammar", "correct", "sentence"),
}
BINS = 10


def everything(rows: Rows, chosen: "NDArray[np.bool_]") -> "NDArray[np.float32]":
    return features(rows, rows.middle[chosen].mean(axis=0))


VIEWS: dict[str, tuple["View", float]] = {
    "rules, learned weights": (lambda rows, _: rows.rules, FIT_RULES),
    "last layer of the embedding": (lambda rows, _: rows.vector, FIT_FULL),
    "both layers": (lambda rows, c: everything(rows, c)[:, rows.rules.shape[1] :], FIT_FULL),
    "rules and last layer": (
        lambda rows, _: np.hstack([rows.rules, VECTOR_SCALE * rows.vector]),
        FIT_FULL,
    ),
    "the model: rules and both layers": (everything, FIT_FULL),
}


def hold_out(rows: Rows, view: "View", strength: float, *, own_only: bool = False) -> "Shares":
    """For each given prompt, the shares by a model that saw nothing of its source."""
    given = rows.source != OWN
    shares = np.zeros((int(given.sum()), KINDS))
    for source in sorted(set(rows.source[given].tolist())):
        chosen = rows.source == OWN if own_only else trainable(rows) & (rows.source != source)
        x = view(rows, chosen)
        matrix, bias = fit(x[chosen], rows.label[chosen], weigh(rows, chosen), strength)
        there = rows.source == source
        shares[there[given]] = softmax((x[there] @ matrix.T + bias).astype(np.float64))
    return shares


def by_keywords(text: str) -> list[float]:
    hits = [sum(word in text.lower() for word in KEYWORDS.get(one, ())) for one in CATEGORIES]
    hits[CATEGORIES.index("general")] = 0 if any(hits) else 1
    return [hit / sum(hits) for hit in hits]


def by_rules(text: str) -> list[float]:
    signals = read_signals(text)
    return list(rule_probabilities(signals, read_emotion(signals.text)).values())


def wilson(right: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    z, p = 1.96, right / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return middle - half, middle + half


def confusion(label: "NDArray[np.int64]", shares: "Shares") -> "NDArray[np.int64]":
    matrix = np.zeros((KINDS, KINDS), dtype=np.int64)
    np.add.at(matrix, (label, shares.argmax(axis=1)), 1)
    return matrix


def macro_f1(matrix: "NDArray[np.int64]") -> float:
    right = matrix.diagonal()
    return float(np.mean(2 * right / np.maximum(matrix.sum(axis=0) + matrix.sum(axis=1), 1)))


def calibration_error(label: "NDArray[np.int64]", shares: "Shares") -> float:
    """The mean gap between confidence and accuracy, over bins of confidence."""
    sure, right = shares.max(axis=1), shares.argmax(axis=1) == label
    place = np.minimum((sure * BINS).astype(int), BINS - 1)
    gaps = [
        abs(float(sure[place == b].mean() - right[place == b].mean())) * float((place == b).mean())
        for b in range(BINS)
        if (place == b).any()
    ]
    return sum(gaps)


def report(name: str, label: "NDArray[np.int64]", shares: "Shares") -> None:
    matrix = confusion(label, shares)
    right, n = int(matrix.trace()), len(label)
    low, high = wilson(right, n)
    loss = -np.log(np.maximum(shares[np.arange(n), label], 1e-6)).mean()
    print(
        f"{name:<38}{right / n:.3f} [{low:.3f}, {high:.3f}]  {macro_f1(matrix):.3f}"
        f"  {loss:.3f}  {calibration_error(label, shares):.3f}"
    )


def print_sources(rows: Rows, shares: "Shares") -> None:
    given = rows.source != OWN
    source, label = rows.source[given], rows.label[given]
    print(f"\n{'source held apart':<34}{'n':>5}{'right':>8}  taken for")
    for name, kind in sorted({*zip(source.tolist(), label.tolist(), strict=True)}):
        found = shares[(source == name) & (label == kind)].argmax(axis=1)
        wrong = {CATEGORIES[k]: int((found == k).sum()) for k in range(KINDS) if k != kind}
        told = ", ".join(f"{one} {n}" for one, n in wrong.items() if n)
        print(
            f"{name:<22}{CATEGORIES[kind]:<12}{len(found):>5}{(found == kind).mean():>8.3f}  {told}"
        )


def print_confusion(matrix: "NDArray[np.int64]") -> None:
    print("\nrow: what it is; column: what it was taken for")
    print(" " * 10 + "".join(f"{one:>10}" for one in CATEGORIES))
    for one, row in zip(CATEGORIES, matrix, strict=True):
        print(f"{one:<10}" + "".join(f"{n:>10}" for n in row))


def main() -> None:
    prompts = load_prompts()
    rows = make_rows(prompts)
    given = [prompt for prompt in prompts if prompt.source != OWN]
    label = rows.label[rows.source != OWN]
    print(f"{len(given)} prompts of {len({p.source for p in given})} sources\n")
    print(f"{'method':<38}right  95 % interval   macro-F1  loss  calibration error")
    report("keywords", label, np.array([by_keywords(p.text) for p in given]))
    report("rules, weights by hand", label, np.array([by_rules(p.text) for p in given]))
    shares = np.zeros(0)
    for name, (view, strength) in VIEWS.items():
        shares = hold_out(rows, view, strength)
        report(name, label, shares)
    own = hold_out(rows, everything, FIT_FULL, own_only=True)
    report("the model, from prototypes alone", label, own)
    print_sources(rows, shares)
    print_confusion(confusion(label, shares))


if __name__ == "__main__":
    main()
