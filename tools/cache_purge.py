"""The tools that make the cache smaller: by what is to be forgotten, or by what is too old."""

from collections.abc import Awaitable, Callable

from pydantic import Field

from accounting.cache_stats import CacheBook
from cache.purge import Purge
from pointsman.errors import InvalidInput
from pointsman.records import Principal
from tools.cache import Forget, ReadState
from tools.tool import Arguments, Caller, Result, Tool

Tell = Callable[[Principal, Purge, int], None]


class CachePurgeArguments(Arguments):
    scope: str | None = Field(
        default=None, min_length=1, max_length=500, description="public, department:X, user:X"
    )
    model: str | None = Field(default=None, min_length=1, max_length=200)
    prefix: str | None = Field(default=None, min_length=1, max_length=600, description="of the key")
    older_than_s: float | None = Field(default=None, ge=0, le=1e10, allow_inf_nan=False)
    everything: bool = Field(default=False, alias="all")


class CachePurgeResult(Result):
    removed: int


class CacheGcArguments(Arguments):
    pass


class CacheGcResult(Result):
    removed: int
    items: int
    bytes_before: int
    bytes: int


def cache_purge_tool(book: CacheBook, forget: Forget, tell: Tell) -> Tool:
    """`forget` takes it from every layer; `tell` is told of each purge at once."""

    async def run(given: CachePurgeArguments, caller: Caller) -> CachePurgeResult:
        purge = _purge(given, book.clock.wall())
        removed = await forget(purge)
        tell(caller.principal, purge, removed)
        await book.purged(
            caller.principal,
            scope=purge.scope,
            model=purge.model,
            prefix=purge.prefix,
            stored_before=purge.stored_before,
            removed=removed,
        )
        return CachePurgeResult(removed=removed)

    return Tool(
        name="cache_purge",
        title="Forget answers",
        description="Delete cached answers by scope, model, key prefix or age (all that are given "
        "must fit), or all=true. Purges are recorded.",
        arguments=CachePurgeArguments,
        result=CachePurgeResult,
        run=run,
        read=lambda result: f"Forgot {result.removed} answers.",
        read_only=False,
        open_world=False,
        destructive=True,
        toolset="cache",
    )


def cache_gc_tool(tidy: Callable[[], Awaitable[None]], state: ReadState) -> Tool:
    """`tidy` does now what is done every minute anyway."""

    async def run(_given: CacheGcArguments, _caller: Caller) -> CacheGcResult:
        before = await state()
        await tidy()
        after = await state()
        return CacheGcResult(
            removed=max(before.database_items - after.database_items, 0),
            items=after.database_items,
            bytes_before=before.database_bytes,
            bytes=after.database_bytes,
        )

    return Tool(
        name="cache_gc",
        title="Tidy the cache",
        description="Delete now what has passed its time and what is over the size limit.",
        arguments=CacheGcArguments,
        result=CacheGcResult,
        run=run,
        read=lambda r: f"Deleted {r.removed} answers; {r.items} are left, in {r.bytes} bytes.",
        read_only=False,
        open_world=False,
        toolset="cache",
    )


def _purge(given: CachePurgeArguments, now: float) -> Purge:
    before = None if given.older_than_s is None else now - given.older_than_s
    purge = Purge(scope=given.scope, model=given.model, prefix=given.prefix, stored_before=before)
    if given.everything is (purge != Purge()):
        raise InvalidInput(
            "Say what to forget.",
            hint="Give some of scope, model, prefix and older_than_s, or all=true alone.",
        )
    return purge
