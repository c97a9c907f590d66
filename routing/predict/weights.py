"""The weights that are shipped, as arrays."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).parent


def read_weights(name: Literal["strong", "category"]) -> Mapping[str, NDArray[Any]]:
    """The arrays of one predictor; takes 20 ms, so not in the event loop."""
    with np.load(FOLDER / f"{name}.npz", allow_pickle=False) as shipped:
        return dict(shipped)
