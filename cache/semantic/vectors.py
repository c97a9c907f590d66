"""The vocabulary that is shipped: how common a word is, whether it is a name, what is like it."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from cache.semantic.words import Word

Arrays = Mapping[str, NDArray[np.generic]]


class Vocabulary:
    """Words with their ranks, and vectors that lie close for words of like meaning."""

    def __init__(self, arrays: Arrays) -> None:
        words = _listed(arrays["words"])
        self.ranks = dict(zip(words, arrays["ranks"].tolist(), strict=True))
        self.names = frozenset(_listed(arrays["names"]))
        self._rows = {word: row for row, word in enumerate(words)}
        self._vectors = arrays["vectors"].astype(np.int8)

    def known(self, word: str) -> bool:
        return word in self.ranks

    def likeness(self, one: str, other: str) -> float:
        """The cosine of the words' vectors; 0 if either is unknown."""
        a, b = self._rows.get(one), self._rows.get(other)
        return 0.0 if a is None or b is None else _cosine(self._vector(a), self._vector(b))

    def likeness_of_all(self, one: Iterable[Word], other: Iterable[Word]) -> float:
        """The cosine of the weighed sums; 1 if both are of nothing known, 0 if one is."""
        a, b = self._sum(one), self._sum(other)
        if a is None or b is None:
            return float(a is b)
        return _cosine(a, b)

    def _vector(self, row: int) -> NDArray[np.float32]:
        vector: NDArray[np.float32] = self._vectors[row].astype(np.float32)
        return vector

    def _sum(self, words: Iterable[Word]) -> NDArray[np.float32] | None:
        known = [
            self._vector(self._rows[word.base]) * np.float32(word.weight)
            for word in words
            if word.kind in ("content", "name") and word.base in self._rows
        ]
        return np.sum(known, axis=0, dtype=np.float32) if known else None


def _cosine(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    return float(a @ b) / max(float(np.sqrt((a @ a) * (b @ b))), 1e-9)


def _listed(packed: NDArray[np.generic]) -> list[str]:
    return packed.tobytes().decode("ascii").split("\n")
