"""Linear models and distances that the learned router is fitted with; numpy only."""

import numpy as np
from numpy.typing import NDArray

from routing.predict.strong import CLIP

Floats = NDArray[np.float64]
CENTRES, CENTRE_STEPS = 192, 30
REACH = (0.005, 0.05)  # of prompts of known kinds, ordered by likeness: support begins, is full


def unit(x: NDArray[np.float32]) -> NDArray[np.float32]:
    length: NDArray[np.float32] = np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9)
    return x / length


def standard(x: NDArray[np.float32], mean: Floats, scale: Floats) -> Floats:
    scaled: Floats = np.clip((x - mean) * scale, -CLIP, CLIP)
    return scaled


def ridge(x: Floats, y: Floats, weight: Floats, penalty: float) -> tuple[Floats, Floats]:
    """Weights and base of a ridge regression whose base is not penalised."""
    x_mean: Floats = np.average(x, 0, weight)
    y_mean: Floats = np.average(y, 0, weight)
    x, y = x - x_mean, y - y_mean
    weighted = (x * weight[:, None]).T
    weights = np.linalg.solve(weighted @ x + penalty * np.eye(x.shape[1]), weighted @ y)
    return weights.astype(float), y_mean - x_mean @ weights


def logistic(gain: Floats, helped: NDArray[np.bool_]) -> Floats:
    """Slope and offset that make a gain the probability of being helped."""
    x = np.column_stack((gain, np.ones(len(gain))))
    found = np.zeros(2)
    for _ in range(20):  # Newton's steps; six are enough
        p = 1 / (1 + np.exp(-x @ found))
        found += np.linalg.solve((x.T * (p * (1 - p))) @ x, x.T @ (helped - p))
    return found


def places(place: NDArray[np.float32]) -> dict[str, Floats]:
    """Centres of where the training prompts lie, and how near one must be to count as known."""
    mean, scale = place.mean(0, dtype=float), 1 / (place.std(0, dtype=float) + 1e-3)
    z = unit(standard(place, mean, scale).astype(np.float32))
    centres, test = z[:: len(z) // CENTRES][:CENTRES], z[1::2]
    for _ in range(CENTRE_STEPS):
        nearest = (z[::2] @ centres.T).argmax(1)
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, z[::2])
        centres = unit(sums)
    reach = np.quantile((test @ centres.T).max(1), REACH)
    return {
        "place_mean": mean,
        "place_scale": scale,
        "centres": centres.astype(float),
        "reach": reach,
    }
