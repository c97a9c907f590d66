"""The Berkeley Function-Calling Leaderboard's single-turn sets, and its rules of what is right.

The data is in the package `bfcl-eval` (Apache-2.0), fetched once into .cache and not kept here.
Items whose id ends in an even number are for development, the odd ones for judging: a loader hands
out one kind and never looks at the other.
"""

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pointsman.types import ToolSpec

VERSION = "2026.3.23"
CATEGORIES = {
    "simple": "simple_python",
    "multiple": "multiple",
    "parallel": "parallel",
    "irrelevance": "irrelevance",
}
TYPES: Mapping[str, type] = {
    "string": str,
    "integer": int,
    "float": float,
    "boolean": bool,
    "array": list,
    "tuple": list,
    "dict": dict,
    "any": str,
}
Call = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Item:
    id: str
    request: str
    functions: list[dict[str, Any]]  # as the set has them
    answers: list[dict[str, dict[str, list[Any]]]]  # a call each; none: nothing is to be called

    @property
    def tools(self) -> tuple[ToolSpec, ...]:
        return tuple(
            ToolSpec(name=f["name"], description=f["description"], parameters=f["parameters"])
            for f in self.functions
        )


def wheel(cache: Path) -> Path:
    """The package's file, fetched if it is not there."""
    path = cache / f"bfcl_eval-{VERSION}-py3-none-any.whl"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        wanted = [f"bfcl-eval=={VERSION}", "--no-deps", "-q", "-d", str(cache)]
        subprocess.run([sys.executable, "-m", "pip", "download", *wanted], check=True)  # noqa: S603
    return path


def load(category: str, source: Path, *, odd: bool = False) -> list[Item]:
    """The development items of a category, or those for judging."""
    name = CATEGORIES.get(category, category)
    with zipfile.ZipFile(source) as package:
        asked = list(rows(package, f"BFCL_v4_{name}.json", odd=odd))
        answer = f"possible_answer/BFCL_v4_{name}.json"
        answers = {row["id"]: row["ground_truth"] for row in rows(package, answer, odd=odd)}
    return [
        Item(
            row["id"],
            row["question"][0][-1]["content"],
            row["function"],
            answers.get(row["id"], []),
        )
        for row in asked
    ]


def rows(package: zipfile.ZipFile, name: str, *, odd: bool) -> Iterator[dict[str, Any]]:
    """The rows of one kind; of the others nothing but the id is read. None if there is no file."""
    if f"bfcl_eval/data/{name}" not in package.namelist():
        return
    for line in package.read(f"bfcl_eval/data/{name}").decode().splitlines():
        found = re.match(r'\{"id": "[^"]*?(\d+)"', line)
        if found and int(found[1]) % 2 == odd:
            yield json.loads(line)


def held(id: str) -> bool:
    """Whether a development item is held out of all tuning: each fourth."""
    return int(id.rpartition("_")[2]) % 8 == 0


def right(item: Item, calls: Sequence[Call]) -> bool:
    """Whether `calls` are what the item asks for, in any order."""
    if len(calls) != len(item.answers):
        return False
    left = list(calls)
    for answer in item.answers:
        ((name, wanted),) = answer.items()
        described = next(f for f in item.functions if f["name"] == name)
        fits = [c for c in left if c[0] == name and _call_fits(c[1], described, wanted)]
        if not fits:
            return False
        left.remove(fits[0])
    return True


def _call_fits(
    given: dict[str, Any], described: dict[str, Any], wanted: dict[str, list[Any]]
) -> bool:
    properties = described["parameters"]["properties"]
    if any(name not in given for name in described["parameters"]["required"]):
        return False
    for name, value in given.items():
        if name not in properties or name not in wanted:
            return False
        if not _value_fits(value, properties[name], wanted[name]):
            return False
    return all("" in values for name, values in wanted.items() if name not in given)


def _value_fits(value: Any, schema: dict[str, Any], wanted: list[Any]) -> bool:
    expected: Any = TYPES[schema["type"]]
    if expected is float and type(value) is int:
        value = float(value)
    answer = next((one for one in wanted if one != ""), None)
    if type(value) is not expected:  # a variable's name, where that is what is asked for
        return answer is not None and type(value) is type(answer) and _equal(value, wanted)
    if answer is not None and type(answer) is not expected:
        return _equal(value, wanted)
    if expected is dict:
        return _object_fits(value, wanted)
    inner = TYPES[schema["items"]["type"]] if expected is list else None
    if inner is dict:
        return any(_objects_fit(value, one) for one in wanted if one != "")
    if expected is list and not any(_items_fit(value, one, inner) for one in wanted):
        return False
    return _equal(value, wanted)


def _items_fit(value: list[Any], wanted: Any, inner: type | None) -> bool:
    if not isinstance(wanted, list):
        return True
    kinds = {type(one) for one in wanted}
    return all(type(one) is inner or type(one) in kinds for one in value)


def _objects_fit(value: list[Any], wanted: list[Any]) -> bool:
    return len(value) == len(wanted) and all(
        isinstance(one, dict) and _object_fits(one, [other])
        for one, other in zip(value, wanted, strict=True)
    )


def _object_fits(value: dict[str, Any], wanted: list[Any]) -> bool:
    return any(
        all(
            key in one and standard(given) in [standard(o) for o in one[key]]
            for key, given in value.items()
        )
        and all(key in value or "" in options for key, options in one.items())
        for one in wanted
        if isinstance(one, dict)
    )


def _equal(value: Any, wanted: list[Any]) -> bool:
    return standard(value) in [standard(one) for one in wanted]


def standard(value: Any) -> Any:
    """A text without what the set does not mind; a list of such."""
    if isinstance(value, str):
        return re.sub(r"[ ,./\-_*^]", "", value).lower().replace("'", '"')
    return [standard(one) for one in value] if isinstance(value, list) else value
