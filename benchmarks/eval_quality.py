"""Judges the code-security engines on labelled programs, beside bandit and ruff.

    python benchmarks/eval_quality.py [--split even|odd|all] [--engine NAME]... [--data FOLDER]

Tables: true-positive rate, false-positive rate and their difference by category on programs of one
endpoint; recall by weakness; precision and recall on pairs of twins; false alarms on secure
programs; CPU seconds per thousand lines. A program counts as found when a vulnerability of its
weakness, or of a close relative (`RELATIVES` in benchmarks/quality_scores.py), is in one of its
files. Hotspots, and bugs that have a CWE, do not count; they stand in a column of their own, for
programs where nothing better was said. Of bandit and ruff every finding counts.

`--data` judges on a set of yours: a folder with the programs and `labels.csv` or `labels.json`, as
benchmarks/quality_data.py tells. `--write FOLDER` writes our programs as files and stops. `--misses
ENGINE` names each program that an engine judges wrongly.

Even numbers are for development and odd ones held out: do not look at the odd ones while you
change an engine.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import quality_engines as engines  # noqa: E402
from benchmarks.quality_data import (  # noqa: E402
    Sample,
    chosen,
    load_labelled,
    load_table,
    write_tree,
)
from benchmarks.quality_scores import Rates, Verdict, by_cwe, judge, rates  # noqa: E402

WIDE = 13  # of a column with three shares
Verdicts = Mapping[str, Sequence[Verdict]]  # by engine


def of_set(all_verdicts: Verdicts, *kinds: str) -> dict[str, list[Verdict]]:
    return {n: [v for v in vs if v.sample.set in kinds] for n, vs in all_verdicts.items()}


def any_of(all_verdicts: Verdicts) -> Sequence[Verdict]:
    return next(iter(all_verdicts.values()))


def header(title: str, names: Sequence[str], width: int) -> None:
    print(f"\n{title}\n{'':12}" + "".join(f"{name:>{width}}" for name in names))


def percent(share: float) -> str:
    return "   -" if share != share else f"{100 * share:4.0f}"


def show_web(given: Verdicts) -> None:
    """By category: true-positive rate, false-positive rate, difference."""
    web = of_set(given, "web")
    if not any_of(web):
        return
    header("Web: true and false positive rate, difference, %", list(web), WIDE)
    rows = {name: by_cwe(verdicts) for name, verdicts in web.items()}
    totals: dict[str, list[Rates]] = {name: [] for name in web}
    for cwe, some in next(iter(rows.values())).items():
        line = f"{cwe:>5} n={len(some):<4} "
        for name in web:
            one = rates(rows[name][cwe])
            totals[name].append(one)
            line += f"{_rates(one.tpr, one.fpr):>{WIDE}}"
        print(line)
    line = f"{'mean':12}"
    for several in totals.values():
        tpr, fpr = _mean(r.tpr for r in several), _mean(r.fpr for r in several)
        line += f"{_rates(tpr, fpr):>{WIDE}}"
    print(line)


def _mean(shares: Iterable[float]) -> float:
    """Of those that there are: a category may lack safe programs, or vulnerable ones."""
    known = [share for share in shares if share == share]
    return sum(known) / len(known) if known else float("nan")


def _rates(tpr: float, fpr: float) -> str:
    return f"{percent(tpr)}{percent(fpr)}{percent(tpr - fpr)}"


def show_breadth(given: Verdicts) -> None:
    """Recall by weakness, over the vulnerable programs that are no web cases."""
    wide = {
        name: [v for v in verdicts if v.sample.vulnerable]
        for name, verdicts in of_set(given, "breadth", "pair").items()
    }
    if not any_of(wide):
        return
    header(
        "Recall by weakness: found, any vulnerability, hotspot or bug at most, %", list(wide), WIDE
    )
    rows = {name: by_cwe(verdicts) for name, verdicts in wide.items()}
    for cwe, some in next(iter(rows.values())).items():
        cells = "".join(f"{_recall(rows[name][cwe]):>{WIDE}}" for name in wide)
        print(f"{cwe:>5} n={len(some):<4} " + cells)
    print(f"{'all':12}" + "".join(f"{_recall(verdicts):>{WIDE}}" for verdicts in wide.values()))
    print(f"{'mean of CWEs':12}" + "".join(f"{_mean_recall(r):>{WIDE}}" for r in rows.values()))


def _recall(verdicts: Sequence[Verdict]) -> str:
    count = len(verdicts)
    parts = (sum(getattr(v, what) for v in verdicts) for what in ("found", "any", "weaker"))
    return "".join(percent(part / count) for part in parts)


def _mean_recall(rows: Mapping[int, Sequence[Verdict]]) -> str:
    shares = [sum(v.found for v in some) / len(some) for some in rows.values()]
    return f"{percent(sum(shares) / len(shares))}        "


def show_pairs(given: Verdicts) -> None:
    pairs = of_set(given, "pair")
    if not any_of(pairs):
        return
    header("Pairs, %", list(pairs), 10)
    scored = {name: rates(verdicts) for name, verdicts in pairs.items()}
    told = {n: [v for v in vs if not v.sample.vulnerable] for n, vs in pairs.items()}
    right = {name: _both_right(verdicts) for name, verdicts in pairs.items()}
    rows = {
        "precision": [percent(r.precision) for r in scored.values()],
        "recall": [percent(r.tpr) for r in scored.values()],
        "false alarms": [percent(r.fpr) for r in scored.values()],
        "..any CWE": [percent(sum(v.any for v in vs) / len(vs)) for vs in told.values()],
        "both right": [percent(share) for share in right.values()],
        "hot, unsafe": [_hot(vs, vulnerable=True) for vs in pairs.values()],
        "hot, safe": [_hot(vs, vulnerable=False) for vs in pairs.values()],
    }
    for name, cells in rows.items():
        print(f"{name:12}" + "".join(f"{cell:>10}" for cell in cells))
    print(f"of {len(any_of(pairs)) // 2} pairs")


def _both_right(verdicts: Sequence[Verdict]) -> float:
    right: dict[str, bool] = {}
    for v in verdicts:
        as_it_is = v.found == v.sample.vulnerable
        right[v.sample.pair] = right.get(v.sample.pair, True) and as_it_is
    return sum(right.values()) / len(right)


def _hot(verdicts: Sequence[Verdict], *, vulnerable: bool) -> str:
    some = [v.weaker for v in verdicts if v.sample.vulnerable == vulnerable]
    return percent(sum(some) / len(some))


def show_secure(given: Verdicts) -> None:
    secure = of_set(given, "secure")
    if not any_of(secure):
        return
    header("Secure programs with a false alarm, %", list(secure), 10)
    cells = (percent(sum(v.any for v in vs) / len(vs)) for vs in secure.values())
    print(f"{'alarmed':12}" + "".join(f"{cell:>10}" for cell in cells))
    print(f"of {len(any_of(secure))} programs")


def show_misses(verdicts: Sequence[Verdict], hits: Sequence[engines.Hit]) -> None:
    for v in verdicts:
        wrong = v.any if v.sample.set == "secure" else v.found
        if wrong == v.sample.vulnerable:
            continue
        told = [f"{h.rule}@{h.line}" for h in hits if h.path.startswith(v.sample.path + "/")]
        what = "missed" if v.sample.vulnerable else "false alarm"
        print(f"{what:12} {v.sample.path} {v.sample.cwe} {' '.join(told)}")


def lines_of(root: Path) -> int:
    return sum(len(p.read_bytes().splitlines()) for p in root.rglob("*.py"))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--split", choices=("even", "odd", "all"), default="even")
    parser.add_argument("--engine", action="append", help="only these, such as bandit or merged")
    parser.add_argument("--data", type=Path, help="a set of your own")
    parser.add_argument("--write", type=Path, metavar="FOLDER")
    parser.add_argument("--strict", action="store_true", help="relatives of a weakness are not it")
    parser.add_argument("--misses", metavar="ENGINE")
    return parser.parse_args()


def judge_all(root: Path, samples: Sequence[Sample], options: argparse.Namespace) -> None:
    if lost := [sample.path for sample in samples if not (root / sample.path).exists()]:
        raise SystemExit(f"not there: {', '.join(lost[:5])}")
    kloc = lines_of(root) / 1000
    verdicts: dict[str, list[Verdict]] = {}
    costs = []
    for name, look in engines.all_engines().items():
        if options.engine and name not in options.engine:
            continue
        ran = engines.run(look, root)
        verdicts[name] = judge(samples, ran.hits, strict=options.strict)
        costs.append(f"{name} {ran.cpu_s / kloc:.3f}")
        if name == options.misses:
            show_misses(verdicts[name], ran.hits)
    print(f"{len(samples)} programs, {kloc:.1f} thousand lines, split {options.split}")
    for show in (show_web, show_breadth, show_pairs, show_secure):
        show(verdicts)
    print("\nCPU seconds per thousand lines: " + ", ".join(costs))


def main() -> None:
    options = parse()
    samples = load_table(options.data) if options.data else load_labelled()
    samples = chosen(samples, options.split)
    if options.write:
        write_tree(samples, options.write)
        return
    if options.data:
        judge_all(options.data.resolve(), samples, options)
        return
    with tempfile.TemporaryDirectory() as folder:
        write_tree(samples, Path(folder))
        judge_all(Path(folder).resolve(), samples, options)


if __name__ == "__main__":
    main()
