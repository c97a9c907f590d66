"""Names that the model calls attached tools by."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.attach.names import name_tools

WORDS = st.text(min_size=1, max_size=80)


@pytest.mark.parametrize(
    ("server", "tool", "expected"),
    [
        ("git", "log", "git__log"),
        ("git", "getUser", "git__getUser"),
        ("a-b", "c_d-e", "a-b__c_d-e"),
    ],
)
def test_a_plain_name_stays(server: str, tool: str, expected: str) -> None:
    assert name_tools(server, [tool]) == {tool: expected}


@settings(deadline=None)
@given(WORDS, st.lists(WORDS, max_size=6, unique=True))
def test_a_name_is_fit_for_any_host_whatever_the_order(server: str, tools: list[str]) -> None:
    names = name_tools(server, tools)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,60}", name) for name in names.values())
    assert len({name.casefold() for name in names.values()}) == len(tools)
    assert name_tools(server, tools[::-1]) == names


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a__b", "c"), ("a", "b__c")),
        (("a_", "b"), ("a", "_b")),
        (("a", "b c"), ("a", "b_c")),
        (("a", "b.c"), ("a", "b/c")),
        (("a", "\uff42"), ("a", "b")),
        (("a", "x" * 70), ("a", "x" * 71)),
    ],
)
def test_two_tools_that_could_be_mixed_up_have_two_names(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    first = name_tools(one[0], [one[1]])[one[1]]
    second = name_tools(other[0], [other[1]])[other[1]]
    assert first.casefold() != second.casefold()


def test_tools_that_differ_in_capitals_only_are_told_apart() -> None:
    names = name_tools("s", ["getUser", "getuser", "GETUSER", "other"])
    assert (names["getuser"], names["other"]) == ("s__getuser", "s__other")
    assert len({name.casefold() for name in names.values()}) == 4


def test_our_own_names_are_ours() -> None:
    names = name_tools("s", ["tool"], taken=["S__TOOL"])
    assert re.fullmatch(r"s__tool_[0-9a-f]{6}", names["tool"])
