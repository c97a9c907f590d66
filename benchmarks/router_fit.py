"""Fits the learned router: the arrays that `routing.predict.strong.StrongPredictor` reads.

Every model has two outputs, how likely the strong and the weak model are right: fitted apart they
rank better than one fitted to the difference (pooled APGR 0.641 against 0.628).
"""

from dataclasses import dataclass

import lightgbm
import numpy as np
from numpy.typing import NDArray

from benchmarks.boosting import Boosted, grow, pack
from benchmarks.linear import logistic, places, ridge, standard, unit
from benchmarks.router_travel import fit_travel
from benchmarks.routing_data import SETS, Data, Floats, Rows
from providers.embedding.minilm import MODEL
from routing.predict.features import FEATURES
from routing.predict.strong import INNER, TRUST, WIDTH

PEERS = 0.4  # share of what similar models made of a prompt in the target of the weak model
KIN = 1.5  # weight of a prompt that only other models answered, from the same kind of test
KIN_SETS = ("gsm8k", "mbpp")  # whose prompts look alike in all tables
SHAPES = 32  # principal directions kept of each of two layers
RIDGE = 10_000.0
KNOWN_PENALTY = 1_000.0
KNOWN_ELSEWHERE = ("gsm8k", "mbpp", "mmlu")  # in other tables too: foreign in none
INNER_FOLDS = 4

Arrays = dict[str, NDArray[np.generic]]


@dataclass(frozen=True)
class Inputs:
    """The inputs of one kind for all texts of the data."""

    grown: NDArray[np.float32]
    flat: NDArray[np.float32]
    place: NDArray[np.float32]
    forests: tuple[tuple[int, Boosted], ...]  # how many columns of `grown`, and how it grows


def fit(data: Data, rows: Rows, without: frozenset[str] = frozenset()) -> Arrays:
    """The arrays trained on `rows` of the main table, and on no data set of a family `without`."""
    projection = _projection(data.states[data.index[rows]])
    arrays: Arrays = {"model": np.array(MODEL), "projection": projection.astype(np.float16)}
    for name, inputs in (("plain", _plain(data)), ("full", _full(data, projection))):
        part = _fit_kind(data, inputs, rows, without)
        arrays |= {f"{name}_{key}": value for key, value in part.items()}
    return arrays


def groups(data: Data) -> Rows:
    """The same number for rows whose prompts are the same but for case and marks."""
    seen: dict[str, int] = {}
    keys = ("".join(c for c in data.texts[i].lower() if c.isalnum()) for i in data.index)
    return np.array([seen.setdefault(key, len(seen)) for key in keys])


def folds(data: Data, count: int, seed: int) -> Rows:
    """The fold of each row of the main table; rows with the same prompt share one."""
    group = groups(data)
    return (np.random.default_rng(seed).permutation(group.max() + 1) % count)[group]


def _plain(data: Data) -> Inputs:
    x = data.features
    return Inputs(x, x, x, ((x.shape[1], Boosted(250, 15, 0.03, 0.3)),))


def _full(data: Data, projection: Floats) -> Inputs:
    vector = unit(data.states[:, -WIDTH:])
    inner = data.states[:, :INNER]
    shape = np.hstack((inner[:, -WIDTH:], vector)) @ projection.astype(np.float16).astype(float)
    grown = np.hstack((data.features, shape.astype(np.float32)))
    flat = np.hstack((data.features, inner))
    return Inputs(
        grown,
        flat,
        vector,
        (
            (data.features.shape[1], Boosted(250, 15, 0.03, 0.3)),
            (grown.shape[1], Boosted(600, 8, 0.02, 0.15)),
        ),
    )


def _projection(states: NDArray[np.float32]) -> Floats:
    """Onto the principal directions of the last inner layer and of the embedding, side by side."""
    found = np.zeros((2 * WIDTH, 2 * SHAPES))
    for k, x in enumerate((states[:, INNER - WIDTH : INNER], unit(states[:, -WIDTH:]))):
        _, axes = np.linalg.eigh(np.cov(x.T.astype(float)))
        found[k * WIDTH : (k + 1) * WIDTH, k * SHAPES : (k + 1) * SHAPES] = axes[
            :, : -SHAPES - 1 : -1
        ]
    return found


def _fit_kind(data: Data, inputs: Inputs, rows: Rows, without: frozenset[str]) -> Arrays:
    held = _terms(_held_out(data, inputs, rows, without))
    gain = data.strong[rows] - data.weak[rows]
    blend = np.linalg.lstsq(held, gain, rcond=None)[0].astype(float)
    fitted = _learn(data, inputs, rows, without)
    travels = standard(inputs.flat, fitted.mean, fitted.scale)
    known, known_base = _known(data, travels, rows, without)
    travels[:, [k for k, name in enumerate(FEATURES) if name != "last_line"]] = 0
    travel, base = fit_travel(data, travels, rows, without)
    mixed = TRUST * (held @ blend) + (1 - TRUST) * (travels[data.index[rows]] @ travel + base)
    parts: dict[str, Floats] = {
        "mean": fitted.mean,
        "scale": fitted.scale,
        "linear": np.column_stack((fitted.weights * fitted.share, travel, known)),
        "linear_base": np.array([*(fitted.base * fitted.share), base, known_base]),
        "blend": blend,
        "calibration": logistic(mixed, gain > 0),
        **places(inputs.place[data.index[rows]]),
    }
    packed: Arrays = {name: part.astype(np.float32) for name, part in parts.items()}
    return packed | pack(fitted.trees, fitted.share)


def _known(data: Data, x: Floats, rows: Rows, without: frozenset[str]) -> tuple[Floats, float]:
    """Weights and base that tell the kinds of prompts trained on (1) from others (0)."""
    others = [o.index for o in data.others if o.family not in {*KNOWN_ELSEWHERE, *without}]
    foreign = np.setdiff1d(np.concatenate(others), data.index)
    at = np.concatenate((data.index[rows], foreign))
    is_known = np.repeat((1.0, 0.0), (len(rows), len(foreign)))
    weight = np.where(is_known == 1, len(foreign) / len(rows), 1.0)
    weights, base = ridge(x[at], is_known, weight, KNOWN_PENALTY)
    return weights, float(base)


def _terms(held: Floats) -> Floats:
    strong, weak = held.T
    return np.column_stack((np.ones(len(held)), strong, weak, strong * weak, strong**2, weak**2))


def _held_out(data: Data, inputs: Inputs, rows: Rows, without: frozenset[str]) -> Floats:
    """What models that never saw a row say of it: (n, 2)."""
    fold = folds(data, INNER_FOLDS, seed=7)[rows]
    held = np.zeros((len(rows), 2))
    for k in range(INNER_FOLDS):
        learnt = _learn(data, inputs, rows[fold != k], without)
        held[fold == k] = learnt.predict(inputs, data.index[rows[fold == k]])
    return held


@dataclass(frozen=True)
class Learnt:
    """Trees and a ridge regression, for the strong and for the weak model; averaged."""

    trees: tuple[list[lightgbm.Booster], list[lightgbm.Booster]]
    mean: Floats
    scale: Floats
    weights: Floats
    base: Floats

    @property
    def share(self) -> float:
        return 1 / (len(self.trees[0]) + 1)

    def predict(self, inputs: Inputs, at: Rows) -> Floats:
        said = standard(inputs.flat[at], self.mean, self.scale) @ self.weights + self.base
        for output, models in enumerate(self.trees):
            for (width, _), model in zip(inputs.forests, models, strict=True):
                said[:, output] += model.predict(inputs.grown[at][:, :width])
        return said * self.share


def _learn(data: Data, inputs: Inputs, rows: Rows, without: frozenset[str]) -> Learnt:
    at, targets, weight = _examples(data, rows, without)
    grown, flat = inputs.grown[at], inputs.flat[at]
    first, second = (
        [grow(kind, grown[:, :width], target, weight) for width, kind in inputs.forests]
        for target in targets.T
    )
    mean, scale = flat.mean(0, dtype=float), 1 / (flat.std(0, dtype=float) + 1e-3)
    weights, base = ridge(standard(flat, mean, scale), targets, weight, RIDGE)
    return Learnt((first, second), mean, scale, weights, base)


def _examples(data: Data, rows: Rows, without: frozenset[str]) -> tuple[Rows, Floats, Floats]:
    """Places among the texts, the targets (n, 2), and how much each example weighs."""
    weak = data.weak[rows].copy()
    for name in SETS:
        known = (data.dataset[rows] == name) & ~np.isnan(data.peers[rows])
        if known.any():
            peers = data.peers[rows][known]
            level = weak[known].mean() - peers.mean()
            weak[known] = (1 - PEERS) * weak[known] + PEERS * (peers + level)
    places, targets = [data.index[rows]], [np.column_stack((data.strong[rows], weak))]
    for other in data.others:
        if (
            not other.table.startswith("ulab")
            or other.family not in KIN_SETS
            or other.family in without
        ):
            continue
        level = rows[data.dataset[rows] == other.family]
        new = ~np.isin(other.index, data.index)  # the main table's own prompts could leak
        pair = np.column_stack((other.strong[new], other.weak[new]))
        mean = np.array([data.strong[level].mean(), data.weak[level].mean()])
        places.append(other.index[new])
        targets.append(pair - pair.mean(0) + mean)
    kin = sum(map(len, places[1:]))
    weight = np.concatenate((np.ones(len(rows)), np.full(kin, KIN)))
    return np.concatenate(places), np.vstack(targets), weight
