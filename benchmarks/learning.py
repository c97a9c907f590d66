"""Learning from outcomes and feedback, simulated: does it move the right way, and no further?

    python benchmarks/learning.py [--seeds 20] [--calls 5000]

The real router and the real beliefs; only the models are made up. What each is truly worth is drawn
at random round what the router expects, for each category and band, so some models are better than
their tier and some worse. One answer in four is rated, by a person who is wrong one time in ten.
Prints tables, and writes the plots of docs/learning.md into docs/learning/.
"""

import argparse
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.learning_world import CATEGORIES, MODELS, Home, World  # noqa: E402
from benchmarks.plot import Line, write_chart  # noqa: E402
from pointsman.records import Decision  # noqa: E402
from routing.experience.ratings import last_change  # noqa: E402

PLOTS = ROOT / "docs" / "learning"
BLOCK = 250  # calls that are one point of a plot


# --- regret ---------------------------------------------------------------------------------


def worth(world: World, decision: Decision) -> dict[str, float]:
    """What each candidate is truly worth for a call: its score, with its true quality in it."""
    return {
        c.model.name: c.factors.total
        - c.factors.quality
        - c.factors.learned
        + world.quality(c.model, decision.analysis)
        for c in decision.plan
    }


def regrets(seed: int, calls: int, home: Home) -> tuple[list[float], dict[str, list[float]]]:
    """What each call lost against the best choice: by the router, and by each model alone."""
    world = World(Random(seed))
    own: list[float] = []
    alone: dict[str, list[float]] = {m.name: [] for m in MODELS}
    for _ in range(calls):
        decision = home.serve(world, world.prompt())
        worths = worth(world, decision)
        best = max(worths.values())
        own.append(best - worths[decision.plan[0].model.name])
        for name, losses in alone.items():
            losses.append(best - worths[name])
    return own, alone


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean, and the ends of its 95 % interval by the normal approximation."""
    mean = statistics.mean(values)
    half = 1.96 * statistics.stdev(values) / len(values) ** 0.5
    return mean, mean - half, mean + half


def blocks(losses: Sequence[float]) -> list[float]:
    return [statistics.mean(losses[i : i + BLOCK]) for i in range(0, len(losses), BLOCK)]


def line(name: str, runs: Sequence[Sequence[float]]) -> Line:
    """Runs of the same policy by blocks of calls, with the interval over seeds."""
    points, band = [], []
    for n, column in enumerate(zip(*map(blocks, runs), strict=True), start=1):
        mean, low, high = interval(column)
        points.append((float(n * BLOCK), mean))
        band.append((float(n * BLOCK), low, high))
    return Line(name=name, points=points, band=band)


def report_regret(seeds: int, calls: int) -> None:
    """Regret against the best choice for each call, and against the best fixed model, by seed."""
    policies: dict[str, Callable[[Random], Home]] = {
        "learned": Home,
        "learned, explore 0.05": lambda r: Home(r, explore=0.05),
        "static priors": lambda r: Home(r, learn=False),
    }
    runs: dict[str, list[list[float]]] = {name: [] for name in (*policies, "best fixed model")}
    for seed in range(seeds):
        alone: dict[str, list[float]] = {}
        for name, make in policies.items():
            own, alone = regrets(seed, calls, make(Random(1000 + seed)))
            runs[name].append(own)
        runs["best fixed model"].append(min(alone.values(), key=sum))
    fixed = runs["best fixed model"]
    against = {
        name: [[a - b for a, b in zip(*pair, strict=True)] for pair in zip(of, fixed, strict=True)]
        for name, of in runs.items()
        if of is not fixed
    }
    print(f"\nRegret a call, {seeds} seeds of {calls} calls, 95 % intervals over seeds")
    _regret_table("against the best choice for each call", runs)
    _regret_table("against the best fixed model (less than 0: better than it)", against)
    lines = [line(name, of) for name, of in against.items()]
    title = "Regret a call against the best fixed model (0)"
    write_chart(PLOTS / "regret.svg", title, ("calls", f"mean over {BLOCK} calls"), lines)


def _regret_table(title: str, runs: Mapping[str, Sequence[Sequence[float]]]) -> None:
    print(f"{title}:\n{'':<24}{'first 500 calls':>28}{'last 1000 calls':>28}{'all':>28}")
    for name, of in runs.items():
        spans = [[run[:500] for run in of], [run[-1000:] for run in of], of]
        cells = [interval([statistics.mean(run) for run in span]) for span in spans]
        print(f"{name:<24}" + "".join(f"{f'{m:.4f} ({a:.4f}..{b:.4f})':>28}" for m, a, b in cells))


# --- drift ----------------------------------------------------------------------------------

BEFORE, PATIENCE = 400, 100  # calls of the category before and, at most, after the change
FALL = 0.5  # of the chance of a good answer
PROBES = 20


@dataclass(frozen=True, slots=True)
class Drift:
    calls: int  # until the model that got worse had under half of them; PATIENCE + 1: not in time
    shares: tuple[float, ...]  # it had after each call


def drift(seed: int, rated: float) -> Drift | None:
    """What happens when the model with most of a category gets worse; None if none has half."""
    world, home = World(Random(seed), spread=0.05), Home(Random(1000 + seed))
    for _ in range(BEFORE):
        home.serve(world, world.prompt("coding"), rated=rated)
    probes = [world.prompt("coding") for _ in range(PROBES)]
    best = max(MODELS, key=lambda m: home.share(m.name, probes)).name
    shares = [home.share(best, probes)]
    if shares[0] <= 0.5:
        return None
    world.fallen[best, "coding"] = FALL
    while len(shares) <= PATIENCE:
        home.serve(world, world.prompt("coding"), rated=rated)
        shares.append(home.share(best, probes))
    under = (n for n, share in enumerate(shares) if share < 0.5)
    return Drift(next(under, PATIENCE + 1), tuple(shares))


def report_drift(seeds: int) -> None:
    print(
        f"\nThe best model for coding loses {FALL} of its quality; calls of the category until it"
    )
    print("has under half of them:")
    print(f"{'rated':<10}{'worlds':>8}{'median':>8}{'p90':>8}{'within 50':>12}")
    lines = []
    for rated in (1.0, 0.5, 0.25, 0.1):
        runs = [run for seed in range(seeds) if (run := drift(seed, rated))]
        calls = sorted(run.calls for run in runs)
        p90 = calls[int(0.9 * len(calls))]
        within = statistics.mean(c < 50 for c in calls)
        print(
            f"{rated:<10.0%}{len(calls):>8}{statistics.median(calls):>8.0f}{p90:>8}{within:>12.0%}"
        )
        columns = zip(*(run.shares for run in runs), strict=True)
        points = [(float(n), statistics.mean(column)) for n, column in enumerate(columns)]
        lines.append(Line(name=f"{rated:.0%} rated", points=points))
    title = "A model gets worse at call 0: its share of the category"
    write_chart(PLOTS / "drift.svg", title, ("calls after", "share"), lines, [(50.0, "50 calls")])


def report_alarms(rows: int = 400) -> None:
    """How often a change is seen where there is none, and how soon where there is one."""
    print(f"\nThe test for change alone, {rows} rows of ratings (thumbs up and down):")
    print(f"{'good answers':<16}{'false alarms in 50':>20}{f'ratings until a fall of {FALL}':>32}")
    for quality in (0.6, 0.8, 0.9, 0.95):
        random, alarms, delays = Random(1), 0, []
        for _ in range(rows):
            steady = [float(random.random() < quality) for _ in range(50)]
            fallen = [float(random.random() < quality - FALL) for _ in range(40)]
            alarms += last_change(steady)[1] is not None
            seen = (n for n in range(1, 41) if _sees_fall(steady[n:], fallen[:n]))
            delays.append(next(seen, 41))
        told = f"median {statistics.median(delays):.0f}, p90 {sorted(delays)[int(0.9 * rows)]}"
        print(f"{quality:<16.0%}{alarms / rows:>20.0%}{told:>32}")


def _sees_fall(before: list[float], after: list[float]) -> bool:
    began, change = last_change([*before, *after])
    return change == "worse" and began >= len(before) - 10


# --- feedback that means harm, and feedback that means it ------------------------------------


def report_adversary(calls: int = 400) -> None:
    """Whether anything of one principal's decisions changes when another rates all at -1."""

    def victim(attacked: bool) -> Iterator[list[tuple[str, float]]]:
        world, home = World(Random(5)), Home(Random(6))
        for _ in range(calls):
            decision = home.serve(world, world.prompt())
            for candidate in decision.plan if attacked else ():
                home.rate(decision, candidate, -1.0, who="mallory")
            yield [(c.model.name, c.score) for c in decision.candidates]

    pairs = list(zip(victim(attacked=False), victim(attacked=True), strict=True))
    changed = sum(calm != attacked for calm, attacked in pairs)
    print(f"\nAnother principal rates every model at -1 after each of {calls} calls: {changed} of")
    print("the first principal's decisions changed (order and scores compared to the last bit).")


def report_fall(seeds: int) -> None:
    """AT-008: 50 ratings of -1 on answers of the model that has most of coding."""
    shares: dict[str, list[list[float]]] = {"coding": [], "other categories": []}
    restored = 0
    for seed in range(seeds):
        world, home = World(Random(seed)), Home(Random(seed))
        coding = [world.prompt("coding") for _ in range(60)]
        other = [world.prompt(c) for c in CATEGORIES[1:] for _ in range(15)]
        best = max(MODELS, key=lambda m: home.share(m.name, coding)).name
        before = home.share(best, coding), home.share(best, other)
        runs = [[before[0]], [before[1]]]
        for n in range(50):
            decision = home.decide(coding[n])
            told = next(c for c in decision.plan if c.model.name == best)
            home.rate(decision, told, -1.0)
            runs[0].append(home.share(best, coding))
            runs[1].append(home.share(best, other))
        for of, run in zip(shares.values(), runs, strict=True):
            of.append(run)
        home.beliefs.reset("ann")
        restored += before == (home.share(best, coding), home.share(best, other))
    print("\nShare of the most used model for coding, by ratings of -1 on its coding answers:")
    print(f"{'ratings':<20}" + "".join(f"{n:>8}" for n in (0, 1, 2, 5, 10, 20, 50)))
    for name, of in shares.items():
        means = [statistics.mean(column) for column in zip(*of, strict=True)]
        print(f"{name:<20}" + "".join(f"{means[n]:>8.0%}" for n in (0, 1, 2, 5, 10, 20, 50)))
    print(f"A reset brought back both shares in {restored} of {seeds} worlds.")
    lines = [Line(name=n, points=_means(of)) for n, of in shares.items()]
    title = "Ratings of -1 on a model's coding answers: its share of prompts"
    write_chart(PLOTS / "negatives.svg", title, ("ratings of -1", "share"), lines)


def _means(runs: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    return [(float(n), statistics.mean(c)) for n, c in enumerate(zip(*runs, strict=True))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--calls", type=int, default=5000)
    given = parser.parse_args()
    report_fall(given.seeds)
    report_adversary()
    report_drift(2 * given.seeds)
    report_alarms()
    report_regret(given.seeds, given.calls)


if __name__ == "__main__":
    main()
