"""The `feedback` tool: how good an answer was, so that such prompts find the better model."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol

from pydantic import Field

from pointsman.records import Band3, Category
from tools.tool import Arguments, Caller, Result, Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """What a rating came to."""

    model: str  # `provider/id` that gave the answer
    category: Category
    band: Band3
    ratings: int  # of the model in the category that count now, of this principal
    learned: float  # for such prompts, -1..1


class Rate(Protocol):
    def __call__(
        self, principal: str, decision_id: str, rating: float, comment: str | None
    ) -> Awaitable[Rated]:
        """Keep a rating and learn from it.

        Raises:
            NotFound: `principal` has no call with that decision.
            InvalidInput: nobody answered it.
        """
        ...


class FeedbackArguments(Arguments):
    decision_id: str = Field(max_length=64)
    rating: float = Field(
        ge=-1, le=1, allow_inf_nan=False, description="-1 useless, 0 middling, 1 perfect"
    )
    comment: str | None = Field(default=None, max_length=2000)


class FeedbackResult(Result):
    recorded: bool
    model: str
    category: Category
    ratings: int
    learned: float


def feedback_tool(rate: Rate) -> Tool:
    async def run(given: FeedbackArguments, caller: Caller) -> FeedbackResult:
        rated = await rate(caller.principal.id, given.decision_id, given.rating, given.comment)
        return FeedbackResult(
            recorded=True,
            model=rated.model,
            category=rated.category,
            ratings=rated.ratings,
            learned=round(rated.learned, 4),
        )

    return Tool(
        name="feedback",
        title="Rate an answer",
        description="Say how good an answer of `complete` was. It moves your own later routing; "
        "rating it again replaces the earlier rating.",
        arguments=FeedbackArguments,
        result=FeedbackResult,
        run=run,
        read=_read,
        read_only=False,
        open_world=False,
    )


def _read(result: FeedbackResult) -> str:
    plural = "" if result.ratings == 1 else "s"
    return (
        f"Recorded. For {result.category} prompts {result.model} now has {result.learned:+.3f} "
        f"learned, from {result.ratings} rating{plural}."
    )
