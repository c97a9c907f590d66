"""Trains the category model and writes routing/predict/category.npz.

    python benchmarks/train_category.py

It is trained on our own prototypes and on those development prompts whose licences allow it. The
same data gives the same weights. benchmarks/eval_category.py judges them by sources held apart.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.category_data import (  # noqa: E402
    LAYER,
    ONLY_JUDGED,
    OWN,
    Rows,
    load_prompts,
    make_rows,
)
from benchmarks.embed import embed_states  # noqa: E402
from providers.embedding.minilm import MODEL  # noqa: E402
from routing.predict.category import VECTOR_SCALE  # noqa: E402

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

KEPT = ROOT / "tests" / "fixtures" / "category_embeddings.npz"
EXAMPLES = (
    "Explain bubble sort",
    "Im so frustrated with this!",
    "Im so frustrated, my quicksort crashes",
    "Explain quicksort",
    "Explain quicksort\nNow explain mergesort",
    "Explain sorting",
    "Solve 2x+5=15",
    "Translate to French: the cat sleeps on the sofa",
    "What does the evidence say about statins in people over 75?",
    "Who painted the ceiling of the Sistine Chapel?",
    "My best friend moved away and the days feel empty.",
    "Write a haiku about the sea.",
    "Schreibe eine Python-Funktion, die prüft, ob eine Zahl gerade ist.",
    "I'm so angry, this SQL query still returns duplicates. How do I fix it?",
    'Is "less people" or "fewer people" right?',
    "A box holds 12 eggs. How many eggs are in 7 boxes?",
)
WEIGHTS = ROOT / "routing" / "predict" / "category.npz"
KINDS = 6
FIT_FULL, FIT_RULES = 6.0, 10.0  # how far the data may pull the weights from 0
OWN_WEIGHT = 2.0  # of a prototype, against a prompt of a data set
MOST_OF_A_SOURCE = 60  # a larger data set weighs no more than so many prompts: it is one voice
STEPS = 40


def trainable(rows: Rows) -> "NDArray[np.bool_]":
    return ~np.isin(rows.source, list(ONLY_JUDGED))


def features(rows: Rows, mean: "Floats") -> "Floats":
    """The rows as `routing.predict.category` builds them."""
    middle = rows.middle - mean
    middle /= np.maximum(np.linalg.norm(middle, axis=1, keepdims=True), 1e-9)
    return np.hstack([rows.rules, VECTOR_SCALE * rows.vector, VECTOR_SCALE * middle])


def train(rows: Rows, chosen: "NDArray[np.bool_]") -> "dict[str, NDArray[Any]]":
    """Weights learned from the `chosen` rows, by the names that the predictor reads."""
    weight = weigh(rows, chosen)
    label = rows.label[chosen]
    mean = rows.middle[chosen].mean(axis=0)
    full, full_bias = fit(features(rows, mean)[chosen], label, weight, FIT_FULL)
    rules, rules_bias = fit(rows.rules[chosen], label, weight, FIT_RULES)
    return {
        "full": full,
        "full_bias": full_bias,
        "rules": rules,
        "rules_bias": rules_bias,
        "mean": mean,
        "start": np.int64(LAYER * rows.middle.shape[1]),
        "model": np.array(MODEL),
    }


def weigh(rows: Rows, chosen: "NDArray[np.bool_]") -> "NDArray[np.float64]":
    """How much each chosen row counts: every kind as much as any other, no data set too much."""
    source, label = rows.source[chosen], rows.label[chosen]
    weight = np.where(source == OWN, OWN_WEIGHT, 1.0)
    for name in sorted(set(source.tolist()) - {OWN}):
        there = source == name
        weight[there] *= min(1.0, MOST_OF_A_SOURCE / there.sum())
    for kind in range(KINDS):
        there = label == kind
        weight[there] *= len(label) / KINDS / weight[there].sum()
    return weight


def fit(
    x: "Floats", label: "NDArray[np.int64]", weight: "NDArray[np.float64]", strength: float
) -> "tuple[Floats, Floats]":
    """Matrix and bias of the softmax regression that loses least.

    It minimises `strength` x the weighted log-loss + half the squared length of the matrix, by
    accelerated descent that is bent by a bound of the curvature (Boehning 1992).
    """
    inputs = np.hstack([x, np.ones((len(x), 1))]).astype(np.float64)
    target = np.eye(KINDS)[label]
    decay = np.ones(inputs.shape[1])
    decay[-1] = 1e-3  # the bias is hardly held
    bound = 0.5 * strength * (inputs * weight[:, None]).T @ inputs + np.diag(decay)
    bend = np.linalg.inv(bound)
    at = ahead = np.zeros((KINDS, inputs.shape[1]))
    for step in range(STEPS):
        shares = softmax(inputs @ ahead.T)
        slope = strength * ((shares - target) * weight[:, None]).T @ inputs + decay * ahead
        before, at = at, ahead - slope @ bend
        ahead = at + step / (step + 3) * (at - before)
    return at[:, :-1].astype(np.float32), at[:, -1].astype(np.float32)


def softmax(scores: "NDArray[np.float64]") -> "NDArray[np.float64]":
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares


def keep_examples() -> None:
    """Keep the embeddings of the prompts that the tests predict, so that they need no model."""
    states = embed_states(EXAMPLES)
    with KEPT.open("wb") as out:
        np.savez_compressed(
            out, allow_pickle=False, text=np.array(EXAMPLES), states=states.astype(np.float16)
        )


def main() -> None:
    rows = make_rows(load_prompts())
    chosen = trainable(rows)
    weights = train(rows, chosen)
    with WEIGHTS.open("wb") as out:
        np.savez_compressed(out, allow_pickle=False, **weights)
    sources, counts = np.unique(rows.source[chosen], return_counts=True)
    told = ", ".join(f"{s} {n}" for s, n in zip(sources, counts, strict=True))
    print(f"trained on {chosen.sum()} prompts: {told}")
    keep_examples()
    print(f"{WEIGHTS.name}: {WEIGHTS.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
