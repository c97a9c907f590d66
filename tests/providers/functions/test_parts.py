"""What of a request is to be done at once, and what after what."""

import pytest

from providers.functions.parts import groups


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Read a.txt", [["Read a.txt"]]),
        ("Read a.txt and show b.txt", [["Read a.txt", "show b.txt"]]),
        ("Read a.txt, then add 3 to it", [["Read a.txt"], ["add 3 to it"]]),
        ("Read a.txt and write it to b.txt", [["Read a.txt"], ["write it to b.txt"]]),
        ("Run this: x = 1; print(x) and stop", [["Run this: x = 1; print(x) and stop"]]),
        ("Ask 'list it and show it'", [["Ask 'list it and show it'"]]),
        ("select a from b and show c", [["select a from b and show c"]]),
        ("Sales for the next 5 years", [["Sales for the next 5 years"]]),
        ("Read a.txt. What is 2 + 2?", [["Read a.txt.", "What is 2 + 2?"]]),
    ],
)
def test_a_request_is_cut_where_a_new_order_begins(text: str, found: list[list[str]]) -> None:
    assert groups(text, lambda _: True) == found


def test_what_is_no_work_for_a_tool_stays_with_what_is() -> None:
    text = "Say hello, then read a.txt. Find it nice."
    assert groups(text, lambda part: "a.txt" in part) == [["Say hello read a.txt. Find it nice."]]


def test_a_request_without_work_is_one() -> None:
    assert groups("Hello and show me love", lambda _: False) == [["Hello and show me love"]]
