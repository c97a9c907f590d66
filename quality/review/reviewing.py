"""The engine "model": functions reviewed by a model, each claim confirmed by a second question.

What it finds is its opinion: `model_says`, of low confidence, a hotspot, never more.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import anyio
from anyio import to_thread

from pointsman.errors import BudgetExceeded, PointsmanError
from pointsman.money import Nano
from quality.asking import Answer, Ask, Purse
from quality.errors import EngineFailed
from quality.finding import Analysis, Finding, Place
from quality.review.functions import Shown, functions
from quality.review.opinions import (
    SYSTEM,
    VERSION,
    Claim,
    claims,
    first_prompt,
    holds,
    second_prompt,
)
from quality.review.weaknesses import WEAKNESSES
from quality.running import Memory
from quality.source import SourceFile, Tree

AT_ONCE = 4


class ModelEngine:
    """As `quality.engine.Engine` says; `model` is the name of who is asked, for at most `most`.

    `memory` keeps what was said of each function, by its text.
    """

    name = "model"
    languages = frozenset({"python"})

    def __init__(self, ask: Ask, model: str, most: Nano, memory: Memory | None = None) -> None:
        self._ask, self._model, self._most, self._memory = ask, model, most, memory

    async def version(self) -> str | None:
        return f"{VERSION} {self._model}"

    def keys(self, tree: Tree) -> Mapping[str, str]:  # noqa: ARG002  # as every engine's
        return {}  # a file is not kept: when the money is spent, some of its functions are open

    async def analyse(
        self,
        stale: Sequence[SourceFile],
        tree: Tree,  # noqa: ARG002  # it needs no other file
    ) -> Analysis:
        """
        Raises:
            EngineFailed: the model cannot be asked.
        """
        shown = await to_thread.run_sync(functions, stale)
        keys = {each.digest: each.digest for each in shown}
        version = f"{VERSION} {self._model}"
        known = await self._memory.recall(self.name, version, keys) if self._memory else {}

        async def keep(digest: str, said: Analysis) -> None:
            if self._memory:
                await self._memory.keep(self.name, version, {digest: digest}, {digest: said})

        review = _Review(self._ask, Purse(self._most, AT_ONCE), known, keep)
        try:
            await review.all(shown)
        except* PointsmanError as group:
            first = _first(group)
            raise EngineFailed(self.name, f"could not be asked: {first.message}") from first
        return Analysis(findings=tuple(review.findings), notes=review.notes())


@dataclass(slots=True)
class _Review:
    ask: Ask
    purse: Purse
    known: Mapping[str, Analysis]  # by a function's digest, with the lines of the function
    keep: Callable[[str, Analysis], Awaitable[None]]
    findings: list[Finding] = field(default_factory=list[Finding])
    left: Counter[str] = field(default_factory=Counter[str])  # path -> functions not reviewed

    async def all(self, shown: Sequence[Shown]) -> None:
        todo = iter(shown)
        async with anyio.create_task_group() as tasks:
            for _ in range(AT_ONCE):
                tasks.start_soon(self._some, todo)

    def notes(self) -> dict[str, str]:
        return {
            path: f"{count} functions not reviewed: the money for it is spent"
            for path, count in self.left.items()
        }

    async def _some(self, todo: Iterator[Shown]) -> None:
        for shown in todo:
            said = self.known.get(shown.digest)
            if said is None:
                opinion = await self._opinion(shown)
                if opinion is None:
                    self.left[shown.path] += 1
                    continue
                said = Analysis(findings=tuple(map(_finding, opinion)))
                await self.keep(shown.digest, said)
            self.findings += (_at(shown, finding) for finding in said.findings)

    async def _opinion(self, shown: Shown) -> list[Claim] | None:
        """What it claims and confirms; None: the money was spent before that was known."""
        answer = await self._asked(first_prompt(shown))
        if answer is None:
            return None
        confirmed: list[Claim] = []
        for claim in claims(answer.text, shown):
            verdict = await self._asked(second_prompt(shown, claim))
            if verdict is None:
                return None
            if holds(verdict.text):
                confirmed.append(claim)
        return confirmed

    async def _asked(self, prompt: str) -> Answer | None:
        most = self.purse.take()
        if most is None:
            return None
        try:
            answer = await self.ask(SYSTEM, prompt, most)
        except BudgetExceeded as error:
            asked_before = self.purse.spent != 0
            self.purse.pay(most, error.cost)
            if asked_before:  # what is left pays for no answer any more
                return None
            raise
        self.purse.pay(most, answer.cost)
        return answer


def _finding(claim: Claim) -> Finding:
    """In our words: what a model writes may repeat a secret, or what hostile code made it say."""
    return Finding(
        rule=f"model-cwe-{claim.cwe}",
        engine="model",
        kind="hotspot",
        severity="major",
        place=Place("", claim.line, claim.line),
        message=f"A model suspects {WEAKNESSES[claim.cwe]} here; no engine confirms it.",
        cwe=(claim.cwe,),
        remediation="Read the code: a model's opinion is often wrong.",
        confidence="low",
        model_says=True,
    )


def _at(shown: Shown, finding: Finding) -> Finding:
    """`finding` of the function at its place in the file."""
    line = shown.line + finding.place.line - 1
    return replace(finding, place=Place(shown.path, line, line))


def _first(group: BaseExceptionGroup[PointsmanError]) -> PointsmanError:
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    assert isinstance(first, PointsmanError)  # noqa: S101  # of that group all are
    return first
