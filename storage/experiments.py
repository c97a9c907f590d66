"""Experiments between models, and what each call in them came to."""

TABLES = """
CREATE TABLE experiments (
    id TEXT PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    stopped_ms INTEGER,
    body BLOB NOT NULL
) STRICT;
CREATE TABLE experiment_results (
    experiment_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    decision_id TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    person TEXT NOT NULL,
    arm TEXT NOT NULL,
    model TEXT,
    category TEXT NOT NULL,
    latency_ms REAL NOT NULL,
    cost_nano INTEGER,
    succeeded INTEGER NOT NULL,
    quality REAL,
    PRIMARY KEY (experiment_id, call_id)
) STRICT;
CREATE INDEX experiment_results_decision ON experiment_results (decision_id);
"""
