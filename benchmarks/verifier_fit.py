"""How the verifier's trees grow, and which probability is enough at a target."""

import itertools
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from benchmarks.verifier_data import Pair
from cache.semantic.align import align
from cache.semantic.features import FEATURES, features, gap, read
from cache.semantic.vectors import Arrays, Vocabulary
from cache.semantic.verifier import CATEGORIES, only_mistyped, same_in_small_letters
from cache.semantic.vetoes import veto
from cache.semantic.words import Reader
from pointsman.records import Category

Floats = NDArray[np.float64]
DEPTH = 5
TREES = 250
FOLDS = 5
TARGETS = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05)
MARGIN = 0.68  # of each target: kinds of near misses never seen had 1.48 times the false hits
FEW = 300  # near misses of a category, below which all categories' threshold stands for it
SETTINGS = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 16,
    "max_depth": DEPTH,
    "min_data_in_leaf": 30,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5,
    "num_threads": 1,
    "deterministic": True,
    "verbose": -1,
}
_RISING = (
    "cosine dice soft_dice weakest_link length_ratio stop_dice trigrams prefix suffix bags_near"
    " words_shared"
)
_EITHER = "typos good_links content_less content_more subset"
DIRECTIONS = [
    1 if name in _RISING.split() else 0 if name in _EITHER.split() else -1 for name in FEATURES
]
SEEDS = 2


class Table:
    """The features of every pair, and what the rules decide without them."""

    def __init__(
        self, pairs: Sequence[Pair], words: Arrays, vector: dict[str, NDArray[np.float32]]
    ) -> None:
        self.pairs = pairs
        self.same = np.array([pair.same for pair in pairs])
        self.source = np.array([pair.source for pair in pairs])
        self.kind = np.array([pair.kind for pair in pairs])
        self.learnt = np.array([pair.learnt for pair in pairs])
        self.fold = np.array([zlib.crc32(pair.group.encode()) % FOLDS for pair in pairs])
        vocabulary = Vocabulary(words)
        reader = Reader(vocabulary.ranks, vocabulary.names)
        self.rule = np.full(len(pairs), np.nan)
        self.x = np.zeros((len(pairs), len(FEATURES)), dtype=np.float32)
        for row, pair in enumerate(pairs):
            one, other = (read(text, reader) for text in sorted((pair.a, pair.b)))
            if one.normal == other.normal or same_in_small_letters(
                pair.a, pair.b, one.normal, other.normal
            ):
                self.rule[row] = np.inf
                continue
            found = gap(
                one, other, align(one.words, other.words, vocabulary.likeness, vocabulary.known)
            )
            if veto(one, other, found) is not None:
                self.rule[row] = -np.inf
            elif only_mistyped(found.alignment):
                self.rule[row] = np.inf
            bags = vocabulary.likeness_of_all(found.alignment.left, found.alignment.right)
            cosine = float(vector[pair.a] @ vector[pair.b])
            self.x[row] = features(one, other, found, cosine, bags)

    @property
    def open(self) -> NDArray[np.bool_]:
        """The pairs that no rule decides."""
        unknown: NDArray[np.bool_] = np.isnan(self.rule)
        return unknown


@dataclass(frozen=True)
class Forests:
    """Free trees, and trees that may only follow a feature one way; what they say is averaged.

    The near misses that were written are edits as small as can be, and the free trees learn that
    a pair with many small differences is no near miss. So they are strict with edits, and the
    others fair to pairs that nobody edited.
    """

    boosters: tuple[lightgbm.Booster, ...]

    def log_odds(self, x: NDArray[np.float32]) -> Floats:
        if not len(x):
            return np.empty(0)
        told = [np.asarray(one.predict(x, raw_score=True)) for one in self.boosters]
        mean: Floats = np.mean(told, axis=0, dtype=np.float64)
        return mean


def grow(table: Table, rows: NDArray[np.bool_]) -> Forests:
    """Trees that tell equal prompts from near misses among `rows`; the same every time."""
    chosen = rows & table.open & table.learnt
    weight = np.where(table.source == "checklist", 0.5, 1.0)[chosen]
    boosters = []
    for seed, bound in itertools.product(range(SEEDS), (False, True)):
        data = lightgbm.Dataset(table.x[chosen], table.same[chosen].astype(float), weight=weight)
        own = {"seed": seed, **({"monotone_constraints": DIRECTIONS} if bound else {})}
        boosters.append(lightgbm.train({**SETTINGS, **own}, data, TREES))
    return Forests(tuple(boosters))


def scores(table: Table) -> Floats:
    """The log-odds of every pair by trees that saw nothing of its group.

    Pairs that nothing may be learnt from are scored by the trees of all others.
    """
    told = table.rule.copy()
    rows = table.open
    for fold in range(FOLDS):
        held = rows & table.learnt & (table.fold == fold)
        told[held] = grow(table, table.fold != fold).log_odds(table.x[held])
    rest = rows & ~table.learnt
    told[rest] = grow(table, np.ones(len(table.pairs), dtype=bool)).log_odds(table.x[rest])
    return told


def scores_without(table: Table, held: NDArray[np.bool_]) -> Floats:
    """The log-odds of the pairs `held` by trees grown without any of them."""
    told = table.rule[held]
    undecided = np.isnan(told)
    told[undecided] = grow(table, ~held).log_odds(table.x[held][undecided])
    return told


def calibration(table: Table, told: Floats) -> tuple[float, float]:
    """Slope and offset that make log-odds of unseen pairs into honest ones (Platt)."""
    rows = table.learnt & table.open
    x, y = told[rows], table.same[rows].astype(float)
    slope, offset = 1.0, 0.0
    for _ in range(50):  # Newton's method
        p = 1 / (1 + np.exp(-(slope * x + offset)))
        error, curve = y - p, p * (1 - p)
        step = np.linalg.solve(
            [[(curve * x * x).sum(), (curve * x).sum()], [(curve * x).sum(), curve.sum()]],
            [(error * x).sum(), error.sum()],
        )
        slope, offset = slope + step[0], offset + step[1]
    return float(slope), float(offset)


def near_misses(table: Table) -> Floats:
    """How much each pair counts as a near miss: half those written, half those made, by kind."""
    rows = table.learnt & ~table.same
    written = table.source == "authored"
    counts = Counter(zip(table.source[rows], np.where(written, "", table.kind)[rows], strict=True))
    made = len(counts) - 1
    share = np.zeros(len(rows))
    for row in np.flatnonzero(rows):
        key = (table.source[row], "" if written[row] else table.kind[row])
        share[row] = 0.5 / counts[key] / (1 if written[row] else made)
    return share


def thresholds(p: Floats, share: Floats, category: Sequence[Category]) -> NDArray[np.float64]:
    """For all categories together, then each: the least probability that keeps each target.

    All together keep it with a margin; a category is stricter only where its own near misses,
    which are fewer, pass the target itself.
    """
    labels = np.array(category)
    rows = [_curve(p, share, MARGIN)]
    for name in CATEGORIES:
        own = (labels == name) & (share > 0)
        mine = _curve(p[own], share[own], 1.0) if own.sum() >= FEW else rows[0]
        rows.append(np.maximum(rows[0], mine))
    return np.stack(rows)


def _curve(p: Floats, weight: Floats, margin: float) -> NDArray[np.float64]:
    order = np.argsort(-p)
    passed = np.cumsum(weight[order]) / weight.sum()
    kept = [margin * target for target in TARGETS]
    at = [int(np.searchsorted(passed, share, side="right")) for share in kept]
    return np.array([np.nextafter(p[order[min(i, len(order) - 1)]], 1.0) for i in at])


def pack(forests: Forests) -> dict[str, NDArray[np.generic]]:
    """The nodes of all trees in rows, for `cache.semantic.trees.Trees`."""
    nodes: list[tuple[int, float, int, int, float]] = []
    roots: list[int] = []
    for booster in forests.boosters:
        for tree in booster.dump_model()["tree_info"]:
            roots.append(len(nodes))
            _add(nodes, tree["tree_structure"], 1 / len(forests.boosters))
    feature, threshold, less, more, value = zip(*nodes, strict=True)
    return {
        "feature": np.array(feature, dtype=np.uint8),
        "threshold": np.array(threshold, dtype=np.float32),
        "children": np.column_stack((less, more)).astype(np.int32).ravel(),
        "value": np.array(value, dtype=np.float32),
        "roots": np.array(roots, dtype=np.int32),
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
    nodes[at] = (tree["split_feature"], tree["threshold"], less, more, 0.0)
    return at
