"""Suites: the tasks of each category, as data files that a user may add to or change.

A file is `{"category": ..., "tasks": [...]}`; `Task` and the checks below are its fields. In a
rubric, each entry of `all` is one point: alternatives separated by `|`, each the beginning of a
word or phrase ("recurs" finds "recursively"). What an answer copies from its prompt earns nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from pointsman.errors import ConfigError
from pointsman.records import Category

FOLDER = Path(__file__).with_name("suites")
MOST_TOKENS = 4096  # of an answer
STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)

Difficulty = Literal["easy", "medium", "hard"]
Filled = Annotated[str, Field(min_length=1)]
Letter = Annotated[str, Field(pattern="^[A-H]$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    __pydantic_config__ = STRICT
    call: Filled  # a Python expression
    returns: Any  # what it must come to, as JSON; a tuple counts as a list


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeCheck:
    """The answer's code defines `function`, and every case comes out right."""

    __pydantic_config__ = STRICT
    kind: Literal["code"]
    function: Filled
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactCheck:
    """The answer, its first or its last line is one of `accepted`, but for case and marks."""

    __pydantic_config__ = STRICT
    kind: Literal["exact"]
    accepted: Annotated[tuple[Filled, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberCheck:
    __pydantic_config__ = STRICT
    kind: Literal["number"]
    value: float
    tolerance: Annotated[float, Field(ge=0)] = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceCheck:
    __pydantic_config__ = STRICT
    kind: Literal["choice"]
    letter: Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonCheck:
    """The answer holds an object that fits `schema`; it earns the share of `expected` it has."""

    __pydantic_config__ = STRICT
    kind: Literal["json"]
    expected: Annotated[dict[str, Any], Field(min_length=1)]
    schema: dict[str, Any] | None = None  # type, properties, required, items, enum


@dataclass(frozen=True, slots=True, kw_only=True)
class RubricCheck:
    """The share of `all` that is found; halved for each rule of form that is broken."""

    __pydantic_config__ = STRICT
    kind: Literal["rubric"]
    all: Annotated[tuple[Filled, ...], Field(min_length=1)]
    none: tuple[Filled, ...] = ()  # whole words or phrases; one of them, and nothing is earned
    without: str = ""  # letters or signs that must not occur: as `none`
    min_words: Annotated[int, Field(ge=0)] = 0  # fewer, and nothing is earned
    max_words: Annotated[int, Field(ge=1)] | None = None
    sentences: Annotated[int, Field(ge=1)] | None = None
    ends_with: str | None = None


Check = CodeCheck | ExactCheck | NumberCheck | ChoiceCheck | JsonCheck | RubricCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    __pydantic_config__ = STRICT
    test_id: Filled
    prompt: Filled
    check: Annotated[Check, Field(discriminator="kind")]
    difficulty: Difficulty
    max_tokens: Annotated[int, Field(ge=1, le=MOST_TOKENS)]
    judge: str | None = None  # what a judge model is asked about the answer, if one is set up
    reference: str | None = None  # an answer that earns everything


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    __pydantic_config__ = STRICT
    category: Category
    tasks: tuple[Task, ...]


Suites = Mapping[Category, Sequence[Task]]
_SUITE = TypeAdapter(Suite)


def load_suites(extra: Path | None = None) -> Suites:
    """The tasks of each category: ours, then those of the files in `extra`.

    A task there replaces the one of ours that has its `test_id`. Reads files.

    Raises:
        ConfigError: `extra` is no folder, or a file in it cannot be used; names file and task.
    """
    if extra is not None and not extra.is_dir():
        raise ConfigError(f"benchmark.suites: {str(extra)!r} is not a folder.")
    tasks: dict[Category, dict[str, Task]] = {}
    for folder in (FOLDER, extra) if extra else (FOLDER,):
        for path in sorted(folder.glob("*.json")):
            suite = read_suite(path)
            tasks.setdefault(suite.category, {}).update({t.test_id: t for t in suite.tasks})
    return {category: tuple(found.values()) for category, found in tasks.items()}


def read_suite(path: Path) -> Suite:
    """
    Raises:
        ConfigError: it cannot be used; names file and task.
    """
    given: Any = None
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        suite = _SUITE.validate_python(given)
    except ValidationError as error:
        raise ConfigError(f"{path} is no benchmark suite: {_complaint(error, given)}.") from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read as JSON: {error}.") from error
    names = [task.test_id for task in suite.tasks]
    if doubled := {name for name in names if names.count(name) > 1}:
        raise ConfigError(f"{path}: the test_id {min(doubled)!r} is there twice.")
    return suite


def _complaint(error: ValidationError, given: Any) -> str:
    """The first thing that is wrong: in which task, where in it, and why."""
    first = error.errors(include_input=False, include_url=False)[0]
    location = list(first["loc"])
    where = ""
    if location[:1] == ["tasks"] and len(location) > 1:
        number = location[1]
        task = given["tasks"][number] if isinstance(number, int) else None
        name = task.get("test_id") if isinstance(task, dict) else None
        where = f"task {name!r}, " if name else f"task number {number}, "
        location = location[2:]
    key = ".".join(str(part) for part in location) or "the whole"
    return f"{where}{key}: {first['msg'][:1].lower()}{first['msg'][1:]}"
