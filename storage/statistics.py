"""Sums over the ledger, in whole nano-dollars, made by the database."""

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from pointsman.money import Nano
from storage.ledger import attempt_checksum

Keys = tuple[str | None, ...]

GROUPS = {  # what a row can be grouped by: a column of a call or of an attempt
    "day": "strftime('%Y-%m-%d', {at} / 1000, 'unixepoch')",
    "hour": "strftime('%Y-%m-%dT%H:00:00Z', {at} / 1000, 'unixepoch')",
    "model": "{tried}.model",
    "provider": "{tried}.provider",
    "category": "calls.category",
    "tool": "calls.tool",
    "key": "calls.principal",
    "department": "calls.department",
    "user": "calls.user",
}
CALLS = """
WITH keyed AS (
    SELECT {keys}, latency_ms, layer, error, saved_by_cache_nano, saved_by_routing_nano
    FROM calls WHERE at_ms >= ? AND at_ms < ?
), placed AS (
    SELECT *, cume_dist() OVER (PARTITION BY {names} ORDER BY latency_ms) AS share FROM keyed
)
SELECT {names}, count(*), count(layer), count(error),
    sum(saved_by_cache_nano), sum(saved_by_routing_nano),
    min(CASE WHEN share >= 0.5 THEN latency_ms END),
    min(CASE WHEN share >= 0.95 THEN latency_ms END)
FROM placed GROUP BY {names}
"""
ATTEMPTS = """
SELECT {keys}, coalesce(sum(cost_nano), 0), sum(input_tokens), sum(output_tokens),
    count(*) - count(cost_nano), coalesce(sum(cost_nano * unreconciled), 0)
FROM attempts LEFT JOIN calls ON calls.id = attempts.call_id
WHERE attempts.at_ms >= ? AND attempts.at_ms < ? GROUP BY {names}
"""


@dataclass(slots=True, kw_only=True)
class Sums:
    """The sums of one group; latencies by nearest rank, None where there was no call."""

    requests: int = 0
    hits: int = 0
    errors: int = 0
    saved_by_cache: Nano = 0
    saved_by_routing: Nano = 0
    p50_ms: float | None = None
    p95_ms: float | None = None
    cost: Nano = 0
    input_tokens: int = 0
    output_tokens: int = 0
    unpriced: int = 0  # attempts of unknown cost
    unreconciled: Nano = 0  # charged at the worst, for want of knowing


def sums(
    connection: sqlite3.Connection, groups: Sequence[str], since_ms: int, until_ms: int
) -> dict[Keys, Sums]:
    """The sums of every group with a call or an attempt in it; no groups: one, under ()."""
    found: defaultdict[Keys, Sums] = defaultdict(Sums)
    width = len(groups) + 1
    for row in connection.execute(_query(CALLS, groups, "calls"), (since_ms, until_ms)):
        of = found[row[1:width]]
        of.requests, of.hits, of.errors, of.saved_by_cache, of.saved_by_routing = row[width:-2]
        of.p50_ms, of.p95_ms = row[-2:]
    # A call that went from one model to another cost something at both: money is summed where
    # it was spent, and a call is counted where it was answered.
    for row in connection.execute(_query(ATTEMPTS, groups, "attempts"), (since_ms, until_ms)):
        of = found[row[1:width]]
        of.cost, of.input_tokens, of.output_tokens, of.unpriced, of.unreconciled = row[width:]
    return dict(found)


def damaged_attempts(connection: sqlite3.Connection, since_ms: int, until_ms: int) -> int:
    """How many attempts are not what was written."""
    rows = connection.execute(
        "SELECT * FROM attempts WHERE at_ms >= ? AND at_ms < ?", (since_ms, until_ms)
    )
    return sum(attempt_checksum(*row[:-1]) != row[-1] for row in rows)


def _query(template: str, groups: Sequence[str], table: str) -> str:
    """`template` grouped by `groups`, which are names in `GROUPS`."""
    columns = ["''", *(GROUPS[name].format(at=f"{table}.at_ms", tried=table) for name in groups)]
    names = [f"key_{number}" for number in range(len(columns))]
    keys = [f"{column} AS {name}" for column, name in zip(columns, names, strict=True)]
    return template.format(keys=", ".join(keys), names=", ".join(names))
