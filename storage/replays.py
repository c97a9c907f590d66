"""Decisions with what came of them, read from the ledger for deciding them again."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from pointsman.errors import ConfigError
from pointsman.records import Attempt
from storage.files import fact_of
from storage.ledger import read_attempts
from storage.packing import unpack
from storage.schema import version_of

CALLS = """
SELECT calls.id, calls.decision_id, calls.latency_ms, calls.provider, calls.model, decisions.body
FROM calls JOIN decisions ON decisions.id = calls.decision_id
WHERE calls.at_ms >= ? AND calls.layer IS NULL AND calls.provider IS NOT NULL
ORDER BY calls.at_ms DESC LIMIT ?
"""
RATINGS = "SELECT decision_id, avg(rating) FROM feedback GROUP BY decision_id"
RATINGS_SINCE = 2  # the version of the tables that has them


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A call that a backend answered, and how it had been decided."""

    decision_id: str
    decision: bytes  # JSON
    answered_by: str  # `provider/id`
    latency_ms: float
    attempts: tuple[Attempt, ...]
    rating: float | None  # -1..1


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What the ledger has of a time."""

    recorded: tuple[Recorded, ...]  # the latest first
    calls: int  # all of them
    hits: int  # answered from the cache: nothing was decided
    failed: int
    damaged: int  # decisions that are not what was written


def read_past(path: Path, since_ms: int, most: int) -> Past:
    """What `ledger.db` has since then, at most `most` decisions. It blocks, and writes nothing.

    Another process may be writing to it meanwhile.

    Raises:
        ConfigError: there is none, or it cannot be read.
    """
    if not path.is_file():
        raise ConfigError(f"There is no ledger at {path}.", hint="It is made by the first call.")
    try:
        with closing(_reader(path)) as connection:
            return _read(connection, since_ms, most, version_of(connection, "ledger", path))
    except sqlite3.Error as error:
        raise ConfigError(f"{path} cannot be read: {fact_of(error)}.") from error


def _reader(path: Path) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    for pragma in ("busy_timeout = 5000", "trusted_schema = OFF", "query_only = ON"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection


def _read(connection: sqlite3.Connection, since_ms: int, most: int, version: int) -> Past:
    connection.execute("BEGIN")  # one moment for all that is read
    query = "SELECT count(*), count(layer), count(error) FROM calls WHERE at_ms >= ?"
    calls, hits, failed = connection.execute(query, (since_ms,)).fetchone()
    ratings = dict(connection.execute(RATINGS)) if version >= RATINGS_SINCE else {}
    rows = connection.execute(CALLS, (since_ms, most)).fetchall()
    recorded = tuple(_recorded(connection, rows, ratings))
    return Past(
        recorded=recorded,
        calls=calls,
        hits=hits,
        failed=failed,
        damaged=len(rows) - len(recorded),
    )


def _recorded(
    connection: sqlite3.Connection, rows: list[tuple[str, ...]], ratings: dict[str, float]
) -> Iterator[Recorded]:
    for call_id, decision_id, latency_ms, provider, model, body in rows:
        decision = unpack(body, decision_id)  # type: ignore[arg-type]
        if decision is not None:
            yield Recorded(
                decision_id=decision_id,
                decision=decision,
                answered_by=f"{provider}/{model}",
                latency_ms=float(latency_ms),
                attempts=tuple(read_attempts(connection, call_id)[0]),
                rating=ratings.get(decision_id),
            )
