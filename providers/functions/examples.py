"""Examples made from the tools at hand: a request in words, and the calls that it becomes."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from providers.functions.describe import Function, cut
from providers.functions.schemas import Schema, kind

MOST = 3  # tools that are shown at work
NUMBERS = (7, 12, 30, 4)
DECIMALS = (2.5, 8.4, 0.3, 6.1)
SAMPLES = {  # by a word of the parameter's name: what people write there
    "expression": ("12 * 7", "(3 + 4) / 2"),
    "code": ("print(2 + 3)", "print('ok')"),
    "path": ("notes.txt", "data/list.csv"),
    "file": ("notes.txt", "data/list.csv"),
    "url": ("https://example.org/a", "https://example.org/b"),
    "sql": ("SELECT count(*) FROM calls", "SELECT model FROM calls"),
    "query": ("trains to Vienna", "history of tea"),
    "prompt": ("Explain recursion", "Name three rivers"),
    "content": ("buy milk", "call Anna"),
    "text": ("buy milk", "call Anna"),
    "city": ("Lisbon", "Oslo"),
    "location": ("Lisbon", "Oslo"),
    "country": ("Peru", "Norway"),
    "date": ("2023-05-14", "2024-01-02"),
    "time": ("14:30", "09:00"),
    "email": ("anna@example.org", "tom@example.org"),
    "name": ("Anna", "Tom"),
    "id": ("a17", "b42"),
    "unit": ("meters", "feet"),
    "color": ("red", "blue"),
}
DECLINED = ("Hello! How are you today?", "Write a short poem about the sea.")
SUCH_AS = re.compile(
    r"(?:e\.g\.?,?|such as|for example,?|like)\s+['\"]?([\w /.:-]{2,30}?)['\",.)]", re.IGNORECASE
)


def examples(offered: Sequence[Function]) -> Iterator[tuple[str, str]]:
    """Requests and the answers to them, as they are always for these tools."""
    shown = _spread(offered)
    for place, one in enumerate(shown):
        values = [sample(one, which) for which in (place, place + 1)]
        if place == 1 or len(shown) == 1:
            yield _asked(one, values), _answer(one, values)
        if place != 1:
            yield _asked(one, values[:1]), _answer(one, values[:1])
        if place < len(DECLINED):
            yield DECLINED[place], json.dumps({"calls": []})


def sample(one: Function, which: int) -> dict[str, Any]:
    """Arguments for a call: what is required, or else the first that there is."""
    names = one.required or list(one.properties)[:1]
    return {name: _value(name, one.properties[name], which + i) for i, name in enumerate(names)}


def _spread(offered: Sequence[Function]) -> list[Function]:
    """Some of them, the simple ones first: what is shown must be short."""
    short = sorted(offered, key=lambda one: len(one.required) > 4)
    return short[:MOST]


def _asked(one: Function, several: Sequence[dict[str, Any]]) -> str:
    wish = cut(one.description or one.name.replace("_", " "), 120).rstrip(". ")
    cases = ", and for ".join(
        ", ".join(f"{name} {_words(value)}" for name, value in values.items() if value is not True)
        for values in several
    )
    return f"{wish}, for {cases}." if cases else f"{wish}."


def _words(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _answer(one: Function, several: Sequence[dict[str, Any]]) -> str:
    calls = [{"name": one.name, "arguments": values} for values in several]
    return json.dumps({"calls": calls}, ensure_ascii=False)


def _value(name: str, schema: Schema, which: int) -> Any:
    if values := schema.get("enum") or schema.get("examples"):
        return values[which % len(values)]
    if choices := schema.get("anyOf"):
        return _value(name, choices[0], which)
    match kind(schema):
        case "integer":
            return NUMBERS[which % len(NUMBERS)]
        case "number":
            return DECIMALS[which % len(DECIMALS)]
        case "boolean":
            return True
        case "array":
            return [_value(name, schema["items"], which + i) for i in range(2)]
        case "object":
            inner = schema.get("properties", {})
            names = schema.get("required") or list(inner)[:2]
            return {one: _value(one, inner[one], which + i) for i, one in enumerate(names)}
        case _:
            return _string(name, schema, which)


def _string(name: str, schema: Schema, which: int) -> str:
    described = str(schema.get("description") or "")
    if quoted := re.findall(r'"([^"]{2,40})"', described):
        return str(quoted[which % len(quoted)])
    if which % 2 == 0 and (found := SUCH_AS.search(described)):
        return found[1].strip()
    words = re.split(r"[^a-z]+", name.lower())
    for word in reversed(words):
        if word in SAMPLES:
            return SAMPLES[word][which % 2]
    return ("alpha", "beta")[which % 2]
