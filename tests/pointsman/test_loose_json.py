"""JSON as models write it: read where it is plainly meant, refused where it is not."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.loose_json import MOST_CHARS, Unreadable, read_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_json_is_read_as_json(value: object) -> None:
    text = json.dumps(value)
    read = read_json(text)
    assert (read.value, read.strict, read.cut) == (json.loads(text), True, False)


@given(st.dictionaries(st.text(), VALUES, max_size=4))
@settings(max_examples=60)
def test_a_comma_too_many_a_fence_and_marks_change_nothing(value: dict[str, object]) -> None:
    text = json.dumps(value)
    loose = f"<tool_call>\n```json\n{text[:-1]}{',' if value else ''}}}\n```\n</tool_call>"
    if "```" not in text and "<" not in text and "[TOOL" not in text:
        assert read_json(loose).value == value


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(Unreadable):
        read_json(text)


@pytest.mark.parametrize(
    ("text", "value", "cut"),
    [
        ("{'a': 1,}", {"a": 1}, False),
        ("{a: True, b: None, c: undefined}", {"a": True, "b": None, "c": None}, False),
        ('{"a": "x\ny"}', {"a": "x\ny"}, False),
        ('{"a": [1, 2,}', {"a": [1, 2]}, False),
        ('{"a": {"b": "c', {"a": {"b": "c"}}, True),
        ('{"a": 1, "b":', {"a": 1}, True),
        ("{", {}, True),
        ('Here it is: {"a": 1} - well.', {"a": 1}, False),
        ('{"a": 1} // as asked', {"a": 1}, False),
        ("{“a”: ‘b’}", {"a": "b"}, False),  # noqa: RUF001
        ("{'a': 'it\\'s \\u00e9\\ud83d\\ude00'}", {"a": "it's é😀"}, False),
        ("{'a': .5, 'b': +3, 'c': 1e3}", {"a": 0.5, "b": 3, "c": 1000.0}, False),
        ("<|im_start|>[1]<|im_end|>", [1], False),
        ("true", True, False),
        ("'word'", "word", False),
    ],
)
def test_what_is_plainly_meant_is_read(text: str, value: object, cut: bool) -> None:
    read = read_json(text)
    assert (read.value, read.cut) == (value, cut)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "{1: 2}",
        '{"a" 1}',
        "[NaN]",
        "[1e999]",
        "[" * 100,
        "[" * 100 + "]" * 100,
        '{"a":' * 100 + "1" + "}" * 100,
        "1 2",
        "x" * (MOST_CHARS + 1),
    ],
)
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_json(text)
    assert len(str(refused.value)) < 200


def test_half_a_character_becomes_a_whole_one() -> None:
    value = read_json("{'a': '\\ud83d'}").value
    assert isinstance(value, dict)
    assert str(value["a"]).encode() == b"\xef\xbf\xbd"
