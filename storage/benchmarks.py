"""What benchmark runs measured, and who may run the next."""

TABLES = """
CREATE TABLE benchmarks (
    id TEXT PRIMARY KEY,
    run_id TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    category TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    quality REAL NOT NULL,
    speed REAL NOT NULL,
    cost REAL NOT NULL,
    final REAL NOT NULL,
    latency_ms REAL NOT NULL,
    cost_nano INTEGER,
    n INTEGER NOT NULL,
    completed INTEGER NOT NULL
) STRICT;
CREATE INDEX benchmarks_at ON benchmarks (category, at_ms);
CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until_ms INTEGER NOT NULL
) STRICT;
"""
