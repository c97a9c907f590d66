"""How well the learned router ranks prompts, beside simpler ways, on data it was not trained on.

    python -m benchmarks.eval_router [--quick]

Prints two tables: five-fold cross-validation over the development data (the same prompt is never
on both sides), and leave-one-data-set-out, where nothing of the kind was seen in training.
The metrics are those of ../shared/data/eval_router.py. Takes 10 minutes on one core; `--quick`
scores the shipped predictor on the prompts that it was trained on, only to see that all works.
"""

import argparse
import importlib.util
import time
from collections.abc import Callable
from types import ModuleType

import numpy as np

from benchmarks.embed import WIDTH, as_embedding
from benchmarks.linear import unit
from benchmarks.router_fit import fit, folds
from benchmarks.routing_data import DATA, SETS, Data, Floats, Rows, load_data
from routing.predict.strong import Strength, StrongPredictor
from routing.predict.weights import read_weights
from routing.prompt.signals import read_signals

Scorer = Callable[[Data, Rows, Rows], Floats]  # (data, rows trained on, rows to score)
FOLDS = 5
NEIGHBOURS = 100


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    data, metric = load_data(), load_metric()
    if options.parse_args().quick:
        rows = np.arange(0, len(data.index), 10)
        told = tell(StrongPredictor(read_weights("strong")), data, rows, embedded=True)
        print("The shipped predictor on prompts it was TRAINED on (a tenth of them):")
        show(metric, data, rows, "pointsman", np.array([one.p for one in told]))
        return
    fold = folds(data, FOLDS, seed=0)
    print("Five-fold cross-validation")
    table(metric, data, [np.flatnonzero(fold == k) for k in range(FOLDS)], leave_out=False)
    print("\nLeave one data set out")
    table(metric, data, [np.flatnonzero(data.dataset == name) for name in SETS], leave_out=True)


def table(metric: ModuleType, data: Data, parts: list[Rows], *, leave_out: bool) -> None:
    """Print every way's figures; each part is scored by what was trained on the others."""
    every = np.arange(len(data.index))
    simple: dict[str, Scorer] = {
        "random": lambda _, __, test: np.random.default_rng(0).random(len(test)),
        "length": lambda d, _, test: np.array([float(len(d.texts[i])) for i in d.index[test]]),
        "keyword rules": rules,
        "ridge": ridge,
        "kNN": nearest,
    }
    for name, scorer in simple.items():
        scores = np.zeros(len(every))
        for part in parts:
            scores[part] = scorer(data, np.setdiff1d(every, part), part)
        show(metric, data, every, name, scores)
    ours: dict[str, list[Strength | None]] = {
        "pointsman": [None] * len(every),
        "no embedding": [None] * len(every),
    }
    for part in parts:
        left = frozenset({str(data.dataset[part[0]])}) if leave_out else frozenset()
        predictor = StrongPredictor(fit(data, np.setdiff1d(every, part), left))
        for name, told in ours.items():
            for row, one in zip(
                part, tell(predictor, data, part, embedded=name == "pointsman"), strict=True
            ):
                told[row] = one
    for name, told in ours.items():
        known = [one for one in told if one is not None]
        p, support = np.array([one.p for one in known]), np.array([one.support for one in known])
        show(metric, data, every, name, p)
        calibration(data, p, support)


def tell(predictor: StrongPredictor, data: Data, rows: Rows, *, embedded: bool) -> list[Strength]:
    """What the product's own code says of each row."""
    return [
        predictor.predict(data.texts[i], as_embedding(data.states[i]) if embedded else None)
        for i in data.index[rows]
    ]


def rules(data: Data, _: Rows, test: Rows) -> Floats:
    """Marks of hard tasks, counted and weighed by hand."""
    scores = []
    for i in data.index[test]:
        found = read_signals(data.texts[i])
        counts = (found.reasoning, found.formulas, found.code, found.constraints, found.steps)
        scores.append(sum(min(count, 3) for count in counts) + 0.2 * min(found.numbers, 10))
    return np.array(scores, dtype=float)


def ridge(data: Data, train: Rows, test: Rows) -> Floats:
    """A linear model of the difference on embedding and features."""
    x = np.hstack((data.features, data.states[:, -WIDTH:]))[data.index]
    x = (x - x[train].mean(0)) / (x[train].std(0) + 1e-3)
    target = (data.strong - data.weak)[train]
    own = x[train]
    weights = np.linalg.solve(
        own.T @ own + 3_000 * np.eye(x.shape[1]), own.T @ (target - target.mean())
    )
    scores: Floats = x[test] @ weights
    return scores


def nearest(data: Data, train: Rows, test: Rows) -> Floats:
    """The mean difference over the prompts with the most similar embeddings."""
    vectors = unit(data.states[data.index][:, -WIDTH:])
    gain = (data.strong - data.weak)[train]
    found = []
    for block in np.array_split(test, max(len(test) // 500, 1)):
        near = np.argpartition(-vectors[block] @ vectors[train].T, NEIGHBOURS, axis=1)
        found.append(gain[near[:, :NEIGHBOURS]].mean(1))
    return np.concatenate(found)


def show(metric: ModuleType, data: Data, rows: Rows, name: str, scores: Floats) -> None:
    def measure(at: Rows) -> dict[str, float]:
        chosen = rows[at]
        columns = (data.strong, data.weak, data.strong_cost, data.weak_cost)
        found: dict[str, float] = metric.metrics(scores[at], *(c[chosen] for c in columns))
        return found

    whole = measure(np.arange(len(rows)))
    each = [measure(np.flatnonzero(data.dataset[rows] == one))["apgr"] for one in SETS]
    print(
        f"{name:14s} APGR {whole['apgr']:.3f}  CPT50 {whole['cpt50']:.1f}  CPT80"
        f" {whole['cpt80']:.1f}  saved {whole['cost_saved_at95']:.1f} %  | "
        + "  ".join(f"{one} {value:.3f}" for one, value in zip(SETS, each, strict=True))
        + f"  | macro {np.mean(each):.3f}",
        flush=True,
    )


def calibration(data: Data, p: Floats, support: Floats) -> None:
    """Print how far the probabilities are off, over ten bins with as many prompts each."""
    helped = (data.strong > data.weak).astype(float)
    bins = np.array_split(np.argsort(p), 10)
    error = sum(len(b) * abs(p[b].mean() - helped[b].mean()) for b in bins) / len(p)
    tenth, half, most = np.quantile(support, (0.1, 0.5, 0.9))
    print(
        f"{'':14s} calibration error {error:.3f} (mean p {p.mean():.3f}, true {helped.mean():.3f});"
        f" support {tenth:.2f} / {half:.2f} / {most:.2f} (10th, 50th, 90th percentile)"
    )


def load_metric() -> ModuleType:
    """The judge's own program, read where it lies."""
    spec = importlib.util.spec_from_file_location("judge", DATA / "eval_router.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    began = time.monotonic()
    main()
    print(f"{time.monotonic() - began:.0f} s")
