"""Trees walked all at once say what LightGBM's own walk says."""

from typing import Any

import numpy as np
import pytest

from routing.predict.trees import Forest


def test_each_output_is_the_sum_of_its_own_trees() -> None:
    # Output 0: a stump on x[0] at 1.5, and a constant 10. Output 1: a stump on x[1] at 0.
    nodes: list[tuple[int, float, int, int, float]] = [
        (0, 1.5, 1, 2, 0),
        (0, np.inf, 1, 1, 0.25),
        (0, np.inf, 2, 2, 0.75),
        (0, np.inf, 3, 3, 10.0),
        (1, 0.0, 5, 6, 0),
        (0, np.inf, 5, 5, -1.0),
        (0, np.inf, 6, 6, 1.0),
    ]
    feature, threshold, less, more, value = zip(*nodes, strict=True)
    forest = Forest(
        {
            "f_feature": np.array(feature),
            "f_threshold": np.array(threshold),
            "f_children": np.column_stack((less, more)).ravel(),
            "f_value": np.array(value),
            "f_roots": np.array([0, 3, 4]),
            "f_starts": np.array([0, 2]),
            "f_depth": np.array([2]),
        },
        "f",
    )
    for x, said in (((1.5, 0.0), (10.25, -1)), ((1.6, 0.1), (10.75, 1)), ((-9, -9), (10.25, -1))):
        assert forest.predict(np.array(x, dtype=np.float32)).tolist() == list(said)


def test_packed_trees_say_what_lightgbm_says() -> None:
    pytest.importorskip("lightgbm")
    from benchmarks.boosting import Boosted, grow, pack

    random = np.random.default_rng(3)
    x = random.normal(size=(600, 5)).astype(np.float32)
    x[:, 2] = x[:, 2].round()  # values that equal thresholds
    kind, weight = Boosted(12, 7, 0.1, 0.8), np.ones(len(x))
    models: list[list[Any]] = [
        [grow(kind, x, target.astype(float), weight)] for target in (x[:, 0] * x[:, 1], x[:, 2])
    ]
    packed = pack(models, share=0.5)
    forest = Forest({f"f_{name}": part for name, part in packed.items()}, "f")
    theirs = 0.5 * np.column_stack([models[0][0].predict(x), models[1][0].predict(x)])
    ours = np.stack([forest.predict(row) for row in x])
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
