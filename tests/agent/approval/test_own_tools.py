"""What our own tools are taken for: what does something is never taken for a reader."""

from typing import Any, cast

import pytest

from agent.own import own_tool
from tools.cache_purge import cache_gc_tool, cache_purge_tool
from tools.complete import complete_tool
from tools.feedback import feedback_tool
from tools.provider_health import provider_health_tool
from tools.tool import Caller, Tool

NOTHING = cast(Any, None)  # they are described here, not called


@pytest.mark.parametrize(
    "tool",
    [
        complete_tool(NOTHING),
        cache_purge_tool(NOTHING, NOTHING, NOTHING),
        cache_gc_tool(NOTHING, NOTHING),
        feedback_tool(NOTHING),
    ],
    ids=lambda tool: tool.name,
)
def test_a_tool_that_changes_or_reaches_something_is_no_reader(tool: Tool) -> None:
    """T-39: excessive agency."""
    assert own_tool(tool, Caller()).risk != "read"


def test_what_models_answer_is_text_of_others() -> None:
    assert own_tool(complete_tool(NOTHING), Caller()).untrusted


def test_a_tool_that_only_looks_is_a_reader() -> None:
    assert own_tool(provider_health_tool(NOTHING), Caller()).risk == "read"
