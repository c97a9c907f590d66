"""The vocabulary that the verifier ships: common words, which of them are names, and vectors."""

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.embed import ROOT
from benchmarks.verifier_data import AUTHORED, vectors
from providers.embedding.wordpiece import VOCABULARY

ROUTING = ROOT.parent / "shared" / "data" / "routing_gpt4_mixtral.jsonl.gz"
LEARNT = ("mmlu", "gsm8k")  # whose prompts (MIT) tell names from words
NAMES = AUTHORED.with_name("names.txt")  # countries, cities, companies, products, people
WIDTH = 40  # of a word's vector: the directions in which words differ most
COMMON = 8_000  # words that those directions are taken from
OFTENER = 4  # times that a name must be written with a capital more often than without


def vocabulary() -> dict[str, NDArray[np.generic]]:
    """The arrays `words`, `ranks`, `names` and `vectors`."""
    pieces = gzip.decompress(VOCABULARY.read_bytes()).decode("utf-8").split("\n")
    ranked = [(w, i) for i, w in enumerate(pieces) if len(w) > 1 and w.isalpha() and w.isascii()]
    words = [word for word, _ in ranked]
    found = vectors([words])
    every = np.stack([found[word] for word in words])
    centred = every - every.mean(axis=0)
    _, _, directions = np.linalg.svd(centred[:COMMON], full_matrices=False)
    short = centred @ directions[:WIDTH].T
    short /= np.maximum(np.linalg.norm(short, axis=1, keepdims=True), 1e-9)
    return {
        "words": packed(words),
        "ranks": np.array([rank for _, rank in ranked], dtype=np.uint16),
        "names": packed(sorted(names(_texts()) | set(NAMES.read_text().split()))),
        "vectors": np.round(short * 127).astype(np.int8),
    }


def packed(words: Iterable[str]) -> NDArray[np.uint8]:
    """Words as one array of bytes, a line each."""
    return np.frombuffer("\n".join(words).encode("ascii"), dtype=np.uint8)


def names(texts: Iterable[str]) -> set[str]:
    """Words that are mostly written with a capital inside of a sentence."""
    capital: Counter[str] = Counter()
    small: Counter[str] = Counter()
    for text in texts:
        for found in re.finditer(r"(?<![A-Za-z])[A-Za-z]{2,}", text):
            if found[0][0].islower():
                small[found[0]] += 1
            elif re.fullmatch(r"[a-z,)] ", text[max(found.start() - 2, 0) : found.start()]):
                capital[found[0].lower()] += 1
    return {word for word, n in capital.items() if n >= 2 and n >= OFTENER * small[word]}


def _texts() -> Iterator[str]:
    with gzip.open(ROUTING, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["dataset"].lower().startswith(LEARNT):
                yield row["prompt"]
    for line in AUTHORED.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield from row["same"]
        yield from (near["text"] for near in row["near"])
