"""Boosted trees, grown by LightGBM and packed for `routing.predict.trees.Forest`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DEPTH = 6


@dataclass(frozen=True)
class Boosted:
    """How a model of trees grows."""

    trees: int
    leaves: int
    rate: float
    columns: float  # share of the columns that each tree may use


def grow(kind: Boosted, x: NDArray[np.float32], target: Floats, weight: Floats) -> lightgbm.Booster:
    """The trees fitted to `target`; the same every time."""
    settings = {
        "objective": "regression",
        "learning_rate": kind.rate,
        "num_leaves": kind.leaves,
        "max_depth": DEPTH,
        "min_data_in_leaf": 40,
        "feature_fraction": kind.columns,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "lambda_l2": 5,
        "num_threads": 1,
        "deterministic": True,
        "seed": 1,
        "verbose": -1,
    }
    return lightgbm.train(settings, lightgbm.Dataset(x, target, weight=weight), kind.trees)


def pack(
    outputs: Sequence[Sequence[lightgbm.Booster]], share: float
) -> dict[str, NDArray[np.generic]]:
    """The nodes of all trees in rows; `outputs[k]` are the models whose sum is output k."""
    nodes: list[tuple[int, float, int, int, float]] = []
    roots: list[int] = []
    starts: list[int] = []
    for models in outputs:
        starts.append(len(roots))
        for model in models:
            for tree in model.dump_model()["tree_info"]:
                roots.append(len(nodes))
                _add(nodes, tree["tree_structure"], share)
    feature, threshold, less, more, value = zip(*nodes, strict=True)
    return {
        "feature": np.array(feature, dtype=np.uint8),
        "threshold": np.array(threshold, dtype=np.float32),
        "children": np.column_stack((less, more)).astype(np.int32).ravel(),
        "value": np.array(value, dtype=np.float32),
        "roots": np.array(roots, dtype=np.int32),
        "starts": np.array(starts, dtype=np.int32),
        "depth": np.array([DEPTH]),
    }


def _add(
    nodes: list[tuple[int, float, int, int, float]], tree: dict[str, Any], share: float
) -> int:
    at = len(nodes)
    if "leaf_value" in tree:
        nodes.append((0, np.inf, at, at, share * tree["leaf_value"]))
        return at
    nodes.append((0, 0.0, 0, 0, 0.0))  # its place; the children come after it
    less = _add(nodes, tree["left_child"], share)
    more = _add(nodes, tree["right_child"], share)
    nodes[at] = (tree["split_feature"], _below(tree["threshold"]), less, more, 0.0)
    return at


def _below(threshold: float) -> float:
    """The greatest 32-bit float at most `threshold`: no 32-bit input changes side."""
    near = np.float32(threshold)
    return float(near if near <= threshold else np.nextafter(near, np.float32(-np.inf)))
