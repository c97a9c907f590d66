"""Results as text."""

from typing import Any

import pytest
from mcp.types import CallToolResult, TextContent

from agent.attach.content import LIMIT, read_result
from agent.attach.traces import Tail


def texts(*words: str) -> list[Any]:
    return [TextContent(type="text", text=one) for one in words]


@pytest.mark.parametrize(
    ("content", "structured", "text"),
    [
        (texts("a", "b"), None, "a\nb"),
        (texts("a"), {"n": 1}, "a"),
        ([], {"n": 1}, '{"n": 1}'),
        (texts("  "), [1, 2], "[1, 2]"),
        ([], None, "(it gave back nothing)"),
        ([], 0, "0"),
    ],
)
def test_text_comes_first_and_the_structured_result_where_there_is_none(
    content: list[Any], structured: Any, text: str
) -> None:
    result = read_result(CallToolResult(content=content, structured_content=structured))
    assert (result.text, result.data, result.is_error) == (text, structured, False)


def test_an_error_stays_one() -> None:
    assert read_result(CallToolResult(content=texts("no"), is_error=True)).is_error


def test_all_parts_together_are_bounded() -> None:
    result = read_result(CallToolResult(content=texts(*["x" * (LIMIT // 2)] * 10)))
    assert len(result.text) < LIMIT + 200
    assert result.text.endswith("[more parts were left out]")
    huge = read_result(CallToolResult(content=[], structured_content=["x" * LIMIT]))
    assert huge.data is None
    assert "left out" in huge.text


def test_of_what_a_program_writes_the_last_is_kept() -> None:
    tail = Tail(limit=10)
    for number in range(100):
        tail.add(f"{number:03}\n".encode())
    assert tail.text() == "7\n098\n099\n"
    tail.add(b"x" * 1_000)
    assert tail.text() == "x" * 10
