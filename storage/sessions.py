"""What is kept of a conversation that belongs together: its topic and who answered."""

TABLES = """
CREATE TABLE sessions (
    principal TEXT NOT NULL,
    id TEXT NOT NULL,
    updated_ms INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (principal, id)
) STRICT;
CREATE INDEX sessions_updated ON sessions (updated_ms);
"""
