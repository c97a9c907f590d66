"""The labelled prompts that the learned router is trained and measured on.

They stay where they are, beside the repository, and are never copied into it.
"""

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.embed import embed_states
from routing.predict.features import read_features

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SETS = ("mmlu", "gsm8k", "mbpp", "arc_challenge", "winogrande")
FAMILY = {  # data sets made of the same questions; all others are their own
    "agentverse-mgsm": "gsm8k",
    "math_l5": "math",
}
UNCLEAR = "openbook_qa"  # its publisher gives no licence: nothing that ships learns from it
SUFFIX = "\nAfter careful thought, put you final answer in \\boxed{...}."  # of every mgsm prompt

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Outcomes:
    """What models made of the prompts of one data set; 0..1 each, 1: right."""

    table: str
    family: str
    index: NDArray[np.intp]  # into the texts
    strong: Floats
    weak: Floats


@dataclass(frozen=True)
class Data:
    """The main table (a strong and a weak model), and the outcome tables of other models."""

    texts: list[str]
    index: NDArray[np.intp]  # of the main table's rows, into the texts
    dataset: NDArray[np.str_]
    strong: Floats
    weak: Floats
    strong_cost: Floats
    weak_cost: Floats
    peers: Floats  # what models like the weak one made of the same prompt; nan: unknown
    others: list[Outcomes]

    @cached_property
    def features(self) -> NDArray[np.float32]:
        return np.stack([read_features(text) for text in self.texts])

    @cached_property
    def states(self) -> NDArray[np.float32]:
        return embed_states(self.texts)


# The models of each table that stand in for a strong and for a weak one.
ZEROEVAL = (
    ("gpt-4o-2024-08-06", "claude-3-5-sonnet-20241022", "Llama-3.1-405B-Inst@sambanova"),
    (
        "claude-3-haiku-20240307",
        "Meta-Llama-3.1-8B-Instruct",
        "gemma-2-2b-it",
        "gpt-3.5-turbo-0125",
        "Qwen2-7B-Instruct",
    ),
)
ULAB = (
    ("llama-3.1-nemotron-51b-instruct", "llama-3.3-nemotron-super-49b-v1"),
    (
        "mistral-7b-instruct-v0.3",
        "codegemma-7b",
        "gemma-2-9b-it",
        "llama-3.1-8b-instruct",
        "qwen2.5-7b-instruct",
    ),
)
ROUTERBENCH_WEAK = (
    "gpt-3.5-turbo-1106",
    "claude-instant-v1",
    "claude-v1",
    "meta/llama-2-70b-chat",
    "zero-one-ai/Yi-34B-Chat",
    "mistralai/mistral-7b-chat",
    "meta/code-llama-instruct-34b-chat",
    "WizardLM/WizardLM-13B-V1.2",
)

Row = dict[str, Any]


def load_data(folder: Path = DATA) -> Data:
    """Everything, read from `folder`.

    Raises:
        SystemExit: the data is not there.
    """
    if not folder.is_dir():
        raise SystemExit(f"The development data is not at {folder}; see its README.md.")
    main = read(folder, "routing_gpt4_mixtral")
    bench = read(folder, "routing_routerbench_11models")
    zeroeval = read(folder, "routing_zeroeval_12models")
    ulab = read(folder, "routing_ulab_9models")
    for row in ulab:
        row["prompt"] = row["prompt"].removesuffix(SUFFIX)
    texts = list(dict.fromkeys(row["prompt"] for row in (*main, *zeroeval, *ulab)))
    places = {text: place for place, text in enumerate(texts)}
    peers = {row["prompt"]: _mean(row, ROUTERBENCH_WEAK) for row in bench}
    peers |= {row["prompt"]: _mean(row, ZEROEVAL[1]) for row in zeroeval}

    def column(name: str) -> Floats:
        return np.array([float(row[name]) for row in main])

    return Data(
        texts=texts,
        index=np.array([places[row["prompt"]] for row in main]),
        dataset=np.array([row["dataset"] for row in main]),
        strong=column("strong_correct"),
        weak=column("weak_correct"),
        strong_cost=column("strong_cost"),
        weak_cost=column("weak_cost"),
        peers=np.array([peers.get(row["prompt"], np.nan) for row in main]),
        others=[
            *_outcomes("zeroeval", zeroeval, *ZEROEVAL, places),
            *_outcomes("ulab", ulab, *ULAB, places),
        ],
    )


def read(folder: Path, name: str) -> list[Row]:
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _mean(row: Row, models: Sequence[str]) -> float:
    return float(np.mean([float(row["scores"][model]) for model in models]))


def _outcomes(
    table: str,
    rows: list[Row],
    strong: Sequence[str],
    weak: Sequence[str],
    places: dict[str, int],
) -> list[Outcomes]:
    found = []
    for name in dict.fromkeys(row["dataset"] for row in rows if row["dataset"] != UNCLEAR):
        own = [row for row in rows if row["dataset"] == name]
        found.append(
            Outcomes(
                f"{table}:{name}",
                FAMILY.get(name, name),
                np.array([places[row["prompt"]] for row in own]),
                np.array([_mean(row, strong) for row in own]),
                np.array([_mean(row, weak) for row in own]),
            )
        )
    return found
