"""Requests for our own tools, some of the tools offered with each, and what is right."""

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pointsman.types import ToolSpec

FOLDER = Path(__file__).resolve().parent / "tools_cases"
OFFERED = (5, 16)  # tools at a time
Call = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Case:
    id: str
    request: str
    tools: tuple[ToolSpec, ...]
    answers: list[tuple[str, dict[str, list[Any]]]]  # "" among the values: may be left out
    held: bool  # kept out of all tuning


@cache
def specs() -> dict[str, ToolSpec]:
    listed = json.loads((FOLDER / "tools.json").read_text(encoding="utf-8"))
    return {one["name"]: ToolSpec(**one) for one in listed}


def load() -> list[Case]:
    """The cases of own.jsonl, and those held out: held.jsonl and blind.jsonl: docs/tool-gate.md."""
    return [
        Case(
            f"{name}_{i}",
            row["ask"],
            offer(seed + i, [tool for tool, _ in row["calls"]]),
            [(tool, given) for tool, given in row["calls"]],
            held=name != "own",
        )
        for name, seed in (("own", 0), ("held", 2000), ("blind", 4000))
        for i, row in enumerate(_rows(f"{name}.jsonl"))
    ]


def for_the_gate() -> Iterator[tuple[str, tuple[ToolSpec, ...], set[str]]]:
    """Requests that only the gate learns from: text, tools on offer, names of the right ones."""
    for i, row in enumerate(_rows("gate.jsonl")):
        yield row["ask"], offer(1000 + i, row["tools"]), set(row["tools"])


def offer(seed: int, needed: Sequence[str]) -> tuple[ToolSpec, ...]:
    """The needed tools among others, in no order."""
    chance = random.Random(seed)
    count = chance.randint(*OFFERED)
    others = [name for name in sorted(specs()) if name not in needed]
    chance.shuffle(others)
    names = list(dict.fromkeys(needed))
    names += others[: max(0, count - len(names))]
    chance.shuffle(names)
    return tuple(specs()[name] for name in names)


def right(case: Case, calls: Sequence[Call]) -> bool:
    """Whether the calls are those wanted, in any order; of a text spaces and case do not count."""
    if len(calls) != len(case.answers):
        return False
    left = list(calls)
    for name, wanted in case.answers:
        fits = [call for call in left if call[0] == name and _fits(call[1], wanted)]
        if not fits:
            return False
        left.remove(fits[0])
    return True


def _fits(given: dict[str, Any], wanted: dict[str, list[Any]]) -> bool:
    return all(
        name in wanted and standard(value) in [standard(one) for one in wanted[name] if one != ""]
        for name, value in given.items()
    ) and all("" in values for name, values in wanted.items() if name not in given)


def standard(value: Any) -> Any:
    if isinstance(value, str):
        return re.sub(r"\s+", "", value).rstrip(".?").lower().replace('"', "'")
    return [standard(one) for one in value] if isinstance(value, list) else value


def _rows(name: str) -> list[dict[str, Any]]:
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]
