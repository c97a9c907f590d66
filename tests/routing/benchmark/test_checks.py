"""What is found in the talk around an answer, and what it earns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.benchmark import extract
from routing.benchmark.checks import fits, mark_text, same
from routing.benchmark.suite import (
    ChoiceCheck,
    ExactCheck,
    JsonCheck,
    NumberCheck,
    RubricCheck,
    Task,
)


def task(check: object, prompt: str = "?") -> Task:
    return Task(
        test_id="t",
        prompt=prompt,
        check=check,  # type: ignore[arg-type]
        difficulty="easy",
        max_tokens=9,
    )


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("42", 42),
        ("The answer is 42.", 42),
        ("It is 6 * 7 = 42. Do you have 3 more questions?", 3),
        ("It is 6 * 7. Answer: 42. Do you have 3 more questions?", 42),
        ("Answer: 6 * 7 = 42", 42),
        ("Answer: x = 15 hours", 15),
        ("**Answer:** $1,234.50", 1234.5),
        ("\\boxed{-7}", -7),
        ("so \\frac{1}{4}", 0.25),
        ("Answer: 1/9", 1 / 9),
        ("Answer: \u22125", -5),
        ("about 8.3%", 8.3),
        ("Answer: 1/0", None),
        ("none", None),
        ("model3", None),
    ],
)
def test_the_number_of_an_answer_is_found(text: str, number: float | None) -> None:
    found = extract.number(extract.straight(text))
    assert found == (number if number is None else pytest.approx(number))


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("C", "C"),
        (" **C** ", "C"),
        ("(C).", "C"),
        ("C) carbon dioxide", "C"),
        ("The answer is C.", "C"),
        ("I think the answer is (C) carbon dioxide, not B.", "C"),
        ("Answer: C\n\nA is wrong because of oxygen.", "C"),
        ("The answer is a gas.", None),
        ("A bird sings.", None),
        ("A) oxygen\nB) nitrogen", None),
        ("The answer is B because of its mass.", "B"),
        ("The answer is A because of its mass.", "A"),
        ("Answer: A. Or rather answer: B", None),
        ("", None),
    ],
)
def test_the_letter_of_an_answer_is_found(text: str, letter: str | None) -> None:
    assert extract.letter(text) == letter


FIXED = "def f(x):\n    return x + 1"


@pytest.mark.parametrize(
    ("text", "source"),
    [
        (FIXED, FIXED),
        (f"```python\n{FIXED}\n```", FIXED),
        (f"Yours:\n```python\ndef f(x): return x\n```\nMine:\n```\n{FIXED}\n```\nOK?", FIXED),
        (f"```python\n{FIXED}\n```\nExample:\n```\n>>> f(1)\n```", FIXED),
        (f"```python\n{FIXED}", FIXED),  # cut off by the limit
        (f"Sure:\n\nimport math\n{FIXED}", f"import math\n{FIXED}"),
        ("```python\nprint(1)\n```", None),
        ("no code", None),
    ],
)
def test_the_code_of_an_answer_is_found(text: str, source: str | None) -> None:
    assert extract.code(text, "f") == source


@pytest.mark.parametrize(
    ("text", "earned"),
    [
        ("She doesn't.", 1),
        ('"she doesn\u2019t"', 1),
        ("Sure:\n\nShe doesn't.", 1),
        ("Corrected: **She doesn't**", 1),
        ("She don't.\nShe doesn't.\nShe do not.", 0),  # all that it might be
        ("She doesn't know.", 0),
    ],
)
def test_an_exact_answer_may_be_wrapped_but_not_guessed(text: str, earned: float) -> None:
    check = ExactCheck(kind="exact", accepted=("She doesn't.",))
    assert mark_text(task(check), text) == earned


@pytest.mark.parametrize(
    ("text", "earned"),
    [
        ('{"a": 1, "b": "x"}', 1),
        ('```json\n{"a": 1.0, "b": "X."}\n```', 1),
        ('Here: {"a": 1, "b": "y"} done', 0.5),
        ('{"a": true, "b": "x"}', 0.5),
        ('{"a": "1", "b": "x"}', 0),  # does not fit the schema
        ('{"b": "x"}', 0),
        ("{" * 5000, 0),
        ('{"a": 1, "b": ', 0),
    ],
)
def test_json_earns_the_share_of_fields_that_are_right(text: str, earned: float) -> None:
    schema = {
        "type": "object",
        "required": ["a"],
        "properties": {"a": {"type": "number"}},
    }
    check = JsonCheck(kind="json", expected={"a": 1, "b": "x"}, schema=schema)
    if text.startswith('{"a": true'):
        check = JsonCheck(kind="json", expected={"a": 1, "b": "x"})
    assert mark_text(task(check), text) == earned


def test_an_example_in_the_prompt_is_no_answer() -> None:
    check = JsonCheck(kind="json", expected={"a": 1})
    asked = task(check, 'Answer like {"a": 1} please, with the right value.')
    assert mark_text(asked, 'Like {"a": 1}') == 0


RUBRIC = RubricCheck(
    kind="rubric",
    all=("sorry|sad", "listen|here for"),
    none=("at least",),
    min_words=3,
    max_words=12,
    sentences=2,
    ends_with="?",
)


@pytest.mark.parametrize(
    ("text", "earned"),
    [
        ("I am so sorry. Shall I listen?", 1),
        ("I am so sorry. Shall I go?", 0.5),
        ("I am so sorry. I am here for you.", 0.5),
        ("I am so sorry, I am here for you, dear.", 0.25),
        ("I am sorry. At least I can listen?", 0),
        ("I am sorry. At leasts I can listen?", 1),
        ("sorry listen", 0),
        ("I am so sorry. " + "Shall I listen and listen and go on and on? " * 20, 0),
    ],
)
def test_a_rubric_counts_its_points_and_its_form(text: str, earned: float) -> None:
    assert mark_text(task(RUBRIC), text) == earned


def test_other_checks_read_the_same_words() -> None:
    assert mark_text(task(NumberCheck(kind="number", value=8.3, tolerance=0.06)), "8.33") == 1
    assert mark_text(task(NumberCheck(kind="number", value=8.3)), "8.33") == 0
    assert mark_text(task(ChoiceCheck(kind="choice", letter="B")), "B") == 1
    assert mark_text(task(ChoiceCheck(kind="choice", letter="B")), "C") == 0


PROMPT = "one two three four five six seven eight"


@pytest.mark.parametrize(
    ("answer", "own"),
    [
        (PROMPT, ""),
        (PROMPT.upper(), ""),
        (f"Well: {PROMPT}, and nine", "Well:  , and nine"),
        ("one two three four five", "one two three four five"),
        (f"{PROMPT} {PROMPT}", ""),
    ],
)
def test_only_an_answers_own_words_are_left(answer: str, own: str) -> None:
    assert extract.own_words(answer, PROMPT).split() == own.split()


@given(st.text(alphabet="ab ,.\n", max_size=80), st.text(alphabet="ab ,.\n", max_size=80))
def test_own_words_come_from_the_answer_in_their_order(answer: str, prompt: str) -> None:
    rest = iter(answer)
    assert all(sign in rest for sign in extract.own_words(answer, prompt) if not sign.isspace())


@pytest.mark.parametrize(
    ("value", "expected", "alike"),
    [
        (1, True, False),
        (True, 1, False),
        (1.0, 1, True),
        (0.1 + 0.2, 0.3, True),
        (10**400, 3, False),
        (((1, 2),), [[1, 2]], True),
        ([1], [1, 2], False),
        ({"a": 1}, {"a": 1}, True),
        ({"a": 1, "b": 2}, {"a": 1}, False),
        (None, None, True),
        (object(), "x", False),
        ({1}, [1], False),
    ],
)
def test_values_are_compared_as_json(value: object, expected: object, alike: bool) -> None:
    assert same(value, expected) is alike


@pytest.mark.parametrize(
    ("value", "schema", "fit"),
    [
        ({"a": [1]}, {"type": "object", "properties": {"a": {"items": {"type": "integer"}}}}, True),
        ({"a": [1.5]}, {"properties": {"a": {"items": {"type": "integer"}}}}, False),
        (True, {"type": "integer"}, False),
        ("x", {"enum": ["x", "y"]}, True),
        ("z", {"enum": ["x", "y"]}, False),
        ({}, {"required": ["a"]}, False),
    ],
)
def test_a_schema_holds(value: object, schema: dict[str, object], fit: bool) -> None:
    assert fits(value, schema) is fit
