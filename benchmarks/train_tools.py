"""Trains the gate of the function-calling layer: providers/functions/gate.json.

    python benchmarks/train_tools.py

Two logistic regressions, from BFCL's even items without each fourth and from requests for our own
tools. The same data gives the same file. docs/tool-gate.md is the card.
"""

import json
import re
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import bfcl, own_tools  # noqa: E402
from pointsman.types import ToolSpec  # noqa: E402
from providers.functions.describe import functions  # noqa: E402
from providers.functions.several import SEVERAL, several_signs  # noqa: E402
from providers.functions.signs import FIT, fit_signs  # noqa: E402

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

TARGET = ROOT / "providers" / "functions" / "gate.json"
SINGLE = ("simple_python", "multiple", "live_simple", "live_multiple")
MANY = ("parallel", "parallel_multiple", "live_parallel", "live_parallel_multiple")
NONE = ("irrelevance", "live_irrelevance")
OWN_CALL, OWN_NONE = 4.0, 2.0  # what a row of our own counts beside one of BFCL's
STRENGTH = 0.3  # of the data against the pull to zero
ROUNDS = 100
CALL, DECLINE, SEVERAL_FROM, PERHAPS, ONCE = 0.09, 0.04, 0.4, 0.08, 0.05  # by the rows learnt from


@dataclass(frozen=True, slots=True)
class Row:
    source: str
    request: str
    tools: tuple[ToolSpec, ...]
    right: frozenset[str]  # the tools that are wanted
    calls: int
    held: bool
    weight: float = 1.0


def rows() -> Iterator[Row]:
    package = bfcl.wheel(ROOT / ".cache" / "wheels")
    for category in (*SINGLE, *MANY, *NONE):
        yield from bfcl_rows(category, package)
    for case in own_tools.load():
        names = frozenset(name for name, _ in case.answers)
        weight = OWN_CALL if names else OWN_NONE
        yield Row("own", case.request, case.tools, names, len(case.answers), case.held, weight)
    for request, tools, wanted in own_tools.for_the_gate():
        weight = OWN_CALL if wanted else OWN_NONE
        yield Row("own", request, tools, frozenset(wanted), len(wanted), held=False, weight=weight)


def bfcl_rows(category: str, package: Path) -> Iterator[Row]:
    """Items every number of whose id is even: the live sets have several."""
    with zipfile.ZipFile(package) as opened:
        asked = bfcl.rows(opened, f"BFCL_v4_{category}.json", odd=False)
        known = {
            row["id"]: row["ground_truth"]
            for row in bfcl.rows(opened, f"possible_answer/BFCL_v4_{category}.json", odd=False)
        }
        for row in asked:
            numbers = [int(n) for n in re.findall(r"\d+", row["id"].rpartition("_")[2])]
            if any(n % 2 for n in numbers) or len(row["question"]) != 1:
                continue
            answers: list[dict[str, Any]] = known.get(row["id"], [])
            said = [turn["content"] for turn in row["question"][0] if turn["role"] == "user"]
            tools = tuple(
                ToolSpec(name=f["name"], description=f["description"], parameters=f["parameters"])
                for f in row["function"]
            )
            right = frozenset(name for answer in answers for name in answer)
            held = numbers[0] % 8 == 0
            yield Row(category, " ".join(said), tools, right, len(answers), held)


def fit_table(given: Sequence[Row]) -> tuple["Numbers", "Numbers", "Numbers"]:
    """Signs, labels and weights of each request with each tool on offer."""
    x, y, w = [], [], []
    for row in given:
        offered = functions(row.tools)
        x += fit_signs(row.request, offered)
        y += [float(one.name in row.right) for one in offered]
        w += [row.weight] * len(offered)
    return np.array(x), np.array(y), np.array(w)


def several_table(given: Sequence[Row]) -> tuple["Numbers", "Numbers", "Numbers"]:
    """Signs and labels of each request of BFCL's with the first tool that it wants."""
    x, y = [], []
    for row in given:
        wanted = [one for one in functions(row.tools) if one.name in row.right]
        if wanted and row.source != "own":
            x.append(several_signs(row.request, wanted[0]))
            y.append(float(row.calls > 1))
    return np.array(x), np.array(y), np.ones(len(y))


def fit(x: "Numbers", y: "Numbers", w: "Numbers") -> dict[str, Any]:
    """A logistic regression by Newton's method, on signs of unit spread."""
    middle, spread = x.mean(axis=0), x.std(axis=0)
    spread[spread == 0] = 1
    z = np.column_stack([(x - middle) / spread, np.ones(len(x))])
    pull = np.append(np.full(x.shape[1], 1 / STRENGTH), 1e-9)  # none on the constant
    beta = np.zeros(z.shape[1])
    for _ in range(ROUNDS):
        p = 1 / (1 + np.exp(-z @ beta))
        slope = z.T @ (w * (p - y)) + pull * beta
        curve = (z * (w * p * (1 - p))[:, None]).T @ z + np.diag(pull)
        step = np.linalg.solve(curve, slope)
        beta -= step
        if float(np.abs(step).max()) < 1e-10:
            break
    weights = beta[:-1] / spread
    bias = float(beta[-1] - weights @ middle)
    return {"weights": [round(float(v), 4) for v in weights], "bias": round(bias, 4)}


def probability(judge: dict[str, Any], x: "Numbers") -> "Numbers":
    shares: Numbers = 1 / (1 + np.exp(-(x @ np.array(judge["weights"]) + judge["bias"])))
    return shares


def report(given: Sequence[Row], gate: dict[str, Any]) -> None:
    """For each source the share that passes, of the rows trained on and of those held out."""
    print(f"{'source':<24}{'passes':>8}{'held':>8}{'several':>9}{'held':>8}")
    for source in dict.fromkeys(row.source for row in given):
        shares: list[float] = []
        for held in (False, True):
            some = [r for r in given if r.source == source and r.held == held]
            some = [r for r in some if r.right] if source == "own" else some
            best = [probability(gate["fit"], fit_table([r])[0]).max() for r in some]
            shares.append(float(np.mean([b >= gate["call"] for b in best])))
            x, _, _ = several_table(some)
            many = probability(gate["several"], x) >= gate["many"] if len(x) else np.array([0])
            shares.append(float(np.mean(many)))
        print(f"{source:<24}{shares[0]:>8.2f}{shares[2]:>8.2f}{shares[1]:>9.2f}{shares[3]:>8.2f}")


def main() -> None:
    given = list(rows())
    learnt = [row for row in given if not row.held]
    gate = {
        "signs": {"fit": FIT, "several": SEVERAL},
        "fit": fit(*fit_table(learnt)),
        "several": fit(*several_table(learnt)),
        "call": CALL,
        "decline": DECLINE,
        "many": SEVERAL_FROM,
        "perhaps": PERHAPS,
        "once": ONCE,
    }
    TARGET.write_text(json.dumps(gate, indent=1) + "\n", encoding="utf-8")
    print(f"{len(learnt)} requests learnt from, {len(given) - len(learnt)} held out")
    report(given, gate)


if __name__ == "__main__":
    main()
