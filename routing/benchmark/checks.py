"""What an answer earns, 0..1: a pure function of a task and a text, but for code, which is run.

Code is all or nothing, as a function that is nearly right is wrong. What a sandbox cannot run is
not marked at all: the task then counts as not completed, since nothing was proven either way.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pointsman.seams import Sandbox
from routing.benchmark import extract
from routing.benchmark.suite import (
    CodeCheck,
    ExactCheck,
    JsonCheck,
    NumberCheck,
    RubricCheck,
    Task,
)

RUN_S = 3.0  # for all the cases of a task
BROKEN_FORM = 0.5  # a rubric's points are multiplied by this for each rule of form broken
DRONING_WORDS, DRONING_SHARE = 40, 0.3  # a longer text of fewer different words repeats itself

_WORDS = re.compile(r"[\w'-]+")
_SENTENCE_END = re.compile(r"[.!?]+(?=[\s\"')]|$)")
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}


class NotRun(Exception):
    """The sandbox lacks something that the answer's code needs; the text says what."""


async def mark(task: Task, answer: str, run: Sandbox) -> float:
    """What `answer` earns.

    Raises:
        NotRun: its code could not be tried.
    """
    if isinstance(task.check, CodeCheck):
        return await _mark_code(task.check, answer, run)
    return mark_text(task, answer)


def mark_text(task: Task, answer: str) -> float:
    """What `answer` earns where nothing has to be run."""
    answer = extract.straight(answer)
    check, own = task.check, extract.own_words(answer, task.prompt)
    match check:
        case ExactCheck():
            accepted = {extract.plain(text) for text in check.accepted}
            return float(not accepted.isdisjoint(_forms(answer)))
        case NumberCheck():
            found = extract.number(own)
            near = found is not None and abs(found - check.value) <= check.tolerance
            return float(near)
        case JsonCheck():
            return _mark_json(check, answer, task.prompt)
        case RubricCheck():
            return _mark_rubric(check, own)
        case CodeCheck():
            raise ValueError("code has to be run")
        case _:
            return float(extract.letter(own) == check.letter)


async def _mark_code(check: CodeCheck, answer: str, run: Sandbox) -> float:
    source = extract.code(answer[: extract.MOST_ANSWER], check.function)
    if source is None:
        return 0.0
    verdict = await run(source, [case.call for case in check.cases], RUN_S)
    values = [value.value for value in verdict.values if value.error is None]
    if same(values, [case.returns for case in check.cases]):
        return 1.0
    if verdict.lacks:
        raise NotRun(verdict.lacks)
    return 0.0


def same(value: object, expected: object) -> bool:
    """Whether plain data is `expected`, which came from JSON: tuples are lists, 1 is not True."""
    match expected:
        case bool() | None | str():
            return type(value) is type(expected) and value == expected
        case int() | float():
            return _near(value, expected)
        case list():
            return (
                isinstance(value, list | tuple)
                and len(value) == len(expected)
                and all(same(v, e) for v, e in zip(value, expected, strict=True))
            )
        case dict():
            return (
                isinstance(value, dict)
                and value.keys() == expected.keys()
                and all(same(value[key], expected[key]) for key in expected)
            )
        case _:
            return False


def _near(value: object, expected: float) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isclose(value, expected, rel_tol=1e-6, abs_tol=1e-9)
    except OverflowError:  # an integer that no float can hold
        return value == expected


def _forms(answer: str) -> set[str]:
    """The whole of an answer, its first line and its last, and what follows a colon in these."""
    lines = [line for line in answer.splitlines() if line.strip(" `*\t")]
    ends = [answer, *(lines[:1] + lines[-1:])]
    return {extract.plain(text) for end in ends for text in (end, end.partition(":")[2]) if text}


def _mark_json(check: JsonCheck, answer: str, prompt: str) -> float:
    asked = list(extract.json_objects(prompt))
    found = [v for v in extract.json_objects(answer) if v not in asked]
    if not found:
        return 0.0
    given = found[-1]
    if check.schema is not None and not fits(given, check.schema):
        return 0.0
    right = sum(_alike(given.get(key), wanted) for key, wanted in check.expected.items())
    return right / len(check.expected)


def _alike(value: object, expected: object) -> bool:
    if isinstance(value, str) and isinstance(expected, str):
        return extract.plain(value) == extract.plain(expected)
    return same(value, expected)


def fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether `value` fits the part of JSON Schema that a suite may use."""
    kind = _KINDS.get(schema.get("type", ""), object)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind in (int, (int, float))):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        return all(key in value for key in schema.get("required", ())) and all(
            fits(value[key], properties[key]) for key in properties if key in value
        )
    return not isinstance(value, list) or all(fits(v, schema.get("items", {})) for v in value)


def _mark_rubric(check: RubricCheck, text: str) -> float:
    words = _WORDS.findall(text.casefold())
    flat = " ".join(text.casefold().split())
    if len(words) < max(check.min_words, 1) or _drones(words) or _has_forbidden(check, flat):
        return 0.0
    hits = sum(any(_begins(flat, stem) for stem in entry.split("|")) for entry in check.all)
    return hits / len(check.all) * BROKEN_FORM ** _broken(check, text.strip(), words)


def _drones(words: Sequence[str]) -> bool:
    return len(words) > DRONING_WORDS and len(set(words)) / len(words) < DRONING_SHARE


def _has_forbidden(check: RubricCheck, flat: str) -> bool:
    return any(letter in flat for letter in check.without.casefold()) or any(
        re.search(rf"(?<!\w){re.escape(phrase.casefold())}(?!\w)", flat) for phrase in check.none
    )


def _begins(flat: str, stem: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(stem.casefold())}", flat) is not None


def _broken(check: RubricCheck, text: str, words: Sequence[str]) -> int:
    """How many rules of form `text` breaks."""
    bare = text.rstrip(" *_`\"'")
    sentences = len(_SENTENCE_END.findall(text)) or 1
    return sum(
        (
            check.max_words is not None and len(words) > check.max_words,
            check.sentences is not None and sentences != check.sentences,
            check.ends_with is not None and not bare.endswith(check.ends_with),
        )
    )
