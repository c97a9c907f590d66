"""Which of the six kinds of task a prompt is, by what was learned from labelled ones.

Two linear models share their features: words, shapes and form of the prompt
(`routing.prompt.category`). One also sees the embedding and a middle layer of its model, which
tells the kind of task better than the last one, whose vectors say what a text is about; the other
is for prompts without one.
Trained by benchmarks/train_category.py; docs/category-model.md is the data card.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pointsman.records import Category, Emotion
from pointsman.seams import Embedding
from routing.prompt.category import CATEGORIES, Reading, read
from routing.prompt.signals import Signals

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

RULE_SCALE, VECTOR_SCALE = 0.3, 0.7  # so that none outweighs the others before training


class CategoryPredictor:
    """Calibrated probabilities of the categories.

    `weights` has `full` (6, n) and `full_bias` (6,) over `features_of`, `rules` and `rules_bias`
    over its first part, `mean` (d,) and `start` of the middle layer, and the name of the `model`
    whose embeddings it was trained on: others are not looked at.
    """

    def __init__(self, weights: "Mapping[str, NDArray[Any]]") -> None:
        self._model = str(weights["model"])
        self._start, self._mean = int(weights["start"]), weights["mean"].astype(np.float32)
        self._full, self._rules = (
            (weights[name].astype(np.float32), weights[f"{name}_bias"].astype(np.float32))
            for name in ("full", "rules")
        )

    def predict(
        self, signals: Signals, emotion: Emotion, embedding: Embedding | None
    ) -> dict[Category, float]:
        """How likely each category is; they sum to 1."""
        features = rule_features(read(signals, emotion))
        matrix, bias = self._rules
        if embedding is not None and embedding.model == self._model:
            vectors = vector_features(embedding.vector, embedding.layers, self._start, self._mean)
            if vectors is not None:
                features, (matrix, bias) = np.concatenate([features, vectors]), self._full
        scores = matrix @ features + bias
        powers = np.exp(scores - scores.max())
        shares: list[float] = (powers / powers.sum()).tolist()
        return dict(zip(CATEGORIES, shares, strict=True))


def rule_features(reading: Reading) -> "Floats":
    """What words, shapes and form say, as numbers of one size."""
    words = (0.4 * score for score in reading.words)
    row = np.array([*words, *reading.shapes, reading.code, *reading.form], dtype=np.float32)
    return row * np.float32(RULE_SCALE)


def vector_features(
    vector: "Floats", layers: "Floats | None", start: int, mean: "Floats"
) -> "Floats | None":
    """The embedding and the middle layer at `start` of `layers`, centred; None without it."""
    if layers is None or len(layers) < start + len(mean):
        return None
    middle = layers[start : start + len(mean)] - mean
    middle = middle / max(float(np.linalg.norm(middle)), 1e-9)
    return np.concatenate([vector, middle]) * np.float32(VECTOR_SCALE)
