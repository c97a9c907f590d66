"""Our own suites: complete, solvable, and not to be fooled."""

import asyncio
import json
import re
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pointsman.errors import ConfigError
from pointsman.records import Category
from pointsman.seams import Verdict
from routing.benchmark.checks import NotRun, mark
from routing.benchmark.suite import CodeCheck, Task, load_suites
from tools.sandbox import run_code

SUITES = load_suites()
TASKS = [task for tasks in SUITES.values() for task in tasks]
by_id = pytest.mark.parametrize("task", TASKS, ids=lambda t: t.test_id)


def test_each_category_has_a_suite_of_at_least_a_dozen_tasks_of_every_difficulty() -> None:
    """BM-01, BM-06: six suites."""
    assert SUITES.keys() == set(get_args(Category))
    for category, tasks in SUITES.items():
        assert len(tasks) >= 12
        assert {task.difficulty for task in tasks} == {"easy", "medium", "hard"}
        assert all(task.test_id.startswith(category) for task in tasks)
        assert all(task.max_tokens <= 200 for task in tasks)
    prompts = " ".join(task.prompt for task in SUITES["coding"])
    for asked in ("Explain merge sort", "Debug this code", "Write reverse string function"):
        assert asked in prompts


@by_id
async def test_the_reference_answer_earns_everything(task: Task) -> None:
    """BM-05: also inside the talk that models put around an answer."""
    assert task.reference is not None
    assert await mark(task, task.reference, run_code) == 1
    if isinstance(task.check, CodeCheck):
        bare = re.sub(r"```(?:python)?\n|\n```", "", task.reference)
        chatty = f"Sure! Here it is:\n\n```python\n{bare}\n```\n\nIt runs in 1 pass. Any questions?"
        assert await mark(task, chatty, run_code) == 1


ECHOES = ("", " \n", "I do not know.", "{p}", "{p}\n{p}", "You ask: {p}", "> {p}\n\nAnswer:")


@by_id
async def test_an_empty_answer_and_the_prompt_itself_earn_nothing(task: Task) -> None:
    for echo in ECHOES:
        assert await mark(task, echo.replace("{p}", task.prompt), run_code) == 0, echo


@pytest.mark.parametrize("said", ["A", "B", "C", "D", "1", "0", "{}", "I am so sorry. I am here."])
def test_no_one_answer_to_everything_earns_much(said: str) -> None:
    earned = [asyncio.run(mark(task, said, no_code)) for task in TASKS]
    assert sum(earned) / len(earned) < 0.1


async def no_code(source: str, expressions: object, timeout_s: float) -> Verdict:
    return Verdict(values=(), output="")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(task=st.sampled_from(TASKS), data=st.data())
def test_no_piece_of_a_prompt_earns_anything(task: Task, data: st.DataObject) -> None:
    """Any half of it or more, in any case, repeated, with other white space."""
    words = task.prompt.split(" ")
    first = data.draw(st.integers(0, len(words) // 2))
    last = data.draw(st.integers(first + len(words) // 2, len(words)))
    text = " ".join(words[first:last])
    text = data.draw(st.sampled_from([text, text.upper(), text.lower(), text.replace(" ", "\n")]))
    text *= data.draw(st.integers(1, 3))
    assert asyncio.run(mark(task, text, no_code)) == 0


@settings(max_examples=300, deadline=None)
@given(task=st.sampled_from(TASKS), text=st.text() | st.from_regex(r"[\[{(A-H0-9:,.`\"\n ]{0,80}"))
def test_whatever_is_said_earns_between_nothing_and_everything(task: Task, text: str) -> None:
    assert 0 <= asyncio.run(mark(task, text, no_code)) <= 1


def suite(tmp_path: Path, *tasks: object, category: str = "math") -> Path:
    (tmp_path / "mine.json").write_text(json.dumps({"category": category, "tasks": tasks}))
    return tmp_path


GOOD = {
    "test_id": "mine",
    "prompt": "2 + 2?",
    "check": {"kind": "number", "value": 4},
    "difficulty": "easy",
    "max_tokens": 8,
}


def test_a_users_folder_adds_tasks_and_changes_ours(tmp_path: Path) -> None:
    """BM-05: user-extensible."""
    ours = SUITES["math"][0]
    changed = {**GOOD, "test_id": ours.test_id}
    found = load_suites(suite(tmp_path, GOOD, changed))["math"]
    assert len(found) == len(SUITES["math"]) + 1
    assert [t.prompt for t in found if t.test_id in ("mine", ours.test_id)] == ["2 + 2?"] * 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"check": {"kind": "guess"}}, ["mine.json", "'mine'", "check", "guess"]),
        ({"check": {"kind": "number"}}, ["mine.json", "'mine'", "value"]),
        ({"check": {"kind": "code", "function": "f", "cases": []}}, ["'mine'", "cases"]),
        ({"max_tokens": 0}, ["'mine'", "max_tokens"]),
        ({"promt": "x"}, ["'mine'", "promt"]),
        ({"difficulty": "extreme"}, ["'mine'", "difficulty"]),
    ],
)
def test_a_suite_that_cannot_be_used_names_file_and_task(
    change: dict[str, object], words: list[str], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_suites(suite(tmp_path, GOOD | change))
    assert all(word in caught.value.message for word in words), caught.value.message


def test_a_broken_file_a_doubled_task_and_a_missing_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'mine' is there twice"):
        load_suites(suite(tmp_path, GOOD, GOOD))
    (tmp_path / "mine.json").write_text("{")
    with pytest.raises(ConfigError, match=r"mine\.json"):
        load_suites(tmp_path)
    with pytest.raises(ConfigError, match="not a folder"):
        load_suites(tmp_path / "nowhere")


async def test_code_that_the_sandbox_cannot_run_is_not_marked() -> None:
    task = next(t for t in TASKS if t.test_id == "coding-reverse-string")
    lacking = "def reverse_string(text):\n    for c in text:\n        yield c"
    with pytest.raises(NotRun, match="yield"):
        await mark(task, lacking, run_code)
