"""Many tools: they are searched, and do not fill the context (AT: 200 tools)."""

from collections.abc import Mapping

import pytest

from agent.attach.search import best, size_tokens
from agent.attach.toolbox import SEARCH, AttachedToolbox
from agent.tool import AgentTool, ToolResult, Use
from pointsman.types import Json, ToolSpec
from tests.agent.attach.attaching import use


async def nothing(_arguments: Mapping[str, Json], _use: Use) -> ToolResult:
    return ToolResult(text="")


def tool(name: str, description: str = "", **parameters: Json) -> AgentTool:
    schema: dict[str, Json] = {"type": "object", "properties": parameters}
    return AgentTool(
        spec=ToolSpec(name=name, description=description, parameters=schema), run=nothing
    )


NOUNS = ("issue", "invoice", "ticket", "branch", "calendar")
MORE_NOUNS = ("contact", "photo", "recipe", "ship", "planet")
VERBS = ("get", "list", "create", "update", "delete", "archive", "merge", "export", "send", "close")
MANY = [
    tool(
        f"{noun}s__{verb}_{noun}",
        f"{verb.capitalize()} one {noun} of the workspace by its identifier. {'Detail. ' * 30}",
        identifier={"type": "string"},
    )
    for noun in (*NOUNS, *MORE_NOUNS)
    for verb in VERBS
] + [tool(f"filler__tool_{n}", "Filler. " * 40) for n in range(100)]
OWN = [tool("complete", "Ask a model. " * 20), tool("calculator", "Work out numbers. " * 20)]


async def test_a_few_tools_are_all_shown() -> None:
    box = AttachedToolbox(OWN)
    assert list(await box.tools(0)) == OWN
    assert (box.mode, box.note) == ("all", "all 2 tools are shown")
    assert box.find(SEARCH) is None
    assert box.find("calculator") is OWN[1]


async def test_two_hundred_tools_do_not_fill_the_context() -> None:
    box = AttachedToolbox([*OWN, *MANY], definitions_tokens=2_000, essential=["complete"])
    assert sum(size_tokens(one.spec) for one in (*OWN, *MANY)) > 15_000
    shown = await box.tools(0)
    assert [one.spec.name for one in shown] == ["complete", SEARCH]
    assert "2 of 202" in box.note
    search = box.find(SEARCH)
    assert search is not None
    result = await search.run({"query": "merging of branches", "count": 2}, use())
    assert isinstance(result.data, list)
    assert result.data[0] == "branchs__merge_branch"
    names = [one.spec.name for one in await box.tools(1)]
    assert names[:2] == ["complete", SEARCH]
    assert "branchs__merge_branch" in names
    assert len(names) == 4
    for word in ("invoice", "photo", "planet", "recipe", "ship", "ticket", "contact"):
        await search.run({"query": word, "count": 10}, use())
        shown = await box.tools(2)
        assert sum(size_tokens(one.spec) for one in shown) <= 2_000


async def test_a_tool_that_was_called_stays_shown() -> None:
    box = AttachedToolbox([*OWN, *MANY], definitions_tokens=2_000, essential=[])
    await box.tools(0)
    assert box.find("ships__export_ship") is not None
    assert box.find("no_such_tool") is None
    assert [one.spec.name for one in await box.tools(1)] == [SEARCH, "ships__export_ship"]


@pytest.mark.parametrize("arguments", [{}, {"query": 1}, {"query": "x", "count": "many"}])
async def test_a_search_that_makes_no_sense_is_an_error(arguments: dict[str, Json]) -> None:
    box = AttachedToolbox([*OWN, *MANY], definitions_tokens=500)
    await box.tools(0)
    search = box.find(SEARCH)
    assert search is not None
    assert (await search.run(arguments, use())).is_error


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("delete an invoice", "invoices__delete_invoice"),
        ("exporting photos", "photos__export_photo"),
        ("calculate numbers", "calculator"),
        ("ask models", "complete"),
        ("closed tickets", "tickets__close_ticket"),
    ],
)
def test_words_find_the_tool(query: str, first: str) -> None:
    specs = [one.spec for one in (*OWN, *MANY)]
    found = best(specs, query, 5)
    assert found[0].name == first
    assert best(specs[::-1], query, 5) == found


def test_words_that_no_tool_has_find_nothing() -> None:
    assert best([one.spec for one in OWN], "zebra", 5) == []
    assert best([], "zebra", 5) == []
