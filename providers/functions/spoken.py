"""The optional arguments that a request speaks of, and what it says they are."""

import re
from typing import Any

from providers.functions.describe import Function
from providers.functions.schemas import Schema, bare, kind
from providers.functions.words import numbers, stems

NUMERIC = ("integer", "number")
FOLDER = re.compile(
    r"\b(?:in|under|inside|ls|dir)\s+(?:the\s+)?(?:(?:folder|directory)\s+)?([\w./-]*[\w/])",
    re.IGNORECASE,
)
NO_FOLDER = frozenset("here this that it my our your folder directory files there".split())  # noqa: SIM905
ASKED_FOR = r"(?:by|per|for|on|and|in|as|with|of|each)"
# No number for an option: those of a span such as 24h, and of code and text that is passed on.
NO_OPTION = re.compile(r"\b\d+[a-z]\b|(?<=\w):\s.*|\w\(.*\)|'[^']*'|\"[^\"]*\"", re.DOTALL)
QUOTED = re.compile(r"(?<!\w)['\"]([^'\"]{2,40})['\"](?!\w)")
VAGUE = frozenset({"all", "any", "none", "default", "now"})


def spoken_of(one: Function, text: str, *, several: bool) -> list[str]:
    """The optional parameters that the request speaks of.

    With `several` calls a number to spare is rather another call's than an option.
    """
    free = {n: s for n, s in one.properties.items() if n not in one.required}
    spare = len(numbers(NO_OPTION.sub(" ", text))) - _asked(one)
    numeric = [name for name, schema in free.items() if kind(schema) in NUMERIC]
    named = [name for name in numeric if _named(name, text)]
    spoken = (named or (numeric if len(numeric) == 1 and not several else []))[: max(spare, 0)]
    return spoken + [
        name
        for name, schema in free.items()
        if name not in numeric
        and (_spoken(name, schema, text) or _listed(one, name, text, several=several))
    ]


def unmeant_of(one: Function, text: str) -> set[str]:
    """The optional numbers of which no word is said, where all numbers are of others that are."""
    numeric = {n for n, s in one.properties.items() if n not in one.required and kind(s) in NUMERIC}
    said = {name for name in numeric if _stems_of(name) & stems(text)}
    different = len(set(numbers(NO_OPTION.sub(" ", text)))) - _asked(one)
    return numeric - said if len(said) >= max(different, 1) else set()


def _asked(one: Function) -> int:
    """How many numbers a call needs."""
    return sum(kind(one.properties[name]) in NUMERIC for name in one.required)


def said_only(one: Function, name: str, text: str, *, several: bool) -> Schema:
    """The schema of a parameter that is spoken of, with those values alone that the text has.

    Of an enumeration, of a list of its values, of the values that its description quotes; also of
    a text whose default has a shape: beside `7d`, `30d` in the request is one.
    """
    whole = one.properties[name]
    schema = bare(whole)
    if kind(schema) == "array":
        if listed := _listed(one, name, text, several=several):
            return {"const": listed}
        values = _named_values(schema["items"], text)
        return {**schema, "items": {**schema["items"], "enum": values}} if values else schema
    values = _values_in(schema, text) or _texts(name, whole, text)
    return {**schema, "enum": values} if values else schema


def _spoken(name: str, schema: Schema, text: str) -> bool:
    match kind(schema):
        case "boolean":
            return _named(name, text)
        case "array":
            return bool(_named_values(schema["items"], text))
        case "string" if "enum" in schema:
            return bool(_values_in(schema, text))
        case "string":
            return bool(_texts(name, schema, text))
        case _:
            return False


def _texts(name: str, schema: Schema, text: str) -> list[str]:
    """What in the text can only be the value of a free text."""
    if kind(schema) != "string" or "enum" in schema:
        return []
    found = _alike(schema.get("default"), text) or _told(name, text)
    return found or _quoted(str(schema.get("description", "")), text)


def _quoted(description: str, text: str) -> list[str]:
    """The values that a description quotes and the text has: 'static' or 'dynamic'.

    In BFCL's development items, held-out ones apart, such a value was never wrong for one call.
    """
    known = [one for one in dict.fromkeys(QUOTED.findall(description)) if one not in VAGUE]
    return _values_in({"enum": known}, text)


def _alike(default: Any, text: str) -> list[str]:
    """The words of the text of the same shape as a default."""
    if not isinstance(default, str) or _shape(default) == default:
        return []
    return [word for word in re.findall(r"\S+\b", text) if _shape(word) == _shape(default)]


def _named_values(schema: Schema, text: str) -> list[Any]:
    """Those values of an enumeration that are asked for: "by model", "math and language"."""
    found: list[Any] = []
    for value in _values_in(schema, text):
        word = _pattern(value)
        before = rf"(?:\b{ASKED_FOR}\s+(?:[a-z]+\s+)?|,\s*){word}\b"
        after = rf"(?<!\d )\b{word}(?:,|\s+(?:and|or)\b)"  # "30 days and" names no day
        if re.search(f"{before}|{after}", text, re.IGNORECASE):
            found.append(value)
    return found


def _listed(one: Function, name: str, text: str, *, several: bool) -> list[Any]:
    """All values of a list of choices that the request has, in its order; for one call.

    A value that is a word of the tool itself says nothing, unless it is asked for in so many words;
    nor does any value of `group_by`.
    In BFCL's development items, held-out ones apart, 8 of 9 such lists are just that.
    """
    schema = one.properties[name]
    if several or kind(schema) != "array":
        return []
    found = _named_values(schema["items"], text)
    if not found and not name.endswith("_by"):
        own = _stems_of(" ".join((one.name, one.description, name)))
        there = _values_in(schema["items"], text)
        found = [value for value in there if not _stems_of(str(value)) <= own]
    return sorted(found, key=lambda value: _place(value, text))


def _told(name: str, text: str) -> list[str]:
    """What follows a parameter's name, if it looks like an id: "with the model gpt-4o-mini"."""
    if name in ("path", "folder", "directory"):
        return [one for one in FOLDER.findall(text) if one.lower() not in NO_FOLDER]
    if name in ("pattern", "glob"):
        return [one.group() for one in re.finditer(r"[\w/.-]*\*[\w*/.-]*\w", text)]
    found = re.findall(rf"\b{re.escape(name)}\s+['\"]?([\w./:-]*[\d-][\w./:-]*\w)", text)
    return [str(one) for one in found]


def _named(name: str, text: str) -> bool:
    """Whether all words of a parameter's name are in the text."""
    words = stems(re.sub(r"^(?:get|include|is|has|with)_", "", name).replace("_", " "))
    return bool(words) and words <= stems(text)


def _stems_of(text: str) -> set[str]:
    return stems(text.replace("_", " "))


def _values_in(schema: Schema, text: str) -> list[Any]:
    """The values of an enumeration that stand in the text as words of their own."""
    return [value for value in schema.get("enum", ()) if _place(value, text) >= 0]


def _place(value: Any, text: str) -> int:
    """Where a value stands in the text; -1: it does not."""
    found = re.search(rf"(?<![\w-]){_pattern(value)}(?![\w-])", text, re.IGNORECASE)
    return found.start() if found else -1


def _pattern(value: Any) -> str:
    """A value's words, whatever joins them, one or several of it: `pet_friendly`, ratings."""
    words = [re.escape(word) for word in re.split(r"[\s_-]+", str(value)) if word]
    return r"[\s_-]+".join(words) + ("s?" if words and words[-1].isalpha() else "")


def _shape(word: str) -> str:
    """`24h` and `7d` have one shape; a plain word has none that says anything."""
    if not re.search(r"\d", word) or word.isdigit():
        return word
    return re.sub(r"[a-zA-Z]", "a", re.sub(r"\d+", "9", word))
