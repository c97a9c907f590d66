"""`p_strong`: how likely it is that only the strong tier answers a prompt well.

Two opinions are mixed. The *fitted* one guesses how likely the strong and the weak model are right
from trees and a linear model, and is good where the prompt looks like those it was trained on. The
*travelling* one knows only what makes a prompt harder than its neighbours in any data set, so it
says little, but also where nothing alike was seen. `support` is how far the first is believed.
How it was trained, and how good it is: docs/routing-model.md.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pointsman.seams import Embedding
from routing.predict.features import read_features
from routing.predict.trees import Forest

if TYPE_CHECKING:
    from pointsman.seams import Vector

Arrays = Mapping[str, NDArray[np.generic]]

WIDTH = 384  # of the embedding, and of one layer's mean state
INNER = 3 * WIDTH  # the layers below the last; they say more of difficulty than the last does
TRUST = 0.7  # weight of the fitted opinion where support is full; 1 ranks worse, known kind or not
KNOWN = (0.3, 0.6)  # what tells known kinds of prompts from others: foreign below, known above
CLIP = 5.0  # standard deviations: a number far outside of what was seen must not decide alone


@dataclass(frozen=True, slots=True)
class Strength:
    """How much a strong model would help."""

    p: float  # that the strong tier is right and the weak one wrong; calibrated, in (0, 1)
    gain: float  # expected quality of the strong minus that of the weak; orders prompts as p does
    support: float  # 0..1: how much like the training data the prompt is


class StrongPredictor:
    """The trained parts; `predict` takes about 0.3 ms and waits for nothing."""

    def __init__(self, arrays: Arrays) -> None:
        self._model = str(arrays["model"])
        self._projection = arrays["projection"].astype(np.float32)
        self._plain = _Opinions(arrays, "plain")
        self._full = _Opinions(arrays, "full")

    def predict(self, text: str, embedding: Embedding | None) -> Strength:
        """The strength needed for `text`; an embedding by another model is not used."""
        features = read_features(text)
        if embedding is None or embedding.model != self._model or embedding.layers is None:
            return self._plain.judge(features, features, features)
        inner = embedding.layers[:INNER]
        shape = np.concatenate((inner[-WIDTH:], embedding.vector)) @ self._projection
        return self._full.judge(
            np.concatenate((features, shape)),
            np.concatenate((features, inner)),
            embedding.vector,
        )


class _Opinions:
    """The trained parts for one kind of input: counts alone, or counts and an embedding."""

    def __init__(self, arrays: Arrays, name: str) -> None:
        def of(part: str) -> "Vector":
            return arrays[f"{name}_{part}"].astype(np.float32)

        self._forest = Forest(arrays, name)
        self._mean, self._scale = of("mean"), of("scale")
        self._linear, self._base = of("linear"), of("linear_base")
        self._blend = of("blend")
        self._place_mean, self._place_scale = of("place_mean"), of("place_scale")
        self._centres = of("centres")
        self._far, self._near = map(float, of("reach"))
        self._slope, self._offset = map(float, of("calibration"))

    def judge(self, grown: "Vector", flat: "Vector", place: "Vector") -> Strength:
        """What the trees make of `grown`, the linear model of `flat`, and both are mixed."""
        scaled = np.clip((flat - self._mean) * self._scale, -CLIP, CLIP)
        linear = scaled @ self._linear + self._base
        strong, weak = np.clip(self._forest.predict(grown) + linear[:2], 0, 1).tolist()
        fitted = self._blend @ (1.0, strong, weak, strong * weak, strong**2, weak**2)
        support = _ramp(linear[3], *KNOWN) * self._nearness(place)
        share = TRUST * support
        gain = min(max(float(share * fitted + (1 - share) * linear[2]), -1.0), 1.0)
        p = 1 / (1 + math.exp(-(self._slope * gain + self._offset)))
        return Strength(p, gain, support)

    def _nearness(self, place: "Vector") -> float:
        z = (place - self._place_mean) * self._place_scale
        likeness = float((self._centres @ z).max()) / max(float(np.linalg.norm(z)), 1e-9)
        return _ramp(likeness, self._far, self._near)


def _ramp(x: float, low: float, high: float) -> float:
    """0 up to `low`, 1 from `high` on, straight between."""
    return min(max((float(x) - low) / (high - low), 0.0), 1.0)
