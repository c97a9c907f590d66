"""The weights that are shipped, as arrays."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).with_name("verifier.npz")


def read_weights() -> Mapping[str, NDArray[Any]]:
    """The arrays of the verifier; takes 20 ms, so not in the event loop."""
    with np.load(FILE, allow_pickle=False) as shipped:
        return dict(shipped)
