"""Labelled pairs of prompts for the cache's verifier: to learn from, and only to test it.

Learnt from: CheckList (MIT), the mock data of GPTCache (MIT), edits of GSM8K (MIT), PAWS (free use
with credit), and pairs written for this project, `benchmarks/pairs/authored.jsonl`. All others
(Quora questions, SICK, MRPC, edits of CodeAlpaca and Quora) only test.
"""

import gzip
import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.embed import ROOT, WIDTH, embed_states

PAIRS = ROOT.parent / "shared" / "data" / "cache_pairs.jsonl.gz"
CLUSTERS = ROOT.parent / "shared" / "data" / "cache_clusters_qqp.json.gz"
AUTHORED = ROOT / "benchmarks" / "pairs" / "authored.jsonl"
LEARNT = frozenset(("checklist", "gptcache_mock", "paws", "authored"))


@dataclass(frozen=True, slots=True)
class Pair:
    """Two prompts, and whether one answer serves both."""

    source: str
    kind: str  # of the difference, or of where it comes from
    a: str
    b: str
    same: bool
    group: str  # pairs of one group are never on both sides of a split

    @property
    def learnt(self) -> bool:
        """Whether its licence lets the product learn from it."""
        return self.source in LEARNT or (self.source == "edit" and self.kind.endswith("gsm8k"))


def read_pairs() -> list[Pair]:
    """Every labelled pair: public ones first, then those written for this project."""
    return [*_public(), *_authored()]


def _public() -> Iterator[Pair]:
    with gzip.open(PAIRS, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            row = json.loads(line)
            group = row["kind"] if row["source"] == "checklist" else str(number % 10)
            name = f"{row['source']} {group}"
            yield Pair(row["source"], row["kind"], row["a"], row["b"], row["label"] == 1, name)


def _authored() -> Iterator[Pair]:
    for line in AUTHORED.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        name = f"authored {row['group']}"  # clusters that several people wrote alike share one
        for a, b in itertools.combinations(row["same"], 2):
            yield Pair("authored", "same", a, b, True, name)
        for near, a in itertools.product(row["near"], row["same"]):
            yield Pair("authored", near["kind"], a, near["text"], False, name)


def read_clusters() -> list[list[str]]:
    """Lists of Quora questions that ask the same; for streams, never to learn from."""
    with gzip.open(CLUSTERS, "rt", encoding="utf-8") as file:
        clusters: list[list[str]] = json.load(file)
    return clusters


def vectors(batches: Sequence[Sequence[str]]) -> dict[str, NDArray[np.float32]]:
    """The unit vector of every text; each batch is embedded once and kept on disk."""
    found: dict[str, NDArray[np.float32]] = {}
    for batch in batches:
        texts = sorted(set(batch) - found.keys())
        last = embed_states(texts)[:, -WIDTH:] if texts else np.empty((0, WIDTH), np.float32)
        units = last / np.maximum(np.linalg.norm(last, axis=1, keepdims=True), 1e-9)
        found.update(zip(texts, units, strict=True))
    return found


def vectors_of(pairs: Sequence[Pair]) -> dict[str, NDArray[np.float32]]:
    """The vectors of all texts in `pairs`, embedded source by source."""
    sources = sorted({pair.source for pair in pairs})
    return vectors(
        [[t for p in pairs if p.source == source for t in (p.a, p.b)] for source in sources]
    )
