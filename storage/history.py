"""What a principal may ask of their own history: one SELECT over views of their own rows.

The ledger is attached under a name drawn for each query, and only TEMP views that carry the name of
a table can be named without it: a query reaches a table through a view of its caller's rows, or
not at all. The authorizer allows those tables' columns and a short list of functions, whose cost
is bounded by the lengths that are allowed.
"""

import math
import re
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import anyio.from_thread
import anyio.to_thread

from pointsman.errors import DeadlineExceeded, InvalidInput, StorageFailed

Value = str | int | float | None

MOST_ROWS = 200
MOST_BYTES = 64_000  # of all values as text
MOST_SECONDS = 1.5
MOST_TEXT = 16_000  # bytes of one value: no function works on more, and some cannot be stopped
OPERATIONS_PER_LOOK = 200  # one may be a function that takes milliseconds
BUSY_MS = 1_000

VIEWS: Mapping[str, Mapping[str, str]] = {
    "calls": {
        "id": "id",
        "at": "datetime(at_ms / 1000, 'unixepoch')",
        "tool": "tool",
        "provider": "provider",
        "model": "model",
        "category": "category",
        "error": "error",
        "latency_ms": "latency_ms",
        "cost_usd": "(SELECT sum(cost_nano) FROM {ledger}.attempts WHERE call_id = calls.id) / 1e9",
        "cost_nano": "(SELECT sum(cost_nano) FROM {ledger}.attempts WHERE call_id = calls.id)",
        "saved_by_cache_usd": "saved_by_cache_nano / 1e9",
        "saved_by_routing_usd": "saved_by_routing_nano / 1e9",
        "cache_layer": "layer",
        "cache_kind": "cache_kind",
        "session_id": "session_id",
        "decision_id": "decision_id",
        "user": "user",
    },
    "attempts": {
        "id": "id",
        "call_id": "call_id",
        "at": "datetime(at_ms / 1000, 'unixepoch')",
        "provider": "provider",
        "model": "model",
        "outcome": "outcome",
        "latency_ms": "latency_ms",
        "ttft_ms": "ttft_ms",
        "input_tokens": "input_tokens",
        "output_tokens": "output_tokens",
        "cached_input_tokens": "cached_input_tokens",
        "reasoning_tokens": "reasoning_tokens",
        "cost_usd": "cost_nano / 1e9",
        "cost_nano": "cost_nano",
        "message": "message",
    },
    "feedback": {
        "decision_id": "decision_id",
        "at": "datetime(at_ms / 1000, 'unixepoch')",
        "kind": "kind",
        "model": "model",
        "category": "category",
        "rating": "rating",
        "comment": "comment",
    },
}
WHERE = {
    "calls": "principal = {me}",
    "attempts": "call_id IN (SELECT id FROM {ledger}.calls WHERE principal = {me})",
    "feedback": "principal = {me}",
}
# EXPLAIN would show what the views are made of, and no authorizer hears of it.
SELECTS = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*+(?:SELECT|WITH|VALUES)\b", re.I | re.S)
NAMES = """
abs avg coalesce count cume_dist current_date current_time current_timestamp date datetime
dense_rank first_value glob group_concat iif ifnull instr julianday lag last_value lead length like
lower max min nth_value ntile nullif percent_rank rank round row_number sign strftime
substr substring sum time total typeof unixepoch upper
"""
FUNCTIONS = frozenset(NAMES.split())
LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: MOST_TEXT,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 4_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 64,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 64,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 8,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 20_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 16,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 100,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 0,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of plain values; there were more if it says so."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    truncated: bool


class History:
    """Answers queries from a ledger file; each has a connection of its own."""

    def __init__(
        self,
        path: Path,
        *,
        most_s: float = MOST_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._most_s = most_s
        self._monotonic = monotonic

    async def query(self, sql: str, principal: str) -> Table:
        """What one SELECT says of the rows of `principal`.

        Raises:
            InvalidInput: it is none, or asks for what nobody may have.
            DeadlineExceeded: it took too long.
            StorageFailed: the file could not be read.
        """
        return await anyio.to_thread.run_sync(self._query, sql, principal)

    def _query(self, sql: str, principal: str) -> Table:
        if not SELECTS.match(sql):
            raise InvalidInput("Write exactly one SELECT statement.")
        try:
            connection, ledger = self._connect(principal)
        except sqlite3.Error as error:
            raise StorageFailed("The history could not be opened.") from error
        try:
            connection.set_authorizer(_authorizer(ledger))
            connection.set_progress_handler(self._watch(), OPERATIONS_PER_LOOK)
            with _told(ledger, self._most_s):
                return _table(connection.execute(sql))
        finally:
            connection.close()

    def _connect(self, principal: str) -> tuple[sqlite3.Connection, str]:
        """A connection with the views, and the name of the ledger in it."""
        ledger = f"ledger_{secrets.token_hex(16)}"
        connection = sqlite3.connect(":memory:", uri=True, isolation_level=None)
        try:
            for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0"):
                connection.execute(f"PRAGMA {pragma}").fetchall()
            connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}").fetchall()
            location = f"file:{quote(str(self._path.absolute()))}?mode=ro"
            connection.execute(f"ATTACH ? AS {ledger}", (location,))
            me = f"CAST(x'{principal.encode('utf-8', 'replace').hex()}' AS TEXT)"
            for view in VIEWS:
                connection.execute(_definition(view, ledger, me))
            connection.execute("PRAGMA query_only = ON").fetchall()
            for limit, most in LIMITS.items():
                connection.setlimit(limit, most)
        except BaseException:
            connection.close()
            raise
        return connection, ledger

    def _watch(self) -> Callable[[], int]:
        """Says 1 when it is time to stop, or when nobody waits any more."""
        until = self._monotonic() + self._most_s

        def look() -> int:
            anyio.from_thread.check_cancelled()
            return int(self._monotonic() > until)

        return look


def _definition(view: str, ledger: str, me: str) -> str:
    columns = ", ".join(f"{what} AS {name}" for name, what in VIEWS[view].items())
    text = f"CREATE TEMP VIEW {view} AS SELECT {columns} FROM {{ledger}}.{view} WHERE {WHERE[view]}"  # noqa: S608
    return text.format(ledger=ledger, me=me)


def _authorizer(
    ledger: str,
) -> Callable[[int, str | None, str | None, str | None, str | None], int]:
    def allow(
        action: int, first: str | None, second: str | None, database: str | None, _: str | None
    ) -> int:
        if action == sqlite3.SQLITE_SELECT:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ and first in VIEWS and database in ("temp", ledger):
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in FUNCTIONS:
            return sqlite3.SQLITE_OK
        return sqlite3.SQLITE_DENY

    return allow


@contextmanager
def _told(ledger: str, most_s: float) -> Iterator[None]:
    """What SQLite says, in an error of ours; the ledger's name of this query is not in it."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
        if code == sqlite3.SQLITE_INTERRUPT:
            anyio.from_thread.check_cancelled()
            raise DeadlineExceeded(
                f"The query took longer than {most_s:g} s.", hint="Ask for less at once."
            ) from error
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT):
            raise StorageFailed("The history could not be read.") from error
        said = "that is not allowed" if code == sqlite3.SQLITE_AUTH else str(error)
        raise InvalidInput(
            f"The query cannot be answered: {said.replace(ledger, 'history').rstrip('.')}.",
            hint=f"Write one SELECT over {', '.join(VIEWS)}.",
        ) from error
    except (sqlite3.Warning, sqlite3.Error, ValueError) as error:  # several statements, a NUL
        raise InvalidInput("Write exactly one SELECT statement.") from error


def _table(cursor: sqlite3.Cursor) -> Table:
    columns = tuple(str(column[0])[:100] for column in cursor.description)
    rows: list[tuple[Value, ...]] = []
    left = MOST_BYTES
    for row in cursor:
        values = tuple(_value(value) for value in row)
        left -= sum(len(str(value)) for value in values)
        if len(rows) == MOST_ROWS or left < 0:
            return Table(columns=columns, rows=tuple(rows), truncated=True)
        rows.append(values)
    return Table(columns=columns, rows=tuple(rows), truncated=False)


def _value(value: object) -> Value:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, str | int | float):
        return value
    return f"{len(value)} bytes" if isinstance(value, bytes) else str(value)
