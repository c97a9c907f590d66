"""How long the answers of a category stay true, learned from reports that one was outdated."""

import sqlite3
from contextlib import suppress
from functools import partial

from pointsman.errors import StorageFailed
from pointsman.records import Category
from pointsman.seams import Clock
from storage.cache_book import read_halvings, write_halvings
from storage.database import Database
from storage.ledger import milliseconds

MOST_HALVINGS = 12.0
HITS_PER_HALVING = 50  # without complaint, until one report is made up for
LOOK_S = 600.0


class LearnedFreshness:
    """A share of what the settings allow, for each category (CA-29).

    A report halves it; hits that nobody complains of slowly undo that. It is kept in the ledger.
    """

    def __init__(self, ledger: Database, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._halvings: dict[str, float] = {}

    def share(self, category: Category) -> float:
        """What part of its time an answer of `category` is fresh for, in (0, 1]."""
        halvings = self._halvings.get(category)
        return 1.0 if halvings is None else 2.0**-halvings

    async def load(self) -> None:
        """Read what is known now.

        Raises:
            StorageFailed: the ledger could not be read.
        """
        await self._ledger.flush()
        self._halvings = await self._ledger.read(_left)

    async def outdated(self, category: Category) -> None:
        """Learn that an answer of `category` was served when it was no longer true.

        Raises:
            StorageFailed: it was not kept.
        """
        halve = partial(_halve, category=category, at_ms=milliseconds(self._clock.wall()))
        self._halvings = await self._ledger.write(halve)  # all that was posted is written before

    async def keep_current(self) -> None:
        """Look, now and then, what hits have made up for; it ends when it is cancelled."""
        while True:
            with suppress(StorageFailed):  # what was known holds on
                await self.load()
            await self._clock.sleep(LOOK_S)


def _left(connection: sqlite3.Connection) -> dict[str, float]:
    """The halvings that hits since have not made up for."""
    left = {
        category: halvings - hits / HITS_PER_HALVING
        for category, halvings, hits in read_halvings(connection)
    }
    return {category: halvings for category, halvings in left.items() if halvings > 0}


def _halve(connection: sqlite3.Connection, category: Category, at_ms: int) -> dict[str, float]:
    """The halvings left, once there is one more of `category`; together, so that none is lost."""
    left = _left(connection)
    left[category] = min(left.get(category, 0.0) + 1, MOST_HALVINGS)
    write_halvings(connection, category, left[category], at_ms)
    return left
