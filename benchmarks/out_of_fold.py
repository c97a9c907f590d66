"""`p_strong` of labelled prompts by what was not learned from them."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from benchmarks.embed import WIDTH, as_embedding
from benchmarks.routing_data import Data, Floats, load_data

FOLDS = 5
RIDGE = 3_000.0
HELD_OUT = "zeroeval"  # the table whose outcomes are never learned from, to be judged on

Teller = Callable[[np.intp], float]  # of the index of a text


def out_of_fold(*, fitted: bool) -> Mapping[str, float]:
    """The chance that only the strong model answers a prompt well, for every prompt of the data.

    A prompt of the main table is told by what the other folds taught; what is not in it, by what
    one of them did. `fitted` trains what is shipped, which takes an hour; else a ridge.
    """
    from benchmarks.router_fit import folds

    data = load_data()
    data = replace(data, others=[o for o in data.others if not o.table.startswith(HELD_OUT)])
    fold = folds(data, FOLDS, seed=0)
    of_text = {int(text): int(k) for text, k in zip(data.index, fold, strict=True)}
    teach = _shipped if fitted else _ridge
    tellers = [teach(data, np.flatnonzero(fold != k)) for k in range(FOLDS)]
    places = np.arange(len(data.texts))
    return {data.texts[i]: tellers[of_text.get(int(i), 0)](i) for i in places}


def _shipped(data: Data, rows: "np.ndarray[tuple[int], np.dtype[np.intp]]") -> Teller:
    from benchmarks.router_fit import fit
    from routing.predict.strong import StrongPredictor

    predictor = StrongPredictor(fit(data, rows))
    return lambda i: predictor.predict(data.texts[i], as_embedding(data.states[i])).p


def _ridge(data: Data, rows: "np.ndarray[tuple[int], np.dtype[np.intp]]") -> Teller:
    """A linear probability on features and two layers of the embedding."""
    inputs = np.hstack((data.features, data.states[:, -3 * WIDTH :])).astype(float)
    taught = inputs[data.index[rows]]
    inputs = (inputs - taught.mean(0)) / (taught.std(0) + 1e-3)
    taught = inputs[data.index[rows]]
    wanted: Floats = ((data.strong > 0.5) & (data.weak < 0.5)).astype(float)[rows]
    gram = taught.T @ taught + RIDGE * np.eye(taught.shape[1])
    weights = np.linalg.solve(gram, taught.T @ (wanted - wanted.mean()))
    told = np.clip(inputs @ weights + wanted.mean(), 0.01, 0.95)
    return lambda i: float(told[i])
