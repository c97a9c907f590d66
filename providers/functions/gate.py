"""Whether a request is one for the tools at all, and for several calls: small learnt judgements.

What a tiny model lacks is declining and counting. Two logistic regressions on what `signs` sees do
both; docs/tool-gate.md tells what they were learnt from and how good they are.
"""

import functools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from providers.functions.describe import Function
from providers.functions.several import number_sets, several_signs
from providers.functions.signs import fit_signs

WEIGHTS = "gate.json"


@dataclass(frozen=True, slots=True)
class Judge:
    """A logistic regression."""

    weights: tuple[float, ...]
    bias: float

    def probability(self, signs: Sequence[float]) -> float:
        total = self.bias + sum(w * s for w, s in zip(self.weights, signs, strict=True))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


@dataclass(frozen=True, slots=True)
class Gate:
    fit: Judge
    several: Judge
    call: float  # from this probability on a tool is called
    decline: float  # below this none is; between them the model itself says
    many: float  # from this probability on several calls are made
    perhaps: float  # from this one on, if the numbers make several sets of what a call needs
    once: float  # below this one a single call is made

    def fits(self, text: str, offered: Sequence[Function]) -> list[float]:
        """For each tool, the probability that `text` is a request for it."""
        return [self.fit.probability(signs) for signs in fit_signs(text, offered)]

    def is_single(self, text: str, function: Function) -> bool:
        """Whether the request takes but one call, of `function`."""
        return self.several.probability(several_signs(text, function)) < self.once

    def least_calls(self, text: str, function: Function) -> int:
        """How many calls of `function` the request takes at least."""
        probability = self.several.probability(several_signs(text, function))
        sets = number_sets(text, function)
        if sets > 1 and probability >= self.perhaps:
            return sets
        return 2 if probability >= self.many else 1


@functools.cache
def load_gate() -> Gate:
    """The gate as it was learnt; the file is part of the package."""
    raw: Mapping[str, Any] = json.loads(
        (files("providers.functions") / WEIGHTS).read_text(encoding="utf-8")
    )
    return Gate(
        fit=Judge(tuple(raw["fit"]["weights"]), raw["fit"]["bias"]),
        several=Judge(tuple(raw["several"]["weights"]), raw["several"]["bias"]),
        call=raw["call"],
        decline=raw["decline"],
        many=raw["many"],
        perhaps=raw["perhaps"],
        once=raw["once"],
    )
