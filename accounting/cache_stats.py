"""What the cache was worth: hits and savings over a span of time, and what was said of them."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from accounting.stats import parse_time
from pointsman.errors import InvalidInput
from pointsman.money import NANO_PER_USD
from pointsman.records import Principal
from pointsman.seams import Clock
from storage import cache_book
from storage.cache_book import Hit as Hit  # its callers know these from here
from storage.cache_book import Purged as Purged
from storage.cache_book import Reported
from storage.cache_statistics import (
    GROUPS,
    OF_HITS,
    CacheSums,
    Keys,
    Reasked,
    Reports,
    cache_sums,
    reasked,
    reports,
    top_entries,
)
from storage.cache_statistics import Top as Top
from storage.database import Database
from storage.ledger import milliseconds

Reason = Literal["wrong", "outdated"]
PURGES_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheMeasures:
    """The sums of some calls; `hit_rate` is in [0, 1]."""

    requests: int
    hits: int
    hit_rate: float
    exact: int
    semantic: int
    adapted: int
    stale: int
    saved_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheRow:
    keys: Mapping[str, str | None]  # by the names asked for, in that order
    measures: CacheMeasures


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheStats:
    totals: CacheMeasures
    rows: tuple[CacheRow, ...]
    top: tuple[Top, ...]
    reasked: tuple[Reasked, ...]
    reports: Reports
    purges: tuple[Purged, ...]

    @property
    def false_hit_rate(self) -> float | None:
        """Of the answers given to a similar prompt, the share reported as wrong."""
        served = self.totals.semantic + self.totals.adapted
        return self.reports.false_hits / served if served else None


@dataclass(frozen=True, slots=True)
class CacheBook:
    """What the ledger in `ledger` tells and keeps of the cache."""

    ledger: Database
    clock: Clock

    async def stats(
        self, *, since: str = "7d", group_by: Sequence[str] = (), top: int = 10
    ) -> CacheStats:
        """The sums since then, and the `top` answers served most often.

        A layer, a kind and a scope are of hits only: the hit rate of a row that is grouped by
        them is their share of all the calls that the rest of its keys names.

        Raises:
            InvalidInput: a time or a group cannot be understood.
            StorageFailed: the ledger could not be read.
        """
        groups = _groups(group_by)
        since_ms = milliseconds(parse_time(since, self.clock.wall()))

        def query(connection: sqlite3.Connection) -> CacheStats:
            with connection:
                connection.execute("BEGIN")  # all sums are of the same moment
                (total,) = cache_sums(connection, (), since_ms).values() or (CacheSums(),)
                rows = cache_sums(connection, groups, since_ms) if groups else {}
                return CacheStats(
                    totals=_measures(total, total.requests),
                    rows=_rows(groups, rows),
                    top=tuple(top_entries(connection, since_ms, top)),
                    reasked=tuple(reasked(connection, since_ms)),
                    reports=reports(connection, since_ms),
                    purges=tuple(cache_book.read_purged(connection, since_ms, PURGES_SHOWN)),
                )

        await self.ledger.flush()
        return await self.ledger.read(query)

    async def most_hit(self, n: int) -> list[Top]:
        """The answers ever served most often."""
        await self.ledger.flush()
        return await self.ledger.read(partial(top_entries, since_ms=0, most=n))

    async def hit(
        self,
        principal: Principal,
        *,
        hit_id: str | None = None,
        decision_id: str | None = None,
        key: str | None = None,
    ) -> Hit | None:
        """The hit that is meant: a call by its id, the last of `principal` on a decision's answer,
        or the last on `key`; None if the cache answered no such call."""
        await self.ledger.flush()  # a hit is written a moment after it is served
        if hit_id is not None:
            return await self.ledger.read(partial(cache_book.read_hit, hit_id=hit_id))
        if decision_id is not None:
            of_decision = partial(
                cache_book.read_hit_of_decision, decision_id=decision_id, principal=principal.id
            )
            return await self.ledger.read(of_decision)
        return await self.ledger.read(partial(cache_book.read_hit_of_key, key=key or ""))

    async def purged(
        self,
        principal: Principal,
        *,
        scope: str | None,
        model: str | None,
        prefix: str | None,
        stored_before: float | None,
        removed: int,
    ) -> None:
        """Keep who had what forgotten."""
        row = Purged(
            at_ms=milliseconds(self.clock.wall()),
            principal=principal.id,
            scope=scope,
            model=model,
            prefix=prefix,
            stored_before_ms=None if stored_before is None else milliseconds(stored_before),
            removed=removed,
        )
        await self.ledger.write(partial(cache_book.write_purged, purged=row))

    async def reported(
        self, principal: Principal, hit: Hit, reason: Reason, *, removed: int
    ) -> bool:
        """Keep what was said of a hit; whether it is the first that `principal` says of it."""
        row = Reported(
            hit=hit.id,
            principal=principal.id,
            at_ms=milliseconds(self.clock.wall()),
            key=hit.key,
            kind=hit.kind,
            category=hit.category,
            reason=reason,
            removed=removed,
        )
        return await self.ledger.write(partial(cache_book.write_reported, reported=row))


def _groups(names: Sequence[str]) -> tuple[str, ...]:
    unknown = [name for name in names if name not in GROUPS]
    if unknown:
        raise InvalidInput(
            f"Hits cannot be grouped by {', '.join(map(repr, unknown))}.",
            hint=f"Choose from {', '.join(GROUPS)}.",
        )
    return tuple(dict.fromkeys(names))


def _rows(groups: tuple[str, ...], found: Mapping[Keys, CacheSums]) -> tuple[CacheRow, ...]:
    """Most hits first; what missed last."""
    shared = [number for number, name in enumerate(groups) if name not in OF_HITS]
    requests: dict[Keys, int] = {}
    for keys, of in found.items():
        asked = tuple(keys[number] for number in shared)
        requests[asked] = requests.get(asked, 0) + of.requests
    ordered = sorted(found.items(), key=lambda item: (-item[1].hits, -item[1].requests))
    return tuple(
        CacheRow(
            keys=dict(zip(groups, keys, strict=True)),
            measures=_measures(of, requests[tuple(keys[number] for number in shared)]),
        )
        for keys, of in ordered
    )


def _measures(of: CacheSums, asked: int) -> CacheMeasures:
    return CacheMeasures(
        requests=of.requests,
        hits=of.hits,
        hit_rate=of.hits / max(asked, 1),
        exact=of.exact,
        semantic=of.semantic,
        adapted=of.adapted,
        stale=of.stale,
        saved_usd=of.saved / NANO_PER_USD,
    )
