"""The `cache_report_wrong` tool: that an answer from the cache should not have been served."""

from dataclasses import dataclass
from typing import get_args

from pydantic import Field

from accounting.cache_stats import CacheBook, Hit, Reason
from pointsman.errors import InvalidInput, NotFound
from pointsman.records import Category, Principal
from tools.cache import Correct, Outdated, is_theirs
from tools.tool import Arguments, Caller, Result, Tool

WHOLE_KEY = r"^cc:v1:.+:[0-9a-f]{64}$"  # part of one would name more than one answer
CATEGORIES: tuple[Category, ...] = get_args(Category)


class CacheReportArguments(Arguments):
    hit_id: str | None = Field(
        default=None, max_length=64, description="from cache.hit_id of the answer"
    )
    decision_id: str | None = Field(default=None, max_length=64)
    key: str | None = Field(default=None, max_length=600, pattern=WHOLE_KEY)
    reason: Reason = "wrong"


class CacheReportResult(Result):
    removed: bool
    tightened: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """What a report needs: where hits are kept, what corrects, what learns that time matters."""

    book: CacheBook
    correct: Correct
    outdated: Outdated

    async def take(self, given: CacheReportArguments, principal: Principal) -> CacheReportResult:
        hit = await self._meant(given, principal)
        correction = await self.correct(hit.key, reason=given.reason, principal=principal)
        removed = correction.forgotten > 0
        if hit.id == hit.key and not removed:
            raise _not_found()  # nobody knows of such an answer
        first = await self.book.reported(principal, hit, given.reason, removed=correction.forgotten)
        category = next((c for c in CATEGORIES if c == hit.category), None)
        if first and given.reason == "outdated" and category is not None:
            await self.outdated(category)
        return CacheReportResult(removed=removed, tightened=correction.tightened)

    async def _meant(self, given: CacheReportArguments, principal: Principal) -> Hit:
        """The hit that a report is about.

        Raises:
            InvalidInput: it names none, or several.
            NotFound: there is none, or it is on another's answer, which must look the same.
        """
        names = (given.hit_id, given.decision_id, given.key)
        if sum(name is not None for name in names) != 1:
            raise InvalidInput("Give one of hit_id, decision_id and key.")
        hit = await self.book.hit(
            principal, hit_id=given.hit_id, decision_id=given.decision_id, key=given.key
        )
        if hit is None and given.key is not None:
            hit = Hit(id=given.key, key=given.key, kind=None, category=None)
        if hit is None or not is_theirs(hit.key, principal):
            raise _not_found()
        return hit


def cache_report_tool(reports: Reports) -> Tool:
    async def run(given: CacheReportArguments, caller: Caller) -> CacheReportResult:
        return await reports.take(given, caller.principal)

    return Tool(
        name="cache_report_wrong",
        title="Report a wrong cached answer",
        description="Say that a cached answer was 'wrong' for its prompt, or 'outdated'. It is "
        "deleted, and prompts like it are matched more carefully.",
        arguments=CacheReportArguments,
        result=CacheReportResult,
        run=run,
        read=_read,
        read_only=False,
        open_world=False,
        destructive=True,
        toolset="cache",
    )


def _not_found() -> NotFound:
    return NotFound(
        "There is no such answer from the cache.",
        hint="Give the hit_id in `cache` of the answer that was wrong.",
    )


def _read(result: CacheReportResult) -> str:
    removed = "The answer was deleted." if result.removed else "The answer was gone already."
    return f"{removed} Prompts like it now need more certainty." if result.tightened else removed
