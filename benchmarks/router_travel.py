"""The opinion that holds in any data set: what makes a prompt harder than its neighbours.

Its target is how much worse weak models do on a prompt than on others of its own data set, in all
outcome tables at once; how much gain follows is measured on data sets that it was not fitted to.
"""

import numpy as np

from benchmarks.linear import ridge
from benchmarks.routing_data import SETS, Data, Floats, Rows
from routing.predict.features import FEATURES

PENALTY = 30_000.0
CAP = 700  # a data set counts as at most so many prompts
LENGTH = 0.6  # weight of the length of the last line, in standard deviations of the rest


def fit_travel(data: Data, x: Floats, rows: Rows, without: frozenset[str]) -> tuple[Floats, float]:
    """Weights and base on the standardised columns `x` of all texts, in units of gain."""
    sets = {name: rows[data.dataset[rows] == name] for name in SETS}
    sets = {name: own for name, own in sets.items() if len(own)}
    gain = data.strong - data.weak
    said, got = [], []
    for name, own in sets.items():
        score = x[data.index[own]] @ difficulty(data, x, rows, without | {name})
        said.append((score - score.mean()) / len(own) ** 0.5)
        got.append((gain[own] - gain[own].mean()) / len(own) ** 0.5)
    a, b = np.concatenate(said), np.concatenate(got)
    slope = max(float(a @ b / (a @ a)), 1e-6)
    weights = slope * difficulty(data, x, rows, without)
    prior = float(np.mean([gain[own].mean() for own in sets.values()]))
    return weights, prior - float((x[data.index[rows]] @ weights).mean())


def difficulty(data: Data, x: Floats, rows: Rows, without: frozenset[str]) -> Floats:
    """Weights on `x` of how hard a prompt is for its kind; the result varies by about 1."""
    length = np.zeros(x.shape[1])
    length[FEATURES.index("last_line")] = LENGTH
    if x.shape[1] == len(FEATURES):  # no embedding to tell more
        return length
    kinds = _kinds(data, rows, without)
    state = slice(len(FEATURES), None)
    centred = np.vstack([x[at, state] - x[at, state].mean(0) for at, _ in kinds])
    hard = np.concatenate([wrong - wrong.mean() for _, wrong in kinds])
    share = np.concatenate([np.full(len(at), min(1, CAP / len(at))) for at, _ in kinds])
    weights = np.zeros(x.shape[1])
    weights[state] = ridge(centred, hard, share, PENALTY)[0]
    seen = np.unique(np.concatenate([at for at, _ in kinds]))
    found: Floats = weights / (x[seen] @ weights).std() + length
    return found


def _kinds(data: Data, rows: Rows, without: frozenset[str]) -> list[tuple[Rows, Floats]]:
    """The prompts of each data set, and how wrong weak models are on them."""
    own = [rows[data.dataset[rows] == name] for name in SETS if name not in without]
    kinds = [(data.index[part], -data.weak[part]) for part in own]
    unseen = np.setdiff1d(data.index, data.index[rows])  # other tables know some of them too
    for other in data.others:
        if other.family not in without:
            known = ~np.isin(other.index, unseen)
            kinds.append((other.index[known], -other.weak[known]))
    return [(at, wrong) for at, wrong in kinds if len(at) > 1]
