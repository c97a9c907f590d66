"""The ledger: what every attempt cost, kept so that a crash loses none of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import orjson
from anyio import CancelScope, get_cancelled_exc_class

from pointsman.records import CallRecord, Decision, Hold
from pointsman.types import Json
from storage.database import Database
from storage.ledger import (
    read_decision,
    release,
    sweep_holds,
    write_call,
    write_decision,
    write_hold,
)


class DatabaseLedger:
    """A ledger in `ledger.db`; `swept` counts the holds that a dead process had left."""

    def __init__(self, database: Database, swept: int) -> None:
        self._database = database
        self.swept = swept

    async def hold(self, hold: Hold) -> None:
        """Keep `hold`; if the wait is cancelled, nothing was sent, and it is released.

        Raises:
            StorageFailed: it is not kept, so nothing that costs money may be sent.
        """
        try:
            await self._database.write(partial(write_hold, hold=hold))
        except get_cancelled_exc_class():
            self._database.post(partial(release, attempt_ids=[hold.attempt_id]))
            raise

    async def settle(self, record: CallRecord) -> None:
        """Keep the call, its attempts and its decision at once, and release their holds.

        Raises:
            StorageFailed: it is not kept; its holds stay, and are charged at the next start.
        """
        await self._database.write(partial(write_call, record=record))

    def note(self, record: CallRecord) -> None:
        self._database.post(partial(write_call, record=record))

    def note_decision(self, decision: Decision) -> None:
        self._database.post(partial(write_decision, decision=decision))

    async def decision(self, decision_id: str) -> dict[str, Json] | None:
        """A decision as JSON, None if there is none of that id."""
        await self._database.flush()
        body = await self._database.read(partial(read_decision, decision_id=decision_id))
        if body is None:
            return None
        decision: dict[str, Json] = orjson.loads(body)
        return decision


@asynccontextmanager
async def open_ledger(database: Database) -> AsyncIterator[DatabaseLedger]:
    """The ledger in `database`, after charging what a dead process had left open.

    Raises:
        StorageFailed: what was left open could not be charged.
    """
    ledger = DatabaseLedger(database, await database.write(sweep_holds))
    try:
        yield ledger
    finally:
        with CancelScope(shield=True):
            await database.flush()
