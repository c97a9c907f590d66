"""What was learned of each model: ratings and signals as they came, and how answers ended."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

TABLES = """
CREATE TABLE feedback (
    decision_id TEXT NOT NULL,
    principal TEXT NOT NULL,
    kind TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    model TEXT NOT NULL,
    category TEXT NOT NULL,
    band TEXT NOT NULL,
    rating REAL,
    expected REAL,
    comment TEXT,
    counts INTEGER NOT NULL,
    PRIMARY KEY (decision_id, principal, kind)
) STRICT;
CREATE INDEX feedback_at ON feedback (at_ms);
CREATE TABLE outcomes (
    principal TEXT NOT NULL,
    model TEXT NOT NULL,
    category TEXT NOT NULL,
    band TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    clean REAL NOT NULL,
    trouble REAL NOT NULL,
    PRIMARY KEY (principal, model, category, band)
) STRICT;
CREATE INDEX calls_decision ON calls (decision_id);
"""
# One row an answer: nobody weighs more by saying it again.
WRITE = """
INSERT INTO feedback VALUES (?,?,?,?,?,?,?,?,?,?,1)
ON CONFLICT (decision_id, principal, kind) DO UPDATE
SET at_ms = excluded.at_ms, rating = excluded.rating, comment = excluded.comment, counts = 1
"""
# So many for each: one principal's flood must not push another's ratings out.
RATINGS = """
SELECT decision_id, principal, kind, at_ms, model, category, band, rating, expected, comment
FROM (
    SELECT *, row_number() OVER (PARTITION BY principal, model, category ORDER BY at_ms DESC) AS n
    FROM feedback WHERE kind = 'rating' AND counts = 1 AND at_ms >= ?
) WHERE n <= ? ORDER BY at_ms
"""
SATISFACTION = """
WITH answered AS (
    SELECT DISTINCT decision_id, principal FROM calls
    WHERE at_ms >= ?1 AND model IS NOT NULL AND error IS NULL AND tool <> 'benchmark'
        AND (?2 IS NULL OR principal = ?2)
), told AS (
    SELECT decision_id, principal, max(rating) AS rating, sum(kind <> 'rating') AS signals
    FROM feedback GROUP BY decision_id, principal
)
SELECT count(rating), coalesce(sum(rating > 0), 0), count(*) - count(rating),
    coalesce(sum(rating IS NULL AND coalesce(signals, 0) = 0), 0)
FROM answered LEFT JOIN told USING (decision_id, principal)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """A rating, or a signal that nobody gave on purpose, on one answer; a row of its table."""

    decision_id: str
    principal: str
    kind: str  # "rating", or a signal's name
    at_ms: int
    model: str  # `provider/id`
    category: str
    band: str
    rating: float | None = None
    expected: float | None = None  # 0..1: the quality that the decision hoped for
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How the answers of a model to one kind of prompt ended, decayed; a row of its table."""

    principal: str
    model: str
    category: str
    band: str
    at_ms: int
    clean: float
    trouble: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Satisfaction:
    """Answers that were rated, and those that were not, by whether they pleased.

    A rated answer pleased if its rating is above 0; another, if it was of use and its prompt was
    not asked again. An answer served several times to the same principal counts once.
    """

    rated: int
    rated_well: int
    unrated: int
    unrated_well: int

    @property
    def n(self) -> int:
        return self.rated + self.unrated

    @property
    def ratio(self) -> float | None:
        """The share that pleased, 0..1; None where nothing was answered."""
        return (self.rated_well + self.unrated_well) / self.n if self.n else None


def read_answered(
    connection: sqlite3.Connection, decision_id: str, principal: str
) -> tuple[str | None, str | None] | None:
    """Who answered a call of `principal` with that decision (`provider/id`), and its category.

    None if there is no such call: nobody speaks of an answer that they did not get.
    """
    row: tuple[str | None, str | None] | None = connection.execute(
        "SELECT provider || '/' || model, category FROM calls "
        "WHERE decision_id = ? AND principal = ? ORDER BY model IS NULL, at_ms DESC LIMIT 1",
        (_text(decision_id), principal),
    ).fetchone()
    return row


def write_feedback(connection: sqlite3.Connection, feedback: Feedback) -> None:
    """Keep it; the latest of its kind on an answer replaces those before."""
    f = feedback
    comment = None if f.comment is None else _text(f.comment)
    row = (f.decision_id, f.principal, f.kind, f.at_ms, f.model, f.category, f.band)
    connection.execute(WRITE, (*row, f.rating, f.expected, comment))


def write_outcome(connection: sqlite3.Connection, outcome: Outcome) -> None:
    o = outcome
    row = (o.principal, o.model, o.category, o.band, o.at_ms, o.clean, o.trouble)
    connection.execute("INSERT OR REPLACE INTO outcomes VALUES (?,?,?,?,?,?,?)", row)


def read_ratings(connection: sqlite3.Connection, since_ms: int, most: int) -> list[Feedback]:
    """The ratings that count, in order; the latest `most` on each model and category."""
    cursor = connection.execute(RATINGS, (since_ms, most))
    names = [column[0] for column in cursor.description]
    return [Feedback(**dict(zip(names, row, strict=True))) for row in cursor]


def read_outcomes(connection: sqlite3.Connection, since_ms: int) -> list[Outcome]:
    cursor = connection.execute("SELECT * FROM outcomes WHERE at_ms >= ?", (since_ms,))
    names = [column[0] for column in cursor.description]
    return [Outcome(**dict(zip(names, row, strict=True))) for row in cursor]


def forget(
    connection: sqlite3.Connection, principal: str, model: str | None, category: str | None
) -> int:
    """Let nothing of `principal` count any more, or only not that on a model or a category.

    The rows of ratings stay for the statistics; how many there were is returned.
    """
    where = "principal = ?1 AND (?2 IS NULL OR model = ?2) AND (?3 IS NULL OR category = ?3)"
    chosen: Sequence[str | None] = (principal, model and _text(model), category)
    connection.execute(f"DELETE FROM outcomes WHERE {where}", chosen)  # noqa: S608 - our own words
    ratings = connection.execute(
        f"UPDATE feedback SET counts = 0 WHERE counts = 1 AND kind = 'rating' AND {where}",  # noqa: S608
        chosen,
    )
    return ratings.rowcount


def read_satisfaction(
    connection: sqlite3.Connection, since_ms: int, principal: str | None = None
) -> Satisfaction:
    """How the answers since then pleased (LN-05), those of one principal or of all."""
    rated, rated_well, unrated, unrated_well = connection.execute(
        SATISFACTION, (since_ms, principal)
    ).fetchone()
    return Satisfaction(
        rated=rated, rated_well=rated_well, unrated=unrated, unrated_well=unrated_well
    )


def _text(text: str) -> str:
    """`text` without what SQLite cannot keep: half of a surrogate pair."""
    return text.encode("utf-8", "replace").decode()
