"""The tools of the cache, put together from its layers, the ledger and the dispatcher."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import structlog

from accounting.cache_stats import CacheBook, Reason
from accounting.freshness import LearnedFreshness
from cache.codec import Codec
from cache.purge import Purge
from pointsman.errors import StorageFailed
from pointsman.records import Principal, Remembered
from pointsman.seams import Clock
from routing.dispatch import Dispatcher
from storage.cached import read_blob
from storage.database import Database
from tools.cache import Correct, Forget, Peek, ReadState
from tools.cache_purge import cache_gc_tool, cache_purge_tool
from tools.cache_report import Reports, cache_report_tool
from tools.cache_stats import cache_stats_tool
from tools.cache_warm import Warmer, cache_warm_tool
from tools.tool import Tool

log = structlog.get_logger("pointsman.cache")


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """All that can be done with an open cache beside looking into it."""

    state: ReadState
    forget: Forget
    tidy: Callable[[], Awaitable[None]]
    peek: Peek
    correct: Correct
    limit_s: Callable[[Remembered], float]  # for how long an answer is fresh
    on: bool = True  # whether anything is kept


def cache_tools(
    handling: Handling, book: CacheBook, learned: LearnedFreshness, dispatcher: Dispatcher
) -> tuple[Tool, ...]:
    reports = Reports(book=book, correct=handling.correct, outdated=learned.outdated)
    warmer = Warmer(
        dispatcher=dispatcher,
        book=book,
        peek=handling.peek,
        limit_s=handling.limit_s,
        on=handling.on,
    )
    return (
        cache_stats_tool(book, handling.state, handling.peek),
        cache_purge_tool(book, handling.forget, log_purge),
        cache_warm_tool(warmer),
        cache_report_tool(reports),
        cache_gc_tool(handling.tidy, handling.state),
    )


def log_purge(principal: Principal, purge: Purge, removed: int) -> None:
    log.warning(
        "cache.purged",
        principal=principal.id,
        scope=purge.scope,
        model=purge.model,
        prefix=purge.prefix,
        stored_before=purge.stored_before,
        removed=removed,
    )


def peek_into(database: Database, codec: Codec, clock: Clock) -> Peek:
    """Reads answers from the cache database; that does not count as using them, and never fails."""

    async def peek(key: str) -> Remembered | None:
        query = partial(read_blob, name=key, now=clock.wall())
        try:
            row = await database.read(query)
        except StorageFailed:
            return None
        return None if row is None else codec.decode(row[0], row[1])

    return peek


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What a report comes to where nothing learns from it."""

    forgotten: int
    tightened: bool = False


def forgetting(forget: Forget) -> Correct:
    """Corrects by forgetting the answer, for a cache that serves nothing but the same call."""

    async def correct(
        key: str,
        *,
        reason: Reason,  # noqa: ARG001 - the protocol's signature
        principal: Principal,  # noqa: ARG001
    ) -> Forgotten:
        return Forgotten(await forget(Purge(prefix=key)))

    return correct
