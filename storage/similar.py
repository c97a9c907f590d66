"""What prompts the cached answers were given to, as far as others may mean the same."""

import sqlite3
from typing import NamedTuple

# `context` is all that must be equal beside the prompt; an answer has one row, and within a
# context so have all prompts of the same words.
TABLES = """
CREATE TABLE similar (
    key TEXT PRIMARY KEY REFERENCES cached (key) ON DELETE CASCADE,
    context TEXT NOT NULL,
    words BLOB NOT NULL,
    text BLOB NOT NULL,
    model TEXT,
    vector BLOB,
    UNIQUE (context, words)
) STRICT;
CREATE INDEX similar_context ON similar (context);
CREATE TABLE reports (
    context TEXT NOT NULL,
    words BLOB NOT NULL,
    principal TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    model TEXT,
    vector BLOB
) STRICT;
CREATE INDEX reports_context ON reports (context);
"""
# An answer that was not kept after all has no row to belong to.
WRITE = """
INSERT OR REPLACE INTO similar (key, context, words, text, model, vector)
SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM cached WHERE key = ?1)
"""
COLUMNS = "key, context, words, text, model, vector"
MOST_REPORTS = 10_000
NEWEST = 2**63 - 1


class Row(NamedTuple):
    """The prompt that one answer was given to; `text` and `vector` are sealed."""

    key: str
    context: str
    words: bytes  # names the words of the prompt, and does not tell them
    text: bytes
    model: str | None  # that made the vector
    vector: bytes | None


class Report(NamedTuple):
    """Someone's word that the answer to a prompt was wrong; `vector` is sealed."""

    context: str
    words: bytes
    principal: str
    at_ms: int
    model: str | None
    vector: bytes | None


def write_row(connection: sqlite3.Connection, row: Row) -> None:
    """Keep it if its answer is kept; what had the same words before is replaced."""
    connection.execute(WRITE, row)


def write_vector(connection: sqlite3.Connection, key: str, model: str, vector: bytes) -> None:
    connection.execute(
        "UPDATE similar SET model = ?, vector = ? WHERE key = ?", (model, vector, key)
    )


def delete_row(connection: sqlite3.Connection, key: str) -> None:
    connection.execute("DELETE FROM similar WHERE key = ?", (key,))


def read_row(connection: sqlite3.Connection, key: str) -> Row | None:
    row = connection.execute(f"SELECT {COLUMNS} FROM similar WHERE key = ?", (key,)).fetchone()  # noqa: S608 - our own words
    return None if row is None else Row(*row)


def read_rows(
    connection: sqlite3.Connection, context: str, before: int, most: int
) -> tuple[list[Row], int]:
    """The latest `most` rows of `context`, latest first, and where to go on from; 0: at the end.

    `before` is where the page before this one ended; the first begins at `NEWEST`.
    """
    rows = connection.execute(
        f"SELECT rowid, {COLUMNS} FROM similar INDEXED BY similar_context "  # noqa: S608
        "WHERE context = ? AND rowid < ? ORDER BY rowid DESC LIMIT ?",
        (context, before, most),
    ).fetchall()
    return [Row(*row[1:]) for row in rows], rows[-1][0] if len(rows) == most else 0


def write_report(connection: sqlite3.Connection, report: Report) -> None:
    """Keep it; of more than `MOST_REPORTS` the oldest go."""
    connection.execute("INSERT INTO reports VALUES (?,?,?,?,?,?)", report)
    connection.execute(
        "DELETE FROM reports WHERE rowid <= "
        "(SELECT rowid FROM reports ORDER BY rowid DESC LIMIT 1 OFFSET ?)",
        (MOST_REPORTS,),
    )


def read_reports(connection: sqlite3.Connection, context: str, most: int) -> list[Report]:
    """The latest `most` of `context`, latest first."""
    cursor = connection.execute(
        "SELECT context, words, principal, at_ms, model, vector FROM reports "
        "WHERE context = ? ORDER BY rowid DESC LIMIT ?",
        (context, most),
    )
    return [Report(*row) for row in cursor]
