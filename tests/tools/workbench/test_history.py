"""The `query_history` tool: what it is told, asks for and shows."""

import re
from dataclasses import dataclass

from pointsman.records import Principal
from storage.history import VIEWS
from tools.describe import arguments_from
from tools.tool import Caller
from tools.workbench.history import Value, query_history_tool


@dataclass(frozen=True)
class Rows:
    columns: tuple[str, ...] = ("model", "cost_usd")
    rows: tuple[tuple[Value, ...], ...] = (("a/m", 0.1 + 0.2), (None, 3), ("x\ny" * 200, ""))
    truncated: bool = True


async def test_a_query_is_asked_for_its_caller_and_shown_as_a_table() -> None:
    asked: list[tuple[str, str]] = []

    async def query(sql: str, principal: str) -> Rows:
        asked.append((sql, principal))
        return Rows()

    tool = query_history_tool(query)
    given = arguments_from("query_history", tool.arguments, {"sql": "SELECT 1"})
    result = await tool.run(given, Caller(Principal(id="ann")))
    assert asked == [("SELECT 1", "ann")]
    assert result.model_dump()["rows"][:2] == [["a/m", 0.1 + 0.2], [None, 3]]
    lines = tool.read(result).splitlines()
    assert lines[:3] == ["model | cost_usd", "a/m | 0.3", " | 3"]
    assert len(lines[3]) < 250
    assert lines[-1] == "(only the first 3 rows)"
    assert (tool.risk, tool.read_only, tool.untrusted) == ("read", True, True)


def test_the_description_names_the_views_and_their_columns() -> None:
    async def query(sql: str, principal: str) -> Rows:
        return Rows()

    told = query_history_tool(query).description
    named = {
        view: [column.strip() for column in columns.split(",")]
        for view, columns in re.findall(r"^(\w+)\(([^)]*)\)$", told, re.MULTILINE)
    }
    assert named == {view: [*columns] for view, columns in VIEWS.items()}
