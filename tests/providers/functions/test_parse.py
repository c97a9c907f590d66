"""What counts as a tool call in a model's text, and what never does."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.functions.parse import Call, calls_from_text

TOOLS = ("add", "math.add", "read_file")
LEAVES = st.none() | st.booleans() | st.integers(-999, 999) | st.text(max_size=12)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
ARGUMENTS = st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), VALUES, max_size=3)
CALLS = st.lists(st.tuples(st.sampled_from(TOOLS), ARGUMENTS), min_size=1, max_size=3)


def named(calls: list[Call], name: str, arguments: str) -> list[dict[str, Any]]:
    return [{name: n, arguments: given} for n, given in calls]


WAYS: dict[str, Callable[[list[Call]], str]] = {
    "array": lambda calls: json.dumps(named(calls, "name", "arguments")),
    "parameters": lambda calls: json.dumps(named(calls, "name", "parameters")),
    "under a key": lambda calls: json.dumps({"tool_calls": named(calls, "name", "arguments")}),
    "as OpenAI has them": lambda calls: json.dumps(
        [
            {"type": "function", "function": {"name": n, "arguments": json.dumps(given)}}
            for n, given in calls
        ]
    ),
    "fence": lambda calls: f"```json\n{json.dumps(named(calls, 'name', 'arguments'))}\n```",
    "tags": lambda calls: "\n".join(
        f"<tool_call>\n{json.dumps(one)}\n</tool_call>" for one in named(calls, "name", "arguments")
    ),
    "tag left open": lambda calls: f"<tool_call>{json.dumps(named(calls, 'name', 'arguments'))}",
    "lines": lambda calls: "\n".join(map(json.dumps, named(calls, "name", "arguments"))),
    "mark": lambda calls: f"[TOOL_CALLS]{json.dumps(named(calls, 'name', 'arguments'))}",
    "single quotes": lambda calls: repr(named(calls, "name", "arguments")),
    "name as key": lambda calls: json.dumps([{n: given} for n, given in calls]),
    "python": lambda calls: (
        "["
        + ", ".join(f"{n}({', '.join(f'{k}={v!r}' for k, v in g.items())})" for n, g in calls)
        + "]"
    ),
}


@pytest.mark.parametrize("way", WAYS)
@given(calls=CALLS)
def test_calls_are_read_however_they_are_written(way: str, calls: list[Call]) -> None:
    if way == "python" and any(name in KEYWORDS for _, given in calls for name in given):
        return
    if any(marked(text) for text in texts(calls)):
        return
    assert calls_from_text(WAYS[way](calls), TOOLS) == calls


KEYWORDS = {"as", "if", "in", "is", "or", "and", "not", "for", "del", "def", "try", "from", "pass",
            "else", "elif", "with", "while", "yield", "break", "class", "raise", "async", "await",
            "import", "return", "lambda", "global", "assert", "except"}  # fmt: skip


def texts(value: Any) -> list[str]:
    """Every text in `value`, names of arguments too."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for one in pair for text in texts(one)]
    return [text for one in value for text in texts(one)] if isinstance(value, list | tuple) else []


def marked(text: str) -> bool:
    """Whether a text has the signs of the dressing in it, which no reader could tell apart."""
    return any(sign in text for sign in ("```", "<", "[TOOL", "true", "false", "null", "\\"))


@given(st.text() | st.from_regex(r"[\[{(<`\"'a-z_:,=\]})>\\ ]{0,60}", fullmatch=True))
def test_no_text_breaks_it_or_calls_what_is_not_offered(text: str) -> None:
    assert {name for name, _ in calls_from_text(text, TOOLS)} <= set(TOOLS)


@given(CALLS)
def test_a_tool_that_is_not_offered_is_never_called(calls: list[Call]) -> None:
    for way in WAYS.values():
        assert calls_from_text(way([*calls, ("launch", {})]), TOOLS) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"name": "add", "arguments": {"a": 1,},}', [("add", {"a": 1})]),
        ('{"name": "add"}', [("add", {})]),
        ('{"name": "add", "arguments": ""}', [("add", {})]),
        ('{"calls": []}', []),
        ("add(a=1)", [("add", {"a": 1})]),
        ("add(a=1)\nadd(a=-2)", [("add", {"a": 1}), ("add", {"a": -2})]),
        ("add(1)", []),
        ("add(a=open('x'))", []),
        ("add(**{'a': 1})", []),
        ('Sure! {"name": "add", "arguments": {"a": 1}}', []),
        ('I would call ```json\n{"name": "add", "arguments": {}}\n``` here.', []),
        ('{"name": "add", "arguments": [1, 2]}', []),
        ('{"name": "add", "arguments": {"a": 1}', []),
        ('{"name": ["add"], "arguments": {}}', []),
        ("[" * 5000, []),
        ("(" * 5000, []),
        ("", []),
        ("add", []),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_a_call_and_what_is_mere_text(text: str, found: list[Call]) -> None:
    assert calls_from_text(text, TOOLS) == found
