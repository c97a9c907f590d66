"""Which value of the request is which argument's, where the model mixed them up."""

import itertools
import re
from typing import Any

from providers.functions.describe import Function
from providers.functions.schemas import kind
from providers.functions.words import amounts, numbers, stem, stems

UNIT_POWER = re.compile(r"(?<=[a-z])\^\d")  # m/s^2 has no number in it
NAME_OF = re.compile(r"\bname of (?:the |a |an )?(\w+)", re.IGNORECASE)
BEGINS = frozenset({"from", "start", "origin", "source", "departure", "begin"})
GOALS = frozenset({"to", "end", "destination", "target", "arrival", "goal"})


def in_order(fitted: dict[str, Any], function: Function, text: str) -> dict[str, Any]:
    """The request's numbers, one for each required number, where the model took one twice.

    People say them in the order of the parameters, mostly.
    """
    names = [n for n in function.required if kind(function.properties[n]) in ("integer", "number")]
    taken = [fitted.get(name) for name in names]
    there = [one for one in numbers(UNIT_POWER.sub("", text)) if one in amounts(text)]
    if len(names) != len(there) or len(set(taken)) == len(taken) or sorted(there) == taken:
        return fitted
    if len(set(there)) < len(there):
        return fitted
    given = {
        name: int(value) if value.is_integer() else value
        for name, value in zip(names, map(float, there), strict=True)
    }
    return {**fitted, **given}


def in_place(fitted: dict[str, Any], function: Function, text: str) -> dict[str, Any]:
    """Two required texts the other way round, where the request names each beside the other's.

    "The employees database, table staff"; "from Oslo to Rome" for an origin and a destination.
    """
    free = (n for n in function.required if "enum" not in function.properties[n])
    names = [n for n in free if isinstance(v := fitted.get(n), str) and v and v in text]
    for one, other in itertools.combinations(names, 2):
        first, second = str(fitted[one]), str(fitted[other])
        straight = _beside(first, one, other, function, text)
        straight += _beside(second, other, one, function, text)
        crossed = _beside(second, one, other, function, text)
        crossed += _beside(first, other, one, function, text)
        if crossed > straight:
            fitted = {**fitted, one: second, other: first}
    return fitted


def unnamed(value: str, name: str) -> str:
    """`value` without the parameter's own name after it: "Thai cuisine" for a cuisine.

    Where the name is capitalised it is a part of the value: "Yellowstone National Park".
    """
    rest, _, last = value.rpartition(" ")
    words = re.split(r"[^a-z]+", name.lower())
    own = rest and last.islower() and "of" not in words and stem(last) in {stem(w) for w in words}
    return rest if own else value


def _beside(value: str, name: str, other: str, function: Function, text: str) -> int:
    """How many words that mean parameter `name`, and not the other, stand in or beside `value`."""
    words = _words(name, function) - _words(other, function)
    spot = re.escape(value)
    after = re.findall(rf"(?<!\w){spot}['\"]?\s+(\w+)", text)
    before = re.findall(rf"(\w+)(?:\s+(?:is|of|called|named))?\s+['\"]?{spot}(?!\w)", text)
    own = sum(stem(word.lower()) in words - {"from", "to"} for word in (*after, *value.split()))
    return own + sum(stem(word.lower()) in words for word in before)


def _words(name: str, function: Function) -> set[str]:
    """What is said for a parameter: its name, what it is the name of, the word before its end."""
    described = str(function.properties[name].get("description", ""))
    parts = set(re.split(r"[^a-z]+", name.lower()))
    said = stems(" ".join([*parts, *NAME_OF.findall(described)]))
    return said | ({"from"} if parts & BEGINS else set()) | ({"to"} if parts & GOALS else set())
