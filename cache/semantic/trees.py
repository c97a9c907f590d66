"""Small decision trees over the features, all walked at once."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray


class Trees:
    """Each tree adds to the log-odds; a leaf leads to itself, so all walk as many steps."""

    def __init__(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        self._feature = arrays["feature"].astype(np.intp)
        self._threshold = arrays["threshold"].astype(np.float32)
        self._children = arrays["children"].astype(np.intp)  # of node n: 2n (at most), 2n + 1
        self._value = arrays["value"].astype(np.float32)
        self._roots = arrays["roots"].astype(np.intp)
        self._depth = int(arrays["depth"][0])

    def log_odds(self, features: Sequence[float]) -> float:
        """The sum of the leaves that `features` come to."""
        x = np.array(features, dtype=np.float32)
        at = self._roots
        for _ in range(self._depth):
            more = x.take(self._feature.take(at)) > self._threshold.take(at)
            at = self._children.take(2 * at + more)
        return float(self._value.take(at).sum())
