"""The `cache_warm` tool: asks now what will be asked again, within a budget."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import get_args
from urllib.parse import unquote

from pydantic import Field

from accounting.cache_stats import CacheBook
from cache.key import scope_of
from pointsman.errors import InvalidInput, NotFound
from pointsman.money import nano_from_usd, usd
from pointsman.records import Call, Prefer, Principal, Remembered
from routing.dispatch import Dispatcher
from tools.asking import Asking
from tools.cache import Peek, is_theirs
from tools.cache_warming import Purse, Warming, without_caps
from tools.tool import Arguments, Caller, Result, Tool

SOON = 0.8  # of its time: an answer older than that will be stale soon
LOOKED_AT = 1_000  # answers, the most used


class CacheWarmArguments(Arguments):
    prompts: list[str] | None = Field(default=None, max_length=10_000)
    from_history: int | None = Field(
        default=None, ge=1, le=LOOKED_AT, description="renew so many of your most used answers"
    )
    model: str | None = Field(default=None, max_length=200)
    max_usd: float = Field(default=0.25, ge=0, le=1e6, allow_inf_nan=False)
    concurrency: int = Field(default=2, ge=1, le=16)


class CacheWarmResult(Result):
    asked: int
    hits: int = Field(description="were in the cache already")
    stored: int
    failed: int
    not_asked: int = Field(description="for want of budget")
    cost_usd: float
    problems: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Warmer:
    """Warms the cache of `dispatcher`; `limit_s` is for how long an answer is fresh."""

    dispatcher: Dispatcher
    book: CacheBook
    peek: Peek
    limit_s: Callable[[Remembered], float]
    on: bool = True  # whether answers are kept

    async def warm(self, given: CacheWarmArguments, caller: Caller) -> CacheWarmResult:
        """Ask, and say what came of it.

        Raises:
            InvalidInput: nothing is to be asked, or would be kept, or a prompt cannot be.
        """
        if not self.on:
            raise InvalidInput(
                "The cache is off: answers would be paid for and not kept.",
                hint="Set cache.enabled = true.",
            )
        if not given.prompts and given.from_history is None:
            raise InvalidInput("Give prompts, or from_history: how many used answers to renew.")
        calls = [
            Asking(prompt=prompt, model=given.model or "auto").call("cache_warm", caller.principal)
            for prompt in dict.fromkeys(given.prompts or ())
        ]
        calls += await self._history(given, caller.principal)
        purse = Purse(nano_from_usd(given.max_usd))
        warming = Warming(without_caps(self.dispatcher), purse, caller.progress, len(calls))
        await warming.run(calls, given.concurrency)
        return CacheWarmResult(
            asked=warming.asked,
            hits=warming.hits,
            stored=warming.stored,
            failed=warming.failed,
            not_asked=warming.not_asked,
            cost_usd=usd(purse.spent) or 0.0,
            problems=warming.problems,
        )

    async def _history(self, given: CacheWarmArguments, principal: Principal) -> list[Call]:
        """The calls behind the answers used most that are stale or will be soon."""
        if given.from_history is None:
            return []
        calls: list[Call] = []
        for entry in await self.book.most_hit(LOOKED_AT):
            if len(calls) == given.from_history:
                break
            kept = await self.peek(entry.key) if is_theirs(entry.key, principal) else None
            if kept is None or given.model not in (None, kept.asked) or not self._ages(kept):
                continue
            call = self._call(entry.key, kept, principal)
            if call is not None:
                calls.append(call)
        return calls

    def _ages(self, kept: Remembered) -> bool:
        age_s = self.book.clock.wall() - kept.stored_at
        return age_s >= SOON * self.limit_s(kept)

    def _call(self, key: str, kept: Remembered, principal: Principal) -> Call | None:
        """The call that `kept` answers; None where it cannot be told, or no longer has that key."""
        dispatcher = self.dispatcher
        for call in _calls(key, kept, principal):
            try:
                place = dispatcher.recall.place(
                    call, dispatcher.catalogue.fingerprint, dispatcher.routing
                )
            except NotFound:
                return None
            if place.key == key:
                return call
        return None


def cache_warm_tool(warmer: Warmer) -> Tool:
    return Tool(
        name="cache_warm",
        title="Warm the cache",
        description="Ask prompts now so that they are answered from cache later, or renew your "
        "most used answers before they are stale; spends at most max_usd.",
        arguments=CacheWarmArguments,
        result=CacheWarmResult,
        run=warmer.warm,
        read=_read,
        read_only=False,
        open_world=True,
        toolset="cache",
    )


def _calls(key: str, kept: Remembered, principal: Principal) -> Iterator[Call]:
    """The calls that may have been made: what is not kept of one is in its key only."""
    _, slash, user = scope_of(key).partition("/")
    call = Call(
        request=kept.request,
        model=kept.asked,
        cache="refresh",
        principal=principal,
        tool="cache_warm",
        user=unquote(user) if slash else None,
    )
    for prefer in (None, *get_args(Prefer)):
        yield replace(call, prefer=prefer)
        yield replace(call, prefer=prefer, metadata={"private": "true"})


def _read(result: CacheWarmResult) -> str:
    text = (
        f"Asked {result.asked} prompts for ${result.cost_usd:.6f}: {result.stored} answers stored, "
        f"{result.hits} were cached, {result.failed} failed."
    )
    if result.not_asked:
        text += f" {result.not_asked} were not asked: max_usd would not allow their worst cost."
    return " ".join([text, *result.problems])
