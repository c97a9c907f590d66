"""What was learned of each model: ratings as they came, and beliefs as they stand."""

TABLES = """
CREATE TABLE feedback (
    id TEXT PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    decision_id TEXT NOT NULL,
    principal TEXT NOT NULL,
    model TEXT NOT NULL,
    category TEXT NOT NULL,
    band TEXT NOT NULL,
    rating REAL NOT NULL,
    comment TEXT
) STRICT;
CREATE INDEX feedback_decision ON feedback (decision_id, principal);
CREATE TABLE beliefs (
    principal TEXT NOT NULL,
    model TEXT NOT NULL,
    category TEXT NOT NULL,
    band TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (principal, model, category, band)
) STRICT;
"""
