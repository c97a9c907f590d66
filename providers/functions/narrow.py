"""A tool's arguments for one request: what it speaks of must be given, what it does not cannot.

A small model leaves optional arguments out, or fills them with whatever is at hand.
"""

import re
from collections.abc import Collection, Sequence

from providers.functions.describe import Function
from providers.functions.schemas import Schema, bare, kind
from providers.functions.signs import shaped
from providers.functions.spoken import NO_OPTION, NUMERIC, said_only, spoken_of, unmeant_of
from providers.functions.words import numbers, stems

MANY = 4  # optional parameters
MOST_ITEMS, FEW_ITEMS = 24, 4  # of a list, and of an optional one: else it may never end
FORMULAS = {"expression", "formula"}
FIGURES = "^[0-9+*/().^% -]{1,60}$"  # no words: a small model likes to repeat the request
WORDED = re.compile(
    r"\b(?:convert|in|to|into)\s+[a-z]|\w\(|\b(?:root|sqrt|log|sin|cos|tan|factorial|pi)\b|!|=\s*[a-z]"
    r"|\b[a-z]\s*=",
    re.IGNORECASE,
)
HOW_MANY = re.compile(  # of one unit another comes to
    r"\bhow many (\w+) (?:are|is|make)(?: there)?(?: in)? (\d[\d.,]* \w+)", re.IGNORECASE
)
YEAR = re.compile(r"(?:^|_)year_?\d*$")
YEARS = range(1000, 3000)


def narrowed(
    one: Function, text: str, values: Collection[float], *, several: bool = False
) -> Schema:
    """The schema of the arguments for a request; all numbers are from `values`, if there are any.

    In BFCL's development items 98 % of the required numbers stand in the request.
    """
    spoken = spoken_of(one, text, several=several)
    parameters = bare(one.parameters)
    first = next(iter(one.properties), None)
    many = len(one.properties) - len(one.required) > MANY
    unmeant = unmeant_of(one, text)
    kept = {
        name: schema
        for name, schema in parameters["properties"].items()
        if name in one.required
        or name in spoken
        or (name not in unmeant and _possible(name, schema, text, many=many and name != first))
    }
    kept |= {name: said_only(one, name, text, several=several) for name in spoken}
    for name in kept.keys() & FORMULAS:
        if conversion := HOW_MANY.search(text):
            kept[name] = {**kept[name], "enum": [f"{conversion[2]} in {conversion[1]}"]}
        elif _bare_sum(text):
            kept[name] = {**kept[name], "pattern": FIGURES}
    listed = sorted(int(n) if n == int(n) else n for n in values)
    return {
        **parameters,
        "properties": {
            n: _among(s, listed, n, MOST_ITEMS if n in one.required else FEW_ITEMS)
            for n, s in kept.items()
        },
        "required": [*one.required, *spoken],
    }


def _bare_sum(text: str) -> bool:
    """Whether it is figures that are to be worked out, without functions and units."""
    return bool(numbers(text)) and not WORDED.search(text)


def _possible(name: str, schema: Schema, text: str, *, many: bool) -> bool:
    """Whether the request could speak of an optional parameter; one of `many` is named."""
    said = bool(stems(name.replace("_", " ")) & stems(text))
    match kind(schema):
        case "boolean":
            return said
        case "integer" | "number":
            return bool(numbers(NO_OPTION.sub(" ", text)))
        case _:
            return said or not many or bool(shaped(name, text))


def _among(
    schema: Schema, values: Sequence[float], name: str = "", most: int = MOST_ITEMS
) -> Schema:
    """`schema` with numbers from `values` only; a year is one, where there is any."""
    if values and "enum" not in schema and schema.get("type") in NUMERIC:
        years = [value for value in values if value in YEARS]
        some = years if YEAR.search(name) and years else values
        whole = [value for value in some if isinstance(value, int)]
        return {**schema, "enum": whole if schema["type"] == "integer" and whole else some}
    found = dict(schema)
    if "properties" in schema:
        found["properties"] = {n: _among(s, values, n) for n, s in schema["properties"].items()}
    if "items" in schema:
        values_there = len(schema["items"].get("enum", ())) or most
        found["maxItems"] = min(schema.get("maxItems", most), most, values_there)
        found["items"] = _among(schema["items"], values)
    return found
