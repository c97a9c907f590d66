"""Sums over what the ledger knows of the cache, made by the database."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from pointsman.money import Nano

Keys = tuple[str | None, ...]

HEX = "'0123456789abcdef'"
GROUPS = {  # what a row can be grouped by: a column of a call
    "layer": "layer",
    "kind": "cache_kind",
    "category": "category",
    "scope": f"rtrim(substr(rtrim(cache_key, {HEX}), 7), ':')",  # of `cc:v1:<scope>:<hex>`
    "model": "provider || '/' || model",
}
OF_HITS = ("layer", "kind", "scope")  # what only a hit has
# These asked for no remembered answer, or only to have it renewed.
ASKED = "at_ms >= ? AND tool NOT IN ('benchmark', 'embedding', 'cache_warm')"
SUMS = f"""
SELECT {{columns}}, count(*), count(layer),
    count(*) FILTER (WHERE cache_kind = 'exact'),
    count(*) FILTER (WHERE cache_kind = 'semantic'),
    count(*) FILTER (WHERE cache_kind = 'adapted'),
    coalesce(sum(stale), 0), coalesce(sum(saved_by_cache_nano), 0)
FROM calls WHERE {ASKED} GROUP BY {{numbers}}
"""  # noqa: S608 - our own words
TOP = f"""
SELECT cache_key, count(*), sum(saved_by_cache_nano), max(at_ms), max(category)
FROM calls WHERE {ASKED} AND cache_key IS NOT NULL
GROUP BY cache_key ORDER BY 2 DESC, 3 DESC, 4 DESC LIMIT ?
"""  # noqa: S608
# From one call to the next that was served the same answer; the first of them had it made.
REASKED = f"""
WITH asked AS (
    SELECT category, layer,
        at_ms - lag(at_ms) OVER (PARTITION BY decision_id ORDER BY at_ms) AS gap_ms
    FROM calls WHERE {ASKED} AND decision_id <> ''
), placed AS (
    SELECT category, gap_ms, cume_dist() OVER (PARTITION BY category ORDER BY gap_ms) AS share
    FROM asked WHERE layer IS NOT NULL AND gap_ms IS NOT NULL
)
SELECT category, count(*), min(CASE WHEN share >= 0.5 THEN gap_ms END)
FROM placed GROUP BY category ORDER BY category
"""  # noqa: S608
REPORTS = """
SELECT count(*) FILTER (WHERE reason = 'wrong' AND kind IN ('semantic', 'adapted')),
    count(*) FILTER (WHERE reason = 'outdated'), count(*)
FROM cache_reports WHERE at_ms >= ?
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheSums:
    """The sums of one group of calls."""

    requests: int = 0
    hits: int = 0
    exact: int = 0
    semantic: int = 0
    adapted: int = 0
    stale: int = 0
    saved: Nano = 0  # the prices of the answers that were not paid for again


@dataclass(frozen=True, slots=True, kw_only=True)
class Top:
    """An answer that was served often."""

    key: str
    hits: int
    saved: Nano
    last_ms: int
    category: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasked:
    """How soon answers of one category were asked for again."""

    category: str | None
    n: int
    median_ms: int  # by nearest rank


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """What was said of hits."""

    false_hits: int  # similar prompts that were not the same
    outdated: int
    all: int


def cache_sums(
    connection: sqlite3.Connection, groups: Sequence[str], since_ms: int
) -> dict[Keys, CacheSums]:
    """The sums of every group with a call in it; no groups: one, under ()."""
    columns = ["''", *(GROUPS[name] for name in groups)]
    numbers = ", ".join(str(number) for number in range(1, len(columns) + 1))
    width = len(columns)
    found: dict[Keys, CacheSums] = {}
    query = SUMS.format(columns=", ".join(columns), numbers=numbers)
    for row in connection.execute(query, (since_ms,)):
        requests, hits, exact, semantic, adapted, stale, saved = row[width:]
        found[row[1:width]] = CacheSums(
            requests=requests,
            hits=hits,
            exact=exact,
            semantic=semantic,
            adapted=adapted,
            stale=stale,
            saved=saved,
        )
    return found


def top_entries(connection: sqlite3.Connection, since_ms: int, most: int) -> list[Top]:
    """The answers served most often since then."""
    return [
        Top(key=key, hits=hits, saved=saved, last_ms=last_ms, category=category)
        for key, hits, saved, last_ms, category in connection.execute(TOP, (since_ms, most))
    ]


def reasked(connection: sqlite3.Connection, since_ms: int) -> list[Reasked]:
    rows = connection.execute(REASKED, (since_ms,))
    return [Reasked(category=category, n=n, median_ms=ms) for category, n, ms in rows]


def reports(connection: sqlite3.Connection, since_ms: int) -> Reports:
    false_hits, outdated, every = connection.execute(REPORTS, (since_ms,)).fetchone()
    return Reports(false_hits=false_hits, outdated=outdated, all=every)
