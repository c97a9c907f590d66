"""Experiments between models, and what each call in them came to."""

import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from pointsman.errors import NotFound
from pointsman.experiments import Experiment, Trial
from storage.packing import pack, unpack

if TYPE_CHECKING:
    from storage.database import Database

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
    PRIMARY KEY (experiment_id, call_id)
) STRICT;
"""
ALL = "SELECT id, stopped_ms, body FROM experiments ORDER BY at_ms, rowid"
RECORD = "INSERT OR IGNORE INTO experiment_results VALUES (?,?,?,?,?,?,?,?,?,?,?)"
RESULTS = """
SELECT call_id, decision_id, at_ms, person, arm, model, category, latency_ms, cost_nano, succeeded,
    (SELECT avg(rating) FROM feedback
     WHERE feedback.decision_id = experiment_results.decision_id AND kind = 'rating')
FROM experiment_results WHERE experiment_id = ? ORDER BY rowid
"""


class ExperimentBook:
    """The experiments in a ledger database; all of them are in memory, their results are not."""

    def __init__(self, database: "Database", known: Sequence[Experiment]) -> None:
        self._database = database
        self._known = {experiment.id: experiment for experiment in known}

    @property
    def all(self) -> Sequence[Experiment]:
        """Every experiment, the oldest first."""
        return tuple(self._known.values())

    @property
    def running(self) -> Sequence[Experiment]:
        """Those that were not stopped, the oldest first."""
        return tuple(e for e in self._known.values() if e.stopped_at is None)

    def find(self, reference: str) -> Experiment:
        """The experiment of that id or name; of several of a name, the newest.

        Raises:
            NotFound: there is none.
        """
        for experiment in reversed(self.all):
            if reference in (experiment.id, experiment.name):
                return experiment
        names = ", ".join(dict.fromkeys(e.name for e in self.all))
        raise NotFound(
            f"There is no experiment {reference[:80]!r}.",
            hint=f"There are: {names}." if names else "None was created yet.",
        )

    async def create(self, experiment: Experiment) -> None:
        """Keep and start it.

        Raises:
            StorageFailed: it was not written.
        """
        await self._database.write(partial(_create, experiment=experiment))
        self._known[experiment.id] = experiment

    async def stop(self, experiment_id: str, at: float) -> Experiment:
        """The experiment, which takes in no call any more; its results stay.

        Raises:
            StorageFailed: it was not written.
        """
        experiment = self._known[experiment_id]
        if experiment.stopped_at is None:
            experiment = replace(experiment, stopped_at=at)
            await self._database.write(partial(_stop, experiment_id=experiment_id, at=at))
            self._known[experiment_id] = experiment
        return experiment

    def record(self, trial: Trial) -> None:
        """Keep a result; written soon."""
        self._database.post(partial(_record, trial=trial))

    async def results(self, experiment_id: str) -> list[Trial]:
        """Everything recorded so far, with what people said of the answers.

        Raises:
            StorageFailed: the file could not be read.
        """
        await self._database.flush()
        return await self._database.read(partial(_results, experiment_id=experiment_id))


async def make_experiment_book(database: "Database") -> ExperimentBook:
    """The experiments in `database`; a damaged one is left out.

    Raises:
        StorageFailed: the file could not be read.
    """
    return ExperimentBook(database, await database.read(_all))


def _all(connection: sqlite3.Connection) -> list[Experiment]:
    found: list[Experiment] = []
    for experiment_id, stopped_ms, blob in connection.execute(ALL):
        body = unpack(blob, experiment_id)
        if body is not None:
            kept: dict[str, Any] = orjson.loads(body)
            stopped_at = None if stopped_ms is None else stopped_ms / 1000
            found.append(Experiment(**{**kept, "id": experiment_id, "stopped_at": stopped_at}))
    return found


def _create(connection: sqlite3.Connection, experiment: Experiment) -> None:
    body = pack(orjson.dumps(asdict(experiment)), experiment.id)
    row = (experiment.id, round(experiment.started_at * 1000), None, body)
    connection.execute("INSERT OR REPLACE INTO experiments VALUES (?,?,?,?)", row)


def _stop(connection: sqlite3.Connection, experiment_id: str, at: float) -> None:
    connection.execute(
        "UPDATE experiments SET stopped_ms = ? WHERE id = ?", (round(at * 1000), experiment_id)
    )


def _record(connection: sqlite3.Connection, trial: Trial) -> None:
    row = (
        *(trial.experiment_id, trial.call_id, trial.decision_id, round(trial.at * 1000)),
        *(trial.person, trial.arm, trial.model, trial.category),
        *(float(trial.latency_ms), trial.cost, int(trial.succeeded)),
    )
    connection.execute(RECORD, row)


def _results(connection: sqlite3.Connection, experiment_id: str) -> list[Trial]:
    rows = connection.execute(RESULTS, (experiment_id,))
    return [_trial(experiment_id, row) for row in rows]


def _trial(experiment_id: str, row: tuple[Any, ...]) -> Trial:
    call_id, decision_id, at_ms, person, arm, model, category, *rest = row
    latency_ms, cost, succeeded, quality = rest
    return Trial(
        experiment_id=experiment_id,
        call_id=call_id,
        decision_id=decision_id,
        at=at_ms / 1000,
        person=person,
        arm=arm,
        model=model,
        category=category,
        latency_ms=latency_ms,
        cost=cost,
        succeeded=bool(succeeded),
        quality=quality,
    )
