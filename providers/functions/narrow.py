"""A tool's arguments for one request: what it speaks of must be given, what it does not cannot.

A small model leaves optional arguments out, or fills them with whatever is at hand.
"""

import re
from collections.abc import Collection, Sequence
from typing import Any

from providers.functions.describe import Function
from providers.functions.schemas import Schema, bare, kind
from providers.functions.signs import shaped
from providers.functions.words import numbers, stems

MANY = 4  # optional parameters
MOST_ITEMS, FEW_ITEMS = 24, 4  # of a list, and of an optional one: else it may never end
NUMERIC = ("integer", "number")
FORMULAS = {"expression", "formula"}
FIGURES = "^[0-9+*/().^% -]{1,60}$"  # no words: a small model likes to repeat the request
WORDED = re.compile(
    r"\b(?:convert|in|to|into)\s+[a-z]|\w\(|\b(?:root|sqrt|log|sin|cos|tan|factorial|pi)\b|!|=\s*[a-z]"
    r"|\b[a-z]\s*=",
    re.IGNORECASE,
)
FOLDER = re.compile(
    r"\b(?:in|under|inside|ls|dir)\s+(?:the\s+)?(?:(?:folder|directory)\s+)?([\w./-]*[\w/])",
    re.IGNORECASE,
)
NO_FOLDER = {
    "here",
    "this",
    "that",
    "it",
    "my",
    "our",
    "your",
    "folder",
    "directory",
    "files",
    "there",
}
ASKED_FOR = r"(?:by|per|for|on|and|in|as|with|of|each)"
YEAR = re.compile(r"(?:^|_)year_?\d*$")
# No number for an option: those of a span such as 24h, and of code and text that is passed on.
NO_OPTION = re.compile(r"\b\d+[a-z]\b|(?<=\w):\s.*|\w\(.*\)|'[^']*'|\"[^\"]*\"", re.DOTALL)
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
    kept = {
        name: schema
        for name, schema in parameters["properties"].items()
        if name in one.required
        or name in spoken
        or _possible(name, schema, text, many=many and name != first)
    }
    for name in spoken:
        kept[name] = _said_only(name, kept[name], text, one.properties[name].get("default"))
    for name in kept.keys() & FORMULAS:
        if _bare_sum(text):
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


def spoken_of(one: Function, text: str, *, several: bool) -> list[str]:
    """The optional parameters that the request speaks of.

    With `several` calls a number to spare is rather another call's than an option.
    """
    free = {n: s for n, s in one.properties.items() if n not in one.required}
    asked = sum(kind(one.properties[name]) in NUMERIC for name in one.required)
    spare = len(numbers(NO_OPTION.sub(" ", text))) - asked
    numeric = [name for name, schema in free.items() if kind(schema) in NUMERIC]
    named = [name for name in numeric if _named(name, text)]
    spoken = (named or (numeric if len(numeric) == 1 and not several else []))[: max(spare, 0)]
    return spoken + [
        name for name, schema in free.items() if name not in numeric and _spoken(name, schema, text)
    ]


def _bare_sum(text: str) -> bool:
    """Whether it is figures that are to be worked out, without functions and units."""
    return bool(numbers(text)) and not WORDED.search(text)


def _said_only(name: str, schema: Schema, text: str, default: Any = None) -> Schema:
    """An enumeration, or a list of its values, with those values alone that the text has.

    So a text whose default has a shape: beside `7d`, `30d` in the request is one.
    """
    if kind(schema) == "array":
        values = _named_values(schema["items"], text)
        return {**schema, "items": {**schema["items"], "enum": values}} if values else schema
    values = _values_in(schema, text) or _alike(default, text) or _told(name, text)
    return {**schema, "enum": values} if values else schema


def _alike(default: Any, text: str) -> list[str]:
    """The words of the text of the same shape as a default."""
    if not isinstance(default, str) or _shape(default) == default:
        return []
    return [word for word in re.findall(r"\S+\b", text) if _shape(word) == _shape(default)]


def _spoken(name: str, schema: Schema, text: str) -> bool:
    match kind(schema):
        case "boolean":
            return _named(name, text)
        case "array":
            return bool(_named_values(schema["items"], text))
        case "string" if "enum" in schema:
            return bool(_values_in(schema, text))
        case "string":
            return bool(_alike(schema.get("default"), text) or _told(name, text))
        case _:
            return False


def _named_values(schema: Schema, text: str) -> list[Any]:
    """Those values of an enumeration that are asked for: "by model", "math and language"."""
    found: list[Any] = []
    for value in _values_in(schema, text):
        word = re.escape(str(value))
        before = rf"(?:\b{ASKED_FOR}\s+(?:\w+\s+)?|,\s*){word}\b"
        if re.search(rf"{before}|\b{word}(?:,|\s+(?:and|or)\b)", text, re.IGNORECASE):
            found.append(value)
    return found


def _told(name: str, text: str) -> list[str]:
    """What follows a parameter's name, if it looks like an id: "with the model gpt-4o-mini"."""
    if name in ("path", "folder", "directory"):
        return [one for one in FOLDER.findall(text) if one.lower() not in NO_FOLDER]
    if name in ("pattern", "glob"):
        return [one.group() for one in re.finditer(r"[\w/.-]*\*[\w*/.-]*\w", text)]
    found = re.findall(rf"\b{re.escape(name)}\s+['\"]?([\w./:-]*[\d-][\w./:-]*\w)", text)
    return [str(one) for one in found]


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


def _named(name: str, text: str) -> bool:
    """Whether all words of a parameter's name are in the text."""
    words = stems(re.sub(r"^(?:get|include|is|has|with)_", "", name).replace("_", " "))
    return bool(words) and words <= stems(text)


def _values_in(schema: Schema, text: str) -> list[Any]:
    """The values of an enumeration that stand in the text as words of their own."""
    return [
        value
        for value in schema.get("enum", ())
        if re.search(rf"(?<![\w-]){re.escape(str(value))}(?![\w-])", text, re.IGNORECASE)
    ]


def _shape(word: str) -> str:
    """`24h` and `7d` have one shape; a plain word has none that says anything."""
    if not re.search(r"\d", word) or word.isdigit():
        return word
    return re.sub(r"[a-zA-Z]", "a", re.sub(r"\d+", "9", word))


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
