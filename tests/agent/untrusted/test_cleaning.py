"""Text of others: what is hidden goes, what is seen stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.untrusted.cleaning import MOST_CHARS, clean, line, visible

SEEN = [
    ("plain text\twith a tab\nand lines", None),
    ("Zürich, 東京, Москва, قاهرة, नमस्ते", None),
    ("a family \U0001f468\u200d\U0001f469\u200d\U0001f467 and a heart \u2764\ufe0f", None),
    ("1\ufe0f\u20e3 is a key", None),
    ("\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", None),  # Persian needs the joiner
    ("one\r\ntwo\rthree\u2028four\x85five", "one\ntwo\nthree\nfour\nfive"),
    ("\x1b[31mred\x1b[0m", "red"),
    ("\x1b]8;;http://evil.example\x07a link\x1b]8;;\x07", "a link"),
    ("\x1b]52;c;ZXZpbA==\x1b\\copied", "copied"),
    ("\x9b2Jgone\x1bc", "gone"),
    ("\x1b]0;a title that never ends\nnext line", "\nnext line"),
    ("back\x08space\x00nul\x7fdel", "backspacenuldel"),
    ("a\u202eb\u202cc\u2066d\u2069e\u200ff", "abcdef"),
    ("p\u200ba\u200cs\u200ds\u2060w\ufeffo\u00adrd", "password"),
    ("sum\u2061\u2062\u2063\u2064", "sum"),
    ("hi\U000e0049\U000e0067\U000e006e\U000e007f", "hi"),
    ("x\ufe00\ufe01\U000e0100\U000e01ef", "x"),
    ("\U0001f600\ufe0f\ufe0f\ufe0f", "\U0001f600\ufe0f"),
    ("\u3164\u115f\u2800", "\u2800"),
    ("\U000f0041\U00100041", ""),
    ("lone \ud800 half", "lone \ufffd half"),
]


@pytest.mark.parametrize(("text", "seen"), SEEN)
def test_a_text_is_left_with_what_a_reader_sees(text: str, seen: str | None) -> None:
    """T-32, T-55."""
    assert visible(text) == (text if seen is None else seen)


MARKS = [
    "<|im_start|>", "<|im_end|>", "<|eot_id|>", "<|start_header_id|>", "<|endoftext|>",
    "<\uff5ctool\u2581calls\u2581begin\uff5c>", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "</s>",
    "<s>", "<bos>", "<start_of_turn>", "<end_of_turn>", "<think>", "</think>", "<tool_call>",
    "</tool_result>", "<function_calls>", "</function_results>", "<system>", "<data 0badcafe>",
    "</data>", "[TOOL_CALLS]", "<tool_response>", "<TOOL_CALL >", '<data x="1">',
]  # fmt: skip


@pytest.mark.parametrize("mark", MARKS)
def test_the_marks_of_chat_templates_are_not_marks_any_more(mark: str) -> None:
    cleaned = clean(f"before {mark} after")
    assert mark not in cleaned
    assert not set("<>[]|\uff5c") & set(cleaned)
    assert len(cleaned) == len(f"before {mark} after")
    hidden = clean(f"before {mark[:2]}\u200b{mark[2:]} after")
    assert mark not in hidden


@pytest.mark.parametrize("text", ["a < b and c > d", "List[int]", "<p>text</p>", "x | y", "[1] b"])
def test_other_brackets_stay(text: str) -> None:
    assert clean(text) == text


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    once.encode("utf-8")  # what was half a character would break a request


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_a_line_is_one_line_and_no_longer_than_asked(text: str, most: int) -> None:
    assert len(line(text, most)) <= most
    assert "\n" not in line(text, most)


def test_what_is_too_long_is_dropped_and_that_is_said() -> None:
    cut = visible("x" * (MOST_CHARS + 5))
    assert cut.startswith("x" * MOST_CHARS)
    assert "5 more characters" in cut
