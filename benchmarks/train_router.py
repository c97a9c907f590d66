"""Trains what tells how strong a model a prompt needs, and writes `routing/predict/strong.npz`.

    python -m benchmarks.train_router [--out FILE] [--without-table ulab]

Reads ../shared/data, takes a minute on one core (and five more, once, to embed the prompts), and
writes the same file every time.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.router_fit import fit
from benchmarks.routing_data import SETS, load_data
from routing.predict.weights import FOLDER


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, default=FOLDER / "strong.npz")
    options.add_argument("--without-table", default="", choices=("", "zeroeval", "ulab"))
    given = options.parse_args()
    data = load_data()
    others = [o for o in data.others if o.table.partition(":")[0] != given.without_table]
    data = replace(data, others=others)
    for name in SETS:
        own = data.dataset == name
        strong, weak = data.strong[own].mean(), data.weak[own].mean()
        print(f"{name:14s} {own.sum():6,} prompts, strong {strong:.3f}, weak {weak:.3f} right")
    for other in others:
        strong, weak = other.strong.mean(), other.weak.mean()
        print(f"{other.table:26s} {len(other.index):5,} prompts, {strong:.3f}, {weak:.3f}")
    arrays = fit(data, np.arange(len(data.index)))
    np.savez_compressed(given.out, allow_pickle=False, **arrays)
    print(f"{given.out}: {given.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
