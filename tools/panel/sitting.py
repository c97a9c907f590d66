"""One run of a panel: its calls, within one budget and one deadline, and what was replied."""

import copy
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import anyio

from pointsman.errors import DeadlineExceeded, NoBackend, PointsmanError
from pointsman.money import Nano
from pointsman.records import Answer, CacheUse, Call
from pointsman.seams import Clock
from pointsman.types import ChatRequest, Model
from routing.dispatch import Dispatcher
from routing.prompt.analysis import request_tokens
from tools.panel.purse import LEAST_ANSWER, Purse, least_cost
from tools.panel.seats import Seat
from tools.tool import Progress

PER_PROVIDER = 4  # calls of one panel at the same time


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What one call came to; a failure is a reply too."""

    seat: Seat
    text: str = ""
    cost: Nano | None
    latency_ms: float
    cached: bool = False
    cut: bool = False  # at its token limit
    error: PointsmanError | None = None


class Lanes:
    """How many calls may be under way: for each provider, and for each model what it takes."""

    def __init__(self, limit: Callable[[Model], int]) -> None:
        self._limit = limit
        self._lanes: dict[str, anyio.CapacityLimiter] = {}

    @asynccontextmanager
    async def of(self, model: Model) -> AsyncGenerator[None, None]:
        own = self._lane(model.name, max(self._limit(model), 1))
        async with own, self._lane(f"{model.provider}/", PER_PROVIDER):
            yield

    def _lane(self, name: str, tokens: int) -> anyio.CapacityLimiter:
        return self._lanes.setdefault(name, anyio.CapacityLimiter(tokens))


@dataclass(slots=True, kw_only=True)
class Sitting:
    dispatcher: Dispatcher
    call: Call  # what every call of the panel has in common; its request is the plain question
    clock: Clock
    say: Progress | None = None
    ends: float | None = None  # monotonic
    replies: list[Reply] = field(default_factory=list[Reply])
    warnings: list[str] = field(default_factory=list[str])
    _purse: Purse = field(default_factory=lambda: Purse(None, ()))
    _least: dict[Seat, list[Nano]] = field(default_factory=dict[Seat, list[Nano]])  # call by call
    _lanes: Lanes = field(init=False)
    _planned: int = 0

    def __post_init__(self) -> None:
        view = self.dispatcher.attempts.health.view
        self._lanes = Lanes(lambda model: view(model).limit)
        if self.call.deadline_s is not None:
            self.ends = self.clock.monotonic() + self.call.deadline_s

    def plan(self, turns: Sequence[tuple[Seat, int]]) -> None:
        """Count every call there will be, each with how many answers it is shown beforehand.

        Raises:
            BudgetExceeded: the price cap is less than they must be able to cost.
        """
        asked = request_tokens(self.call.request)
        costs = [
            least_cost(s.model, asked + shown * LEAST_ANSWER, self.call.request.max_tokens)
            for s, shown in turns
        ]
        self._purse = Purse(self.call.max_cost, costs)
        for (seat, _), cost in zip(turns, costs, strict=True):
            self._least.setdefault(seat, []).append(cost)
        self._planned = len(turns)

    async def ask(self, seat: Seat, request: ChatRequest, cache: CacheUse = "use") -> Reply:
        """What `seat` replies; only cancellation gets out of here as an exception."""
        async with self._lanes.of(seat.model):
            started = self.clock.monotonic()
            share = self._purse.take(self._least[seat].pop(0))
            call = replace(
                self.call, request=request, model=seat.model.name, max_cost=share, cache=cache
            )
            cost: Nano | None = None
            try:
                answer = await self.dispatcher.complete(self._in_time(call))
                cost = answer.cost
                reply = _reply(seat, answer)
            except PointsmanError as error:
                cost = error.cost
                ms = (self.clock.monotonic() - started) * 1000
                reply = Reply(seat=seat, cost=cost, latency_ms=ms, error=error)
            finally:
                self._purse.settle(share, cost)
        self.replies.append(reply)
        await self._tell(reply)
        return reply

    async def must(self, seat: Seat, request: ChatRequest, stage: str) -> Reply:
        """What `seat` replies, where nothing can go on without it.

        Raises:
            PointsmanError: it failed; the message begins with `stage`.
        """
        reply = await self.ask(seat, request)
        if reply.error is not None:
            raise self.failed(stage, reply.error)
        return reply

    def failed(self, stage: str, error: PointsmanError) -> PointsmanError:
        """`error` as what the whole panel ends in, at the cost of all its calls."""
        whole = copy.copy(error)  # it may be another's too: callers of one flight share it
        whole.message = f"{stage} failed: {error.message}"
        whole.cost = self.cost
        return whole

    @property
    def cost(self) -> Nano | None:
        """What all calls cost together; None as soon as one is not known."""
        costs = [reply.cost for reply in self.replies]
        return None if None in costs else sum(cost or 0 for cost in costs)

    def _in_time(self, call: Call) -> Call:
        if self.ends is None:
            return call
        left_s = self.ends - self.clock.monotonic()
        if left_s <= 0:
            late = DeadlineExceeded("The panel's time ran out.", hint="Raise deadline_ms.")
            late.cost = 0
            raise late
        return replace(call, deadline_s=left_s)

    async def _tell(self, reply: Reply) -> None:
        if self.say is not None:
            what = "failed" if reply.error else "done"
            name = f"{reply.seat.role} {reply.seat.name}"
            await self.say(len(self.replies), self._planned, f"{name}: {what}")


def _reply(seat: Seat, answer: Answer) -> Reply:
    text = answer.completion.text.strip()
    return Reply(
        seat=seat,
        text=text,
        cost=answer.cost,
        latency_ms=answer.latency_ms,
        cached=answer.cache.hit,
        cut=answer.completion.finish_reason == "length",
        error=None if text else NoBackend(f"{seat.model.name} gave an empty answer."),
    )
