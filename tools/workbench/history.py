"""The `query_history` tool: SQL over the caller's own calls, and nobody else's."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from pydantic import Field

from tools.tool import Arguments, Caller, Result, Tool

Value = str | int | float | None
CELL = 200  # characters of a value that a model is shown

DESCRIPTION = """\
Answer questions about past calls, costs and models with one read-only SQLite SELECT. Tables:
calls(id, at, tool, provider, model, category, error, latency_ms, cost_usd, cost_nano, \
saved_by_cache_usd, saved_by_routing_usd, cache_layer, cache_kind, session_id, decision_id, user)
attempts(id, call_id, at, provider, model, outcome, latency_ms, ttft_ms, input_tokens, \
output_tokens, cached_input_tokens, reasoning_tokens, cost_usd, cost_nano, message)
feedback(decision_id, at, kind, model, category, rating, comment)
at is UTC text, '2026-01-31 12:00:00'. Example: \
SELECT model, sum(cost_usd) FROM calls WHERE at > date('now', '-7 days') GROUP BY model"""


class Table(Protocol):
    """Rows of plain values; there were more if it says so."""

    @property
    def columns(self) -> Sequence[str]: ...
    @property
    def rows(self) -> Sequence[Sequence[Value]]: ...
    @property
    def truncated(self) -> bool: ...


Query = Callable[[str, str], Awaitable[Table]]  # of SQL, and of the principal whose rows they are


class QueryHistoryArguments(Arguments):
    sql: str = Field(max_length=4000)


class QueryHistoryResult(Result):
    columns: list[str]
    rows: list[list[Value]]
    truncated: bool = Field(description="there were more rows")


def query_history_tool(query: Query) -> Tool:
    async def run(given: QueryHistoryArguments, caller: Caller) -> QueryHistoryResult:
        table = await query(given.sql, caller.principal.id)
        return QueryHistoryResult(
            columns=list(table.columns),
            rows=[list(row) for row in table.rows],
            truncated=table.truncated,
        )

    return Tool(
        name="query_history",
        title="Query your history",
        description=DESCRIPTION,
        arguments=QueryHistoryArguments,
        result=QueryHistoryResult,
        run=run,
        read=_read,
        read_only=True,
        open_world=False,
        idempotent=True,
        untrusted=True,  # messages of providers and comments are text of others
        toolset="workbench",
    )


def _read(result: QueryHistoryResult) -> str:
    rows = [result.columns, *([_cell(value) for value in row] for row in result.rows)]
    lines = [" | ".join(row) for row in rows]
    if not result.rows:
        lines.append("(no rows)")
    if result.truncated:
        lines.append(f"(only the first {len(result.rows)} rows)")
    return "\n".join(lines)


def _cell(value: Value) -> str:
    if isinstance(value, float):
        return f"{value:.10g}"
    text = "" if value is None else " ".join(str(value).split())
    return text if len(text) <= CELL else text[: CELL - 1] + "…"
