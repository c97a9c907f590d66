"""The `learning` tool: what was learned of each model, and forgetting it."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import Field

from pointsman.records import Band3, Category
from tools.tool import Arguments, Caller, Result, Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of one model for prompts of one category and band."""

    model: str  # `provider/id`
    category: Category
    band: Band3
    learned: float  # -1..1: what is added to the expected quality
    notes: tuple[str, ...]  # why


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """All that was learned for one principal, and how their answers pleased."""

    rows: tuple[Known, ...]
    satisfaction: float | None  # 0..1; None where nothing was answered
    rated: int  # answers
    unrated: int


class Lessons(Protocol):
    """What holds what was learned; a model is named by its id or `provider/id`."""

    def show(
        self, principal: str, model: str | None, category: Category | None
    ) -> Awaitable[Learned]: ...

    def reset(self, principal: str, model: str | None, category: Category | None) -> Awaitable[int]:
        """Forget; how many ratings no longer count."""
        ...


class LearningArguments(Arguments):
    action: Literal["show", "reset"] = "show"
    model: str | None = Field(default=None, max_length=200)
    category: Category | None = None


class KnownOut(Result):
    model: str
    category: Category
    band: Band3
    learned: float
    notes: list[str]


class LearningResult(Result):
    rows: list[KnownOut]
    satisfaction: float | None
    rated: int
    unrated: int
    forgotten: int | None


def learning_tool(lessons: Lessons) -> Tool:
    async def run(given: LearningArguments, caller: Caller) -> LearningResult:
        who = caller.principal.id
        if given.action == "show":
            return result(await lessons.show(who, given.model, given.category))
        forgotten = await lessons.reset(who, given.model, given.category)
        return result(await lessons.show(who, None, None), forgotten)  # what is left

    return Tool(
        name="learning",
        title="What was learned",
        description="Show what your ratings and outcomes have taught the router about each model, "
        "or reset it, all or by model or category.",
        arguments=LearningArguments,
        result=LearningResult,
        run=run,
        read=_read,
        read_only=False,
        open_world=False,
        toolset="admin",
    )


def result(learned: Learned, forgotten: int | None = None) -> LearningResult:
    return LearningResult(
        rows=[
            KnownOut(
                model=row.model,
                category=row.category,
                band=row.band,
                learned=round(row.learned, 4),
                notes=list(row.notes),
            )
            for row in learned.rows
        ],
        satisfaction=None if learned.satisfaction is None else round(learned.satisfaction, 4),
        rated=learned.rated,
        unrated=learned.unrated,
        forgotten=forgotten,
    )


def _read(result: LearningResult) -> str:
    lines = [
        f"{row.category}/{row.band} {row.model}: {row.learned:+.3f} ({'; '.join(row.notes)})"
        for row in result.rows
    ]
    if result.forgotten is not None:
        lines.insert(0, f"Forgotten; {result.forgotten} ratings no longer count.")
    if result.satisfaction is not None:
        lines.append(
            f"{result.satisfaction:.0%} of {result.rated + result.unrated} answers in 30 days "
            f"pleased ({result.rated} of them rated)."
        )
    return "\n".join(lines) or "Nothing was learned yet."
