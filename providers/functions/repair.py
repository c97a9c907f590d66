"""A model's arguments, made to fit the schema and to say only what the request says."""

import difflib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, cast

from providers.functions.describe import Function
from providers.functions.places import in_order, in_place, unnamed
from providers.functions.schemas import Schema, kind
from providers.functions.signs import shaped
from providers.functions.words import amounts, numbers, stems

NEAR = 0.6  # likeness of a value to the one of an enumeration that was meant
LONG = 30  # characters; half of the request as an option is the request again
PASSED_ON = {"content", "text", "prompt", "code", "sql", "message", "body"}
SAID = 0.6  # of a text's words, that the request must hold for the text to come from it


def repaired(
    given: Mapping[str, Any],
    function: Function,
    text: str,
    taken: Mapping[float, int] | None = None,
    request: str | None = None,
) -> dict[str, Any]:
    """`given` in the types of `function`, without optional arguments that `text` does not support.

    What cannot be made to fit stays as it is: the tool will say what is wrong with it. `taken` are
    the numbers of the request that calls of the same answer need; this call's own, if not given.
    `request` is what of `text` the user wrote, if that is not all of it.
    """
    fitted: dict[str, Any] = {}
    for name, value in given.items():
        known = name if name in function.properties else _near(name, list(function.properties))
        if known is not None and value is not None:
            schema = function.properties[known]
            fitted[known] = _as_said(known, coerced(value, schema), schema, text, request)
    fitted = in_order(_glob_apart(fitted, function), function, text)
    fitted = in_place(fitted, function, text)
    left = Counter(amount for amount in numbers(text))
    if taken is None:
        taken = Counter(numbers_in({name: fitted.get(name) for name in function.required}))
    left.subtract(taken)
    kept = set(function.required)
    for name in sorted(fitted.keys() - kept, key=lambda n: _named_by(n, text), reverse=True):
        if _supported(name, fitted[name], function.properties[name], text, left):
            kept.add(name)
            left.subtract(numbers_in(fitted[name]))
    return {name: fitted[name] for name in function.properties if name in fitted and name in kept}


def _named_by(name: str, text: str) -> float:
    """How much of a parameter's name is said."""
    words = stems(name.replace("_", " "))
    return len(words & stems(text)) / max(len(words), 1)


def _glob_apart(fitted: dict[str, Any], function: Function) -> dict[str, Any]:
    """`docs/*.md` as a path and a pattern, where there is a parameter for each."""
    path = fitted.get("path")
    if not isinstance(path, str) or "*" not in path or "pattern" not in function.properties:
        return fitted
    folder, _, pattern = path.rpartition("/")
    rest = {name: value for name, value in fitted.items() if name != "path"}
    return {**({"path": folder} if folder else {}), **rest, "pattern": pattern}


def grounded(given: Mapping[str, Any], function: Function, text: str) -> float:
    """The share of required arguments whose values come from `text`; 1 where none could."""
    asked = [  # a choice among given values need not be in the words of the request
        given[name]
        for name in function.required
        if name in given and "enum" not in function.properties[name]
    ]
    asked = [value for value in asked if not isinstance(value, bool)]
    left = Counter(numbers(text))
    said = 0
    for value in asked:
        leaves = list(_leaves(value))
        # A number that the request has once cannot be the value of two arguments.
        said += any(_said(leaf, text) and left.get(leaf, 1) > 0 for leaf in leaves)
        left.subtract(one for one in leaves if isinstance(one, int | float) and one in left)
    return said / len(asked) if asked else 1.0


def coerced(value: Any, schema: Schema) -> Any:
    """`value` in the schema's type, where it can be had without guessing."""
    if values := schema.get("enum"):
        return _of_enum(value, values)
    if choices := schema.get("anyOf"):
        return next((value for one in choices if _is(value, kind(one))), coerced(value, choices[0]))
    match kind(schema):
        case "integer" | "number":
            return _number(value, whole=kind(schema) == "integer")
        case "boolean" if isinstance(value, str) and value.lower() in (
            "true",
            "yes",
            "false",
            "no",
        ):
            return value.lower() in ("true", "yes")
        case "string" if isinstance(value, int | float) and not isinstance(value, bool):
            return json.dumps(value)
        case "array":
            return _array(value, schema)
        case "object" if isinstance(value, dict):
            return _of_object(cast("dict[str, Any]", value), schema)
        case _:
            return value


def _array(value: Any, schema: Schema) -> Any:
    if isinstance(value, str) and value[:1] == "[":
        try:
            value = json.loads(value)
        except ValueError:
            return value
    listed = value if isinstance(value, list) else [value]
    items = [coerced(one, schema["items"]) for one in listed]
    if "enum" in schema["items"]:
        return [one for i, one in enumerate(items) if one not in items[:i]]
    if kind(schema["items"]) != "number":
        return items
    # A list of one type: readers that tell 12 from 12.0 want 12.0 for a number.
    return [float(one) if type(one) is int else one for one in items]


def _of_object(value: dict[str, Any], schema: Schema) -> dict[str, Any]:
    properties = schema.get("properties")
    if properties is None:
        return value
    return {
        name: coerced(one, properties[name]) for name, one in value.items() if name in properties
    }


def _of_enum(value: Any, values: list[Any]) -> Any:
    if value in values or not isinstance(value, str):
        return value
    by_text = {str(one).casefold(): one for one in values}
    found = difflib.get_close_matches(value.casefold(), list(by_text), 1, NEAR)
    return by_text[found[0]] if found else value


def _number(value: Any, *, whole: bool) -> Any:
    if isinstance(value, str):
        found = numbers(value)
        if len(found) != 1:
            return value
        value = found[0]
    if isinstance(value, float) and value.is_integer() and whole:
        return int(value)
    return value


def _is(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    types: dict[str, type | tuple[type, ...]] = {
        "string": str,
        "integer": int,
        "number": (int, float),
        "array": list,
        "object": dict,
    }
    return name in types and isinstance(value, types[name])


def _near(name: str, known: list[str]) -> str | None:
    folded = {re.sub(r"[^a-z0-9]", "", one.lower()): one for one in known}
    return folded.get(re.sub(r"[^a-z0-9]", "", name.lower()))


def _as_said(name: str, value: Any, schema: Schema, text: str, request: str | None) -> Any:
    """`value` as the request writes it, where only capitals or spaces differ; 5% as 0.05."""
    if kind(schema) == "array" and isinstance(value, list):
        return [_as_said(name, one, schema["items"], text, request) for one in value]
    if kind(schema) == "number" and isinstance(value, int | float) and value:
        return _share(value, schema, text)
    if not isinstance(value, str) or not value.strip() or schema.get("enum"):
        return value
    if payload := _payload(name, value, text if request is None else request):
        return payload
    words = r"\s+".join(re.escape(word) for word in value.split())
    if found := re.search(rf"(?<![\w*/.]){words}(?![\w*/])", text, re.IGNORECASE):
        return unnamed(value if value in text else found[0], name)
    if cut := re.search(rf"(?<![\w*/.]){words}[a-z]{{1,3}}\b", text):  # classic, of classical
        return cut[0]
    there = [match.rstrip(".,;:!?)'\"") for match in shaped(name, text)]
    return max(there, key=lambda one: _likeness(one, value), default=value)


def _payload(name: str, value: str, text: str) -> str | None:
    """The whole of a text to be passed on, where the model took a part of it.

    All that follows a colon; of code, the calls round what was taken.
    """
    if name not in PASSED_ON:
        return None
    found = re.search(r"(?<=\w):\s+(\S.*)", text, re.DOTALL)
    if found is not None and (value in found[1] or value.startswith(found[1].strip())):
        whole = found[1].strip()
        return None if len(whole) - 1 <= len(value) <= len(whole) else whole
    whole = value
    while name == "code" and (outer := re.search(rf"[\w.]+\({re.escape(whole)}\)", text)):
        whole = outer[0]
    return whole if whole != value else None


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()


def _share(value: float, schema: Schema, text: str) -> float:
    """A fraction where the request says `5%`, unless the parameter wants a percentage.

    Of 31 numbers in BFCL's development items that were percentages, 30 were wanted as fractions.
    """
    percent = re.search(rf"(?<![\d.]){re.escape(f'{value:g}')}\s?(?:%|percent\b)", text)
    wanted = re.search(r"(?:as a|in) percent|in %", str(schema.get("description", "")))
    return round(value / 100, 12) if percent and not wanted else value


def _supported(name: str, value: Any, schema: Schema, text: str, left: Counter[float]) -> bool:
    if isinstance(value, str) and (
        value == schema.get("default") or len(value) > max(LONG, len(text) / 2)
    ):
        return False
    if isinstance(value, str) and "enum" not in schema and not re.search(r"\d|^[A-Z]{2,3}$", value):
        return " ".join(value.lower().split()) in " ".join(text.lower().split())
    if isinstance(value, list):
        return bool(value) and all(_said(leaf, text) for leaf in _leaves(value))
    if isinstance(value, bool):
        return bool(stems(name.replace("_", " ")) & stems(text))
    if isinstance(value, int | float):
        return value in amounts(text) and (left[value] > 0 or value not in left)
    return any(_said(leaf, text) for leaf in _leaves(value))


def _said(value: Any, text: str) -> bool:
    if isinstance(value, bool):
        return True
    if isinstance(value, int | float):
        return value in amounts(text)
    if re.fullmatch(r"[A-Z]{2,3}", value):  # a code: USD, CA
        return True
    words = stems(value) or set(value.lower().split())
    return len(words & (stems(text) | set(text.lower().split()))) >= SAID * len(words)


def numbers_in(value: Any) -> Iterator[float]:
    """The numbers in a value, those in its texts too."""
    for leaf in _leaves(value):
        if isinstance(leaf, int | float) and not isinstance(leaf, bool):
            yield leaf
        elif isinstance(leaf, str):
            yield from numbers(leaf)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for one in cast("dict[str, Any]", value).values():
            yield from _leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    elif value is not None:
        yield value
