"""The prompts that the category model is trained and judged on, each with its kind and source."""

import gzip
import json
import random
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.embed import WIDTH, embed_states  # noqa: E402
from pointsman.records import Category  # noqa: E402
from routing.predict.category import rule_features  # noqa: E402
from routing.prompt.category import CATEGORIES, read  # noqa: E402
from routing.prompt.emotion import read_emotion  # noqa: E402
from routing.prompt.signals import read_signals  # noqa: E402

if TYPE_CHECKING:
    from numpy.typing import NDArray

DATA = ROOT.parent / "shared" / "data" / "categories.jsonl.gz"
PROTOTYPES = ROOT / "routing" / "predict" / "prototypes.json"
OWN = "prototypes"
# Their licences forbid shipping what was trained on them, or are not clear: only for judging.
ONLY_JUDGED = frozenset(
    "empatheticdialogues esconv_failed jfleg asset multi30k expertqa nl2bash".split()  # noqa: SIM905
)
FILLINGS = 3  # of each frame of the prototypes
SEED = 7
LAYER = 2  # of those that the embedder shows: the states after 4 of its 6 layers


@dataclass(frozen=True)
class Prompt:
    category: Category
    source: str
    text: str


@dataclass(frozen=True)
class Rows:
    """Prompts as numbers: one row of each array is a prompt."""

    label: "NDArray[np.int64]"  # the place of its category
    source: "NDArray[np.str_]"
    rules: "NDArray[np.float32]"
    vector: "NDArray[np.float32]"
    middle: "NDArray[np.float32]"  # not centred yet


def load_prompts() -> list[Prompt]:
    """The development data, then our own prototypes."""
    with gzip.open(DATA, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    given = [Prompt(row["category"], row["source"], row["prompt"]) for row in rows]
    return given + load_prototypes()


def load_prototypes() -> list[Prompt]:
    """Our own example prompts; each frame is filled with a few of its subjects."""
    kinds: dict[Category, dict[str, list[str]]] = json.loads(PROTOTYPES.read_text("utf-8"))
    rng = random.Random(SEED)
    made: list[Prompt] = []
    for category, kind in kinds.items():
        texts = list(kind["prompts"])
        for frame in kind.get("frames", []):
            texts += [frame.replace("{}", s) for s in rng.sample(kind["subjects"], FILLINGS)]
        made += [Prompt(category, OWN, text) for text in texts]
    return made


def make_rows(prompts: list[Prompt]) -> Rows:
    """`prompts` as numbers, embedded as the server does it; the first time this takes 30 s."""
    rules: list[Any] = []
    for prompt in prompts:
        signals = read_signals(prompt.text)
        rules.append(rule_features(read(signals, read_emotion(signals.text))))
    states = embed_states([prompt.text for prompt in prompts])
    last = states[:, -WIDTH:]
    return Rows(
        label=np.array([CATEGORIES.index(prompt.category) for prompt in prompts]),
        source=np.array([prompt.source for prompt in prompts]),
        rules=np.stack(rules),
        vector=last / np.linalg.norm(last, axis=1, keepdims=True),
        middle=states[:, LAYER * WIDTH : (LAYER + 1) * WIDTH],
    )
