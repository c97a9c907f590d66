"""The rows of the ledger: calls, attempts, decisions and holds."""

import sqlite3
import zlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import orjson

from pointsman.money import Usage
from pointsman.records import Attempt, CallRecord, Decision, Emotion, Hold
from pointsman.types import Outcome
from storage.packing import pack, unpack

Value = str | int | float | None
MOST = 2**53  # tokens, or nano-dollars (9 million dollars) of one attempt
CALL = "INSERT OR IGNORE INTO calls VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
ATTEMPT = "INSERT OR IGNORE INTO attempts VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
NOT_KEPT = Emotion(label="unknown", intensity=0.0)
SWEPT = "the process ended before this attempt was settled; its worst cost is charged"


def milliseconds(at: float) -> int:
    """Wall-clock seconds as the ledger keeps them."""
    return round(at * 1000)


def write_hold(connection: sqlite3.Connection, hold: Hold) -> None:
    connection.execute(
        "INSERT OR IGNORE INTO holds VALUES (?,?,?,?,?,?)",
        _storable(
            hold.attempt_id,
            hold.call_id,
            hold.provider,
            hold.model,
            hold.worst_cost,
            milliseconds(hold.at),
        ),
    )


def release(connection: sqlite3.Connection, attempt_ids: Iterable[str]) -> None:
    """Forget holds; one that is not there is no matter."""
    connection.executemany(
        "DELETE FROM holds WHERE attempt_id = ?", [(attempt_id,) for attempt_id in attempt_ids]
    )


def write_call(connection: sqlite3.Connection, record: CallRecord) -> None:
    """Keep a call with its attempts and its decision; a second time changes nothing."""
    at_ms = milliseconds(record.at)
    connection.execute(
        CALL,
        _storable(
            record.id,
            at_ms,
            record.principal.id,
            record.principal.department,
            record.tool,
            record.user,
            record.session_id,
            record.decision_id,
            record.provider,
            record.model,
            record.category,
            record.cache.layer,
            record.error,
            record.latency_ms,
            record.saved_by_cache,
            record.saved_by_routing,
            record.cache.kind,
            record.cache.key,
            record.cache.similarity,
            record.cache.probability,
            int(record.cache.stale),
        ),
    )
    if record.attempts:
        rows = (_attempt_row(record.id, at_ms, attempt) for attempt in record.attempts)
        connection.executemany(ATTEMPT, [(*row, attempt_checksum(*row)) for row in rows])
        release(connection, [attempt.id for attempt in record.attempts])
    if record.decision is not None:
        write_decision(connection, record.decision)


def write_decision(connection: sqlite3.Connection, decision: Decision) -> None:
    """Keep a decision, but for the mood it saw: that is for routing only (X-16)."""
    decision = replace(decision, analysis=replace(decision.analysis, emotion=NOT_KEPT))
    body = orjson.dumps(decision, default=sorted)  # the only sets in it are of strings
    connection.execute(
        "INSERT OR IGNORE INTO decisions VALUES (?,?,?)",
        (decision.id, milliseconds(decision.at), pack(body, decision.id)),
    )


def sweep_decisions(connection: sqlite3.Connection, before_ms: int, most: int = 1_000) -> int:
    """Forget decisions made before then, `most` at once; how many there were."""
    old = "SELECT id FROM decisions WHERE at_ms < ? LIMIT ?"
    swept = connection.execute(f"DELETE FROM decisions WHERE id IN ({old})", (before_ms, most))  # noqa: S608
    return swept.rowcount


def read_decision(connection: sqlite3.Connection, decision_id: str) -> bytes | None:
    """The JSON of a decision, None if it is not there or damaged."""
    row = connection.execute("SELECT body FROM decisions WHERE id = ?", (decision_id,)).fetchone()
    return None if row is None else unpack(row[0], decision_id)


def read_attempts(connection: sqlite3.Connection, call_id: str) -> tuple[list[Attempt], int]:
    """The attempts of a call that are whole, in order, and how many are damaged."""
    rows = connection.execute(
        "SELECT * FROM attempts WHERE call_id = ? ORDER BY rowid", (call_id,)
    ).fetchall()
    whole = [_attempt(row[:-1]) for row in rows if attempt_checksum(*row[:-1]) == row[-1]]
    return whole, len(rows) - len(whole)


def sweep_holds(connection: sqlite3.Connection) -> int:
    """Charge every hold as a failed attempt at its worst cost; how many there were.

    Only for the start: each hold found then is one that a dead process left.
    """
    holds = connection.execute(
        "SELECT attempt_id, call_id, at_ms, provider, model, worst_nano FROM holds"
    ).fetchall()
    for attempt_id, call_id, at_ms, provider, model, worst in holds:
        tried = (attempt_id, call_id, at_ms, provider, model, Outcome.FAILURE.value)
        row = (*tried, None, None, 0, 0, 0, 0, 0, 1, worst, SWEPT, 1)
        connection.execute(ATTEMPT, (*row, attempt_checksum(*row)))
    connection.execute("DELETE FROM holds")
    return len(holds)


def attempt_checksum(*row: object) -> int:
    """A checksum over every column of an attempt before it."""
    return zlib.crc32(orjson.dumps(row))


def _attempt_row(call_id: str, at_ms: int, attempt: Attempt) -> tuple[Value, ...]:
    usage = attempt.usage
    return _storable(
        attempt.id,
        call_id,
        at_ms,
        attempt.provider,
        attempt.model,
        attempt.outcome.value,
        float(attempt.latency_ms),  # as SQLite gives it back, or the checksum would differ
        None if attempt.ttft_ms is None else float(attempt.ttft_ms),
        usage.input_tokens,
        usage.output_tokens,
        usage.cached_input_tokens,
        usage.cache_write_tokens,
        usage.reasoning_tokens,
        int(usage.estimated),
        attempt.cost,
        attempt.message,
        0,
    )


def _storable(*row: Value) -> tuple[Value, ...]:
    """`row` as SQLite takes it and can add it up, whatever a provider may have said.

    A call must not go unaccounted for half a surrogate pair in a message, nor the sums fail for
    a count of tokens that cannot be.
    """
    return tuple(map(_plain, row))


def _plain(value: Value) -> Value:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case int():
            return min(value, MOST)
        case _:
            return value


def _attempt(row: tuple[Any, ...]) -> Attempt:
    id_, _, _, provider, model, outcome, latency_ms, ttft_ms, *counts, cost, message, _ = row
    read, written, cached, cache_written, reasoning, estimated = counts
    return Attempt(
        id=id_,
        provider=provider,
        model=model,
        outcome=Outcome(outcome),
        latency_ms=latency_ms or 0.0,  # a swept one has none
        ttft_ms=ttft_ms,
        usage=Usage(
            input_tokens=read,
            output_tokens=written,
            cached_input_tokens=cached,
            cache_write_tokens=cache_written,
            reasoning_tokens=reasoning,
            estimated=bool(estimated),
        ),
        cost=cost,
        message=message,
    )
