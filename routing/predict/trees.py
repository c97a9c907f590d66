"""Gradient-boosted trees, walked all at once."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pointsman.seams import Vector


class Forest:
    """Many small trees over one vector of numbers; each adds to one of the outputs.

    The nodes of all trees lie one after another; a leaf leads to itself, so that every tree can
    be walked for the same number of steps.
    """

    def __init__(self, arrays: Mapping[str, NDArray[np.generic]], name: str) -> None:
        def of(part: str) -> NDArray[np.generic]:
            return arrays[f"{name}_{part}"]

        self._feature = of("feature").astype(np.intp)
        self._threshold = of("threshold").astype(np.float32)
        self._children = of("children").astype(np.intp)  # of node n: 2n (at most), 2n + 1 (more)
        self._value = of("value").astype(np.float32)
        self._roots = of("roots").astype(np.intp)
        self._starts = of("starts").astype(np.intp)  # where the trees of each output begin
        self._depth = int(of("depth")[0])

    def predict(self, x: "Vector") -> "Vector":
        """The outputs for `x`: each is the sum of what its trees say."""
        at = self._roots
        for _ in range(self._depth):
            more = x.take(self._feature.take(at)) > self._threshold.take(at)
            at = self._children.take(2 * at + more)
        total: Vector = np.add.reduceat(self._value.take(at), self._starts)
        return total
