"""Calls, attempts, holds and a decision, for the tests of the accounts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from accounting.ledger import DatabaseLedger, open_ledger
from pointsman.money import Usage
from pointsman.records import (
    LOCAL,
    Analysis,
    Attempt,
    CallRecord,
    Candidate,
    Decision,
    Emotion,
    Factors,
    Hold,
)
from pointsman.types import Model, Outcome
from storage.database import Database, open_database

NOW = 1_750_000_000.0


def attempt(number: int, **fields: object) -> Attempt:
    made = Attempt(
        id=f"a{number}",
        provider="acme",
        model="acme-large",
        outcome=Outcome.SUCCESS,
        latency_ms=12,
        ttft_ms=3.25,
        usage=Usage(input_tokens=10, output_tokens=5, cached_input_tokens=4, estimated=True),
        cost=1_000 + number,
        message="né",
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def call(number: int, *attempts: Attempt, **fields: object) -> CallRecord:
    made = CallRecord(
        id=f"c{number}",
        at=NOW,
        principal=LOCAL,
        tool="complete",
        user="ann",
        session_id=None,
        decision_id=f"d{number}",
        provider="acme",
        model="acme-large",
        category="general",
        error=None,
        latency_ms=20.0,
        saved_by_cache=0,
        saved_by_routing=0,
        attempts=attempts,
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def hold(number: int, worst_cost: int | None = 9_000) -> Hold:
    return Hold(
        attempt_id=f"a{number}",
        call_id=f"c{number}",
        provider="acme",
        model="acme-large",
        worst_cost=worst_cost,
        at=NOW,
    )


DECISION = Decision(
    id="d1",
    analysis=Analysis(
        category="math",
        category_confidence=0.5,
        complexity=0.25,
        band4="simple",
        band3="low",
        p_strong=0.125,
        time_sensitive=False,
        emotion=Emotion(label="neutral", intensity=0.0),
        tags=frozenset({"creative", "vision"}),
        input_tokens=9,
    ),
    candidates=(
        Candidate(
            model=Model(
                provider="acme",
                id="acme-large",
                tier="strong",
                context=8192,
                price=None,
                origin="https://acme.test",
                capabilities=frozenset({"tools"}),
            ),
            eligible=True,
            reason="quality",
            score=0.5,
            factors=Factors(quality=0.5),
            breaker="closed",
            worst_cost=None,
            max_tokens=256,
        ),
    ),
    stages=("score",),
    elapsed_ms=0.5,
    at=NOW,
)


@asynccontextmanager
async def ledger_in(folder: Path) -> AsyncIterator[tuple[DatabaseLedger, Database]]:
    async with (
        open_database(folder / "ledger.db", kind="ledger") as database,
        open_ledger(database) as ledger,
    ):
        yield ledger, database
