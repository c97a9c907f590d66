"""What routing and the cache save against always asking the strong model, on recorded outcomes.

    python -m benchmarks.eval_savings [--fitted | --predictions FILE] [--zipf 0.8] [--json]

Each prompt goes through the real `Router.decide`; what the chosen model answered, and what that
cost at the time (prices frozen), was recorded beforehand: GPT-4 and Mixtral on five data sets,
GPT-4o, GPT-4o mini and Gemma 2B on three. `p_strong` is out of fold: no prompt is judged by what
was learned from it. A ridge predicts it, in 2 minutes; with `--fitted` the predictor as shipped,
trained anew for each fold, in an hour; or FILE holds {prompt: p}.

First every prompt once, then a stream with repeats, in four ablations (X-09): routing only, cache
only, both, both with a local model. Each is beside its quality retention (X-46), with bootstrap
intervals over prompts, and between a random choice of the same share and an oracle. Repeats are
drawn from a Zipf distribution whose exponent was fixed before anything was measured.
"""

import argparse
import gzip
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pointsman.evidence import Profile
from pointsman.money import FREE
from pointsman.records import Analysis, Call
from pointsman.seams import Clock, EndpointView
from pointsman.types import ChatRequest, Message, Model
from routing.choice.decide import Router
from routing.prompt.analysis import analyse
from tests.fakes import make_model, price

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
ZIPF = 0.8  # fixed before measuring; repeats of real traffic are said to be 30 to 60 %
RESAMPLES = 500
PROFILES: tuple[Profile, ...] = ("quality", "balanced", "cheap", "orchestrator")
MIXTRAL_RATE = 0.6e-6  # USD a token, in and out
ONE_LETTER = ("mmlu", "arc_challenge", "winogrande")  # asked with examples; a letter answers

Numbers = NDArray[np.float64]
CLOCK = Clock(monotonic=time.monotonic, wall=time.time)


@dataclass(frozen=True, slots=True)
class Prompt:
    text: str
    input_tokens: int
    correct: Mapping[str, float]  # by tier
    cost: Mapping[str, float]  # USD


@dataclass(frozen=True, slots=True)
class Table:
    """Recorded outcomes of the same models."""

    name: str
    models: Mapping[str, Model]  # by tier
    prompts: Sequence[Prompt]


@dataclass(frozen=True, slots=True)
class Row:
    """Cost and quality of every prompt of a stream, all its repeats together."""

    cost: Numbers
    quality: Numbers


def read(name: str) -> list[dict[str, Any]]:
    """The rows of a table; the data lies beside the repository."""
    with gzip.open(DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def gpt4_and_mixtral() -> Table:
    models = {
        "strong": make_model("a", "gpt-4-1106", tier="strong", cost=price(10, 30), context=128_000),
        "cheap": make_model("b", "mixtral-8x7b", tier="cheap", cost=price(0.6, 0.6)),
    }
    prompts: list[Prompt] = []
    for row in read("routing_gpt4_mixtral"):
        tokens = len(row["prompt"]) // 4
        if row["dataset"] in ONE_LETTER:  # what was sent had examples that are not in the file
            tokens = max(round(row["weak_cost"] / MIXTRAL_RATE) - 1, 1)
        correct = {"strong": float(row["strong_correct"]), "cheap": float(row["weak_correct"])}
        cost = {"strong": float(row["strong_cost"]), "cheap": float(row["weak_cost"])}
        prompts.append(Prompt(row["prompt"], tokens, correct, cost))
    return Table("GPT-4 and Mixtral", models, prompts)


def gpt4o_mini_and_gemma() -> Table:
    named = {
        "strong": "gpt-4o-2024-08-06",
        "cheap": "gpt-4o-mini-2024-07-18",
        "local": "gemma-2-2b-it",
    }
    models = {
        "strong": make_model("a", "gpt-4o", tier="strong", cost=price(2.5, 10), context=128_000),
        "cheap": make_model("a", "4o-mini", tier="cheap", cost=price(0.15, 0.6), context=128_000),
        "local": make_model("c", "gemma-2b", tier="local", cost=FREE),
    }
    rates = {"strong": (2.5e-6, 10e-6), "cheap": (0.15e-6, 0.6e-6), "local": (0.0, 0.0)}
    prompts: list[Prompt] = []
    for row in read("routing_zeroeval_12models"):
        tokens = len(row["prompt"]) // 4
        correct = {tier: float(row["scores"][name]) for tier, name in named.items()}
        cost = {
            tier: tokens * rates[tier][0] + row["out_tokens"][name] * rates[tier][1]
            for tier, name in named.items()
        }
        prompts.append(Prompt(row["prompt"], tokens, correct, cost))
    return Table("GPT-4o, 4o mini and Gemma 2B", models, prompts)


# --- deciding -------------------------------------------------------------------------------


def choices(
    table: Table, seen: Mapping[str, Analysis], profile: Profile, tiers: Sequence[str]
) -> list[str]:
    """The tier that the router chooses for each prompt."""
    models = {tier: table.models[tier] for tier in tiers if tier in table.models}
    of = {model.name: tier for tier, model in models.items()}
    router = Router(
        models=[*models.values()],
        view=lambda _: EndpointView(),
        readiness=lambda _: "ready",
        problem=lambda _: None,
        profile=profile,
        clock=CLOCK,
        new_id=lambda: "",
    )
    plans = (router.decide(call(p), seen[p.text]).plan for p in table.prompts)
    return [of[plan[0].model.name] for plan in plans]


def call(prompt: Prompt) -> Call:
    return Call(request=ChatRequest(messages=(Message("user", prompt.text),)))


def analyses(table: Table, p: Mapping[str, float]) -> dict[str, Analysis]:
    """What the router reads off each prompt, with the length of what was really sent."""
    return {
        prompt.text: replace(
            analyse(call(prompt).request, strength=(p[prompt.text], 1.0)),
            p_strong=p[prompt.text],
            input_tokens=prompt.input_tokens,
        )
        for prompt in table.prompts
    }


# --- counting -------------------------------------------------------------------------------


def repeats(count: int, exponent: float) -> NDArray[np.int64]:
    """How often each prompt occurs in a stream of as many calls as there are prompts."""
    dice = np.random.default_rng(0)
    weights = 1 / np.arange(1, count + 1) ** exponent
    drawn = dice.choice(dice.permutation(count), size=count, p=weights / weights.sum())
    return np.bincount(drawn, minlength=count)


def row(table: Table, chosen: Sequence[str], times: NDArray[np.int64], *, cached: bool) -> Row:
    """With a cache every prompt is paid once, however often it is asked."""
    pairs = [*zip(table.prompts, chosen, strict=True)]
    cost = np.array([prompt.cost[tier] for prompt, tier in pairs])
    quality = np.array([prompt.correct[tier] for prompt, tier in pairs])
    return Row(cost * (np.minimum(times, 1) if cached else times), quality * times)


def joined(rows: Sequence[Row]) -> Row:
    return Row(np.concatenate([r.cost for r in rows]), np.concatenate([r.quality for r in rows]))


def summary(of: Row, base: Row) -> dict[str, tuple[float, float, float]]:
    """Cost saved and quality kept against `base`, with 95 % intervals over prompts."""
    dice = np.random.default_rng(1)
    figures: dict[str, Callable[[NDArray[Any]], float]] = {
        "saved": lambda i: 1 - of.cost[i].sum() / base.cost[i].sum(),
        "kept": lambda i: of.quality[i].sum() / base.quality[i].sum(),
    }
    draws = [dice.integers(len(of.cost), size=len(of.cost)) for _ in range(RESAMPLES)]
    everything = np.arange(len(of.cost))
    return {
        name: (figure(everything), *np.percentile([figure(d) for d in draws], (2.5, 97.5)))
        for name, figure in figures.items()
    }


def oracle(table: Table) -> list[str]:
    """Strong only where it is right and the cheap one is not."""
    return [
        "strong" if p.correct["strong"] > p.correct["cheap"] else "cheap" for p in table.prompts
    ]


def at_random(chosen: Sequence[str]) -> list[str]:
    """The same shares, given out by chance."""
    return [*np.random.default_rng(2).permutation(np.array(chosen))]


Plans = Mapping[tuple[str, str], tuple[list[list[str]], bool]]  # by profile and ablation


def plans(tables: Sequence[Table], p: Mapping[str, float]) -> Plans:
    """What each way chooses, a list for each table, and whether answers are remembered."""
    seen = [analyses(table, p) for table in tables]

    def chosen(profile: Profile, *tiers: str) -> list[list[str]]:
        return [choices(t, s, profile, tiers) for t, s in zip(tables, seen, strict=True)]

    strong = [["strong"] * len(table.prompts) for table in tables]
    made = {
        ("", "cache only"): (strong, True),
        ("", "oracle"): ([oracle(table) for table in tables], False),
    }
    for profile in PROFILES:
        if profile != "orchestrator":  # which without a local model is `balanced`
            two = chosen(profile, "strong", "cheap")
            made[profile, "random"] = [at_random(one) for one in two], False
            made[profile, "routing only"] = two, False
            made[profile, "both"] = two, True
        made[profile, "both + local"] = chosen(profile, "strong", "cheap", "local"), True
    return made


def report(
    tables: Sequence[Table], made: Plans, exponent: float | None, which: slice
) -> list[dict[str, Any]]:
    """The figures of some tables; without an exponent each prompt is asked once."""
    own = [*tables[which]]
    counts = [len(table.prompts) for table in own]
    times = [np.ones(n, np.int64) if exponent is None else repeats(n, exponent) for n in counts]
    bases = [row(t, ["strong"] * len(n), n, cached=False) for t, n in zip(own, times, strict=True)]
    told: list[dict[str, Any]] = []
    for (profile, name), (every, cached) in made.items():
        if exponent is None and cached:
            continue
        chosen = every[which]
        rows = [row(t, c, n, cached=cached) for t, c, n in zip(own, chosen, times, strict=True)]
        flat = [tier for one in chosen for tier in one]
        shares = {f"{tier}_share": flat.count(tier) / len(flat) for tier in ("strong", "local")}
        figures = summary(joined(rows), joined(bases))
        told.append({"profile": profile, "ablation": name, **shares, **figures})
    return told


def show(title: str, told: Sequence[Mapping[str, Any]]) -> None:
    print(f"\n{title}")
    print(f"{'':13}{'':14}{'cost saved':>23}{'quality kept':>26}{'strong':>8}{'local':>7}")
    for r in told:
        saved, kept = ("{:.1%} [{:.1%}, {:.1%}]".format(*r[name]) for name in ("saved", "kept"))
        shares = f"{r['strong_share']:>8.0%}{r['local_share']:>7.0%}"
        print(f"{r['profile']:13}{r['ablation']:14}{saved:>23}{kept:>26}{shares}")


def p_strong(*, fitted: bool) -> Mapping[str, float]:
    from benchmarks.out_of_fold import out_of_fold  # embeds the prompts, the first time

    return out_of_fold(fitted=fitted)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--fitted", action="store_true")
    parser.add_argument("--predictions", type=Path, metavar="FILE")
    parser.add_argument("--zipf", type=float, default=ZIPF)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    p = (
        json.loads(given.predictions.read_text())
        if given.predictions
        else p_strong(fitted=given.fitted)
    )
    tables = [gpt4_and_mixtral(), gpt4o_mini_and_gemma()]
    made = plans(tables, p)
    names = {"all of it": slice(None)} | {t.name: slice(n, n + 1) for n, t in enumerate(tables)}
    results = {
        f"{name}, {how}": report(tables, made, exponent, which)
        for name, which in names.items()
        for how, exponent in (("each prompt once", None), (f"Zipf {given.zipf}", given.zipf))
    }
    if given.json:
        print(json.dumps(results))
        return
    print("against always the strong model without a cache, prices frozen; [95 % intervals]")
    for name, told in results.items():
        show(name, told)


if __name__ == "__main__":
    main()
