"""Sessions on disk: seen at once, whole after a restart, and swept when nobody came back."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from pointsman.sessions import Sent, Session
from storage.database import open_database
from storage.sessions import SessionBook

SESSION = Session(
    principal="ann",
    id="s\udcff",  # half of a surrogate pair, as JSON may bring it
    topic_history=("coding", "math"),
    provider_history=("alpha/m", "gamma/n"),
    turns=3,
    forced_moves=1,
    updated_at=1_000.0,
    sent={"gamma/n": Sent(at=999.5, messages=2, digest="ab", tokens=2_000)},
)


@asynccontextmanager
async def book(folder: Path, recent: int = 10) -> AsyncIterator[SessionBook]:
    async with open_database(folder / "ledger.db", kind="ledger") as database:
        yield SessionBook(database, recent)


async def test_a_session_is_seen_before_it_is_written_and_after_a_restart(tmp_path: Path) -> None:
    """SE-02, SE-03."""
    async with book(tmp_path) as first:
        first.save(SESSION)
        assert first.recent("ann", SESSION.id) == SESSION
        assert await first.get("ann", SESSION.id) == SESSION
    async with book(tmp_path) as second:
        assert second.recent("ann", SESSION.id) is None
        found = await second.get("ann", SESSION.id)
        assert found is not None
        assert replace(found, id=SESSION.id) == SESSION
        assert second.recent("ann", SESSION.id) == found


async def test_the_latest_is_kept(tmp_path: Path) -> None:
    async with book(tmp_path) as first:
        for turns in (1, 2, 3):
            first.save(replace(SESSION, id="s", turns=turns))
    async with book(tmp_path) as second:
        found = await second.get("ann", "s")
        assert found is not None
        assert found.turns == 3


async def test_a_principal_reads_only_their_own(tmp_path: Path) -> None:
    """SE-01: the same id of two principals is two sessions."""
    async with book(tmp_path) as first:
        first.save(replace(SESSION, id="s"))
        first.save(replace(SESSION, id="s", principal="bob", turns=9))
        assert await first.get("eve", "s") is None
    async with book(tmp_path) as second:
        bob, ann = await second.get("bob", "s"), await second.get("ann", "s")
        assert bob is not None
        assert ann is not None
        assert (bob.turns, ann.turns) == (9, 3)


async def test_a_damaged_row_is_as_none(tmp_path: Path) -> None:
    async with book(tmp_path) as first:
        first.save(replace(SESSION, id="s"))
    connection = sqlite3.connect(tmp_path / "ledger.db")
    with connection:
        connection.execute("UPDATE sessions SET body = x'0102030405'")
    connection.close()
    async with book(tmp_path) as second:
        assert await second.get("ann", "s") is None


async def test_idle_sessions_are_swept(tmp_path: Path) -> None:
    async with book(tmp_path, recent=4) as first:
        for number in range(1_200):
            first.save(replace(SESSION, id=str(number), updated_at=float(number)))
        assert await first.sweep(before=1_199.0) == 1_199
        assert await first.sweep(before=1_199.0) == 0
        assert await first.get("ann", "1198") is None
        kept = await first.get("ann", "1199")
        assert kept is not None
