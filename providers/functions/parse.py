"""Tool calls that a model wrote as text, in any of the ways that models do.

Whatever the text says, only tools that were offered are called.
"""

import ast
import json
import re
import warnings
from collections.abc import Collection, Iterator
from typing import Any, cast

Call = tuple[str, dict[str, Any]]  # the tool's name, its arguments
FENCE = re.compile(r"```[\w-]*[ \t]*\n?(.*?)(?:```|\Z)", re.DOTALL)
TAG = re.compile(r"<(tool_calls?|function_calls?|tools?)>(.*?)(?:</\1>|(?=<\1>)|\Z)", re.DOTALL)
MARKS = re.compile(r"\[TOOL_CALLS?\]|<\|(?:python_tag|tool_call|im_end|eot_id|eom_id)\|>")
NAMES = ("name", "function", "tool", "function_name", "tool_name")
ARGUMENTS = ("arguments", "parameters", "args", "input", "params")
LISTS = ("calls", "tool_calls", "function_calls", "functions")
MOST_TEXT = 100_000  # characters; a longer answer is not a tool call
MOST_DEPTH = 100


def calls_from_text(text: str, tools: Collection[str]) -> list[Call]:
    """The calls that the whole of `text` is; empty if it says anything else beside them.

    A call of a tool that is not among `tools` makes all of it mere text.
    """
    if len(text) > MOST_TEXT:
        return []
    found: list[Call] = []
    for part in _parts(MARKS.sub("", text).strip()):
        calls = _read(part.strip(), tools)
        if not calls:
            return []
        found += calls
    return found


def _parts(text: str) -> Iterator[str]:
    """What stands in tags or fences, or all of it; with words round it, the whole."""
    for pattern, group in ((TAG, 2), (FENCE, 1)):
        if not (inside := [match[group] for match in pattern.finditer(text)]):
            continue
        if pattern.sub("", text).strip():  # it says something beside
            yield text
        else:
            for part in inside:
                yield from _parts(part.strip())
        return
    yield text


def _read(text: str, tools: Collection[str]) -> list[Call]:
    if not text:
        return []
    if (value := _parsed(text)) is not None:
        return _calls(value, tools, 0)
    if several := _lines(text):
        return several if (several := _calls(several, tools, 0)) else []
    return _python(text, tools)


def _lines(text: str) -> list[Any]:
    """The values of JSON lines, or of objects one after another."""
    values: list[Any] = []
    decoder = json.JSONDecoder(strict=False)
    place = 0
    while place < len(text):
        try:
            value, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            return []
        values.append(value)
        place += len(text[place:]) - len(text[place:].lstrip(" \t\r\n;,"))
    return values


def _parsed(text: str) -> Any:
    """`text` as JSON, or as what is nearly JSON; None if it is neither."""
    if text[0] not in "[{" or _depth(text) > MOST_DEPTH:
        return None
    for attempt in (text, re.sub(r",\s*([\]}])", r"\1", text)):
        try:
            return json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
    try:  # single quotes, True and None
        with warnings.catch_warnings(action="ignore"):
            return ast.literal_eval(re.sub(r"\b(true|false|null)\b", _python_word, text))
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None


def _python_word(match: re.Match[str]) -> str:
    return {"true": "True", "false": "False", "null": "None"}[match[1]]


def _depth(text: str) -> int:
    """How deep it nests at most, strings not looked at."""
    deepest = depth = 0
    for character in text:
        depth += (character in "[{(") - (character in "]})")
        deepest = max(deepest, depth)
    return deepest


def _calls(value: Any, tools: Collection[str], depth: int) -> list[Call]:
    """The calls that `value` is; empty if any part of it is none."""
    if isinstance(value, list):
        each = [_calls(one, tools, depth + 1) for one in value]
        return [call for calls in each for call in calls] if all(each) else []
    if not isinstance(value, dict) or depth > 3:
        return []
    node = cast("dict[str, Any]", value)
    for word in LISTS:
        if isinstance(node.get(word), list) and len(node) == 1:
            return _calls(node[word], tools, depth + 1)
    call = _call(node, tools)
    return [call] if call else []


def _call(node: dict[str, Any], tools: Collection[str]) -> Call | None:
    inner = next((node[word] for word in NAMES if isinstance(node.get(word), dict)), None)
    if inner is not None:  # {"type": "function", "function": {...}}
        return _call(inner, tools)
    name = next((node[word] for word in NAMES if isinstance(node.get(word), str)), None)
    if name is None and len(node) == 1:  # {"add": {"a": 1}}
        ((name, given),) = node.items()
        return (name, given) if name in tools and isinstance(given, dict) else None
    if name not in tools:
        return None
    given = next((node[word] for word in ARGUMENTS if word in node), {})
    if isinstance(given, str):
        given = _parsed(given.strip()) if given.strip() else {}
    return (name, given) if name is not None and isinstance(given, dict) else None


def _python(text: str, tools: Collection[str]) -> list[Call]:
    """`[add(a=1), add(a=2)]`, or such calls line by line."""
    if _depth(text) > MOST_DEPTH:
        return []
    try:
        with warnings.catch_warnings(action="ignore"):  # of odd escapes in strings
            body = ast.parse(text).body
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return []
    found: list[Call] = []
    for statement in body:
        value = statement.value if isinstance(statement, ast.Expr) else None
        for node in value.elts if isinstance(value, ast.List | ast.Tuple) else [value]:
            call = _python_call(node, tools)
            if call is None:
                return []
            found.append(call)
    return found


def _python_call(node: ast.expr | None, tools: Collection[str]) -> Call | None:
    if not isinstance(node, ast.Call) or node.args or not all(one.arg for one in node.keywords):
        return None
    name = ast.unparse(node.func)
    if name not in tools:
        return None
    try:
        return name, {str(one.arg): ast.literal_eval(one.value) for one in node.keywords}
    except (ValueError, TypeError, RecursionError):
        return None
