"""Calls made so that their answers are in the cache later, within a budget."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import anyio

from pointsman.errors import InvalidInput, NoBackend, PointsmanError
from pointsman.money import Nano
from pointsman.records import Analysis, Answer, Call, Found
from pointsman.seams import Embedding, Similar
from routing.dispatch import Dispatcher
from routing.receipts import worth_remembering
from tools.tool import Progress

MOST_PROBLEMS = 5  # told of each run


class Purse:
    """Money for calls under way: what each may cost is held until it is known what it did."""

    def __init__(self, limit: Nano) -> None:
        self.spent: Nano = 0
        self._limit = limit
        self._held: list[Nano] = []
        self._settled = anyio.Event()

    async def hold(self, worst: Nano) -> bool:
        """Whether `worst` can be afforded, once calls under way are settled; then it is held."""
        while self.spent + sum(self._held) + worst > self._limit:
            if not self._held:
                return False
            await self._settled.wait()
        self._held.append(worst)
        return True

    def settle(self, worst: Nano, cost: Nano) -> None:
        self._held.remove(worst)
        self.spent += cost
        self._settled.set()
        self._settled = anyio.Event()


@dataclass(frozen=True, slots=True)
class Uncapped:
    """`similar`, for calls whose price cap is the warming's and not their own."""

    similar: Similar

    async def find(
        self, call: Call, stamp: str, analysis: Analysis, embedding: Embedding | None
    ) -> Found | None:
        return await self.similar.find(_uncapped(call), stamp, analysis, embedding)

    async def near(
        self, call: Call, stamp: str, analysis: Analysis, embedding: Embedding | None
    ) -> Found | None:
        return await self.similar.near(_uncapped(call), stamp, analysis, embedding)

    async def keep(
        self, call: Call, stamp: str, key: str, analysis: Analysis, embedding: Embedding | None
    ) -> None:
        await self.similar.keep(_uncapped(call), stamp, key, analysis, embedding)


@dataclass(slots=True)
class Warming:
    """One run; what became of each call is counted here."""

    dispatcher: Dispatcher
    purse: Purse
    say: Progress | None
    of: int  # calls
    done: int = 0
    asked: int = 0
    hits: int = 0
    stored: int = 0
    failed: int = 0
    not_asked: int = 0
    problems: list[str] = field(default_factory=list[str])

    async def run(self, calls: Sequence[Call], concurrency: int) -> None:
        waiting = iter(calls)

        async def work() -> None:
            for call in waiting:
                await self._warm(call)
                self.done += 1
                await self._tell()

        async with anyio.create_task_group() as tasks:
            for _ in range(concurrency):
                tasks.start_soon(work)

    async def _warm(self, call: Call) -> None:
        try:
            worst = await self._worst(call)
            if not await self.purse.hold(worst):
                self.not_asked += 1
                return
            self.asked += 1
            answer = await self._ask(call, worst)
        except PointsmanError as error:
            self.failed += 1
            if len(self.problems) < MOST_PROBLEMS and error.message not in self.problems:
                self.problems.append(error.message)
            return
        self.hits += answer.cache.hit
        self.stored += not answer.cache.hit and worth_remembering(call, answer)

    async def _worst(self, call: Call) -> Nano:
        """The most that the model which would be asked may cost.

        Raises:
            PointsmanError: none can be asked, or nobody knows its price.
        """
        decision = await self.dispatcher.route(call)
        if not decision.plan:
            raise NoBackend("No model can take this prompt now.")
        worst = decision.plan[0].worst_cost
        if worst is None:
            name = decision.plan[0].model.name
            raise InvalidInput(f"The price of {name} is not known, so no budget can be kept.")
        return worst

    async def _ask(self, call: Call, worst: Nano) -> Answer:
        cost = worst
        try:
            answer = await self.dispatcher.complete(replace(call, max_cost=worst))
            cost = worst if answer.cost is None else answer.cost
            return answer
        except PointsmanError as error:
            cost = worst if error.cost is None else error.cost
            raise
        finally:
            self.purse.settle(worst, cost)

    async def _tell(self) -> None:
        if self.say is not None:
            message = f"{self.stored} stored, {self.hits} cached, {self.failed} failed"
            await self.say(self.done, self.of, message)


def without_caps(dispatcher: Dispatcher) -> Dispatcher:
    """`dispatcher`, but that a price cap has no part in where an answer is kept."""
    recall = dispatcher.recall

    def key_of(call: Call, stamp: str) -> str:
        return recall.key_of(_uncapped(call), stamp)

    changed = replace(recall, key_of=key_of, similar=Uncapped(recall.similar))
    return replace(dispatcher, recall=changed)


def _uncapped(call: Call) -> Call:
    return replace(call, max_cost=None)
