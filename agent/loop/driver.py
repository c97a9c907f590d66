"""What comes next in a run, decided from its state alone, until it has ended."""

from dataclasses import dataclass

from agent.loop.asking import Asking
from agent.loop.calls import Calls, ask
from agent.loop.events import BudgetExtended, BudgetWarning, Limit, Nudged, Stopped
from agent.loop.limits import (
    asks_for_more,
    budget_question,
    more,
    reached,
    tokens_left,
    too_dear,
)
from agent.loop.output import read_answer
from agent.loop.parts import Parts
from agent.loop.prompt import system_message
from agent.loop.shortening import Shortening
from agent.loop.size import tokens_of_messages
from agent.loop.state import REPEATS_NUDGE, REPEATS_STOP, State
from agent.task import Failure
from pointsman.agents import RunStatus
from pointsman.types import Json

BAD_TURNS = 4  # with nothing but errors, in a row
MOST_EMPTY, MOST_MENDS = 2, 2
REPEATED = (
    "The same call has given the same result several times, and will again. "
    "Go another way, or give the answer."
)
EMPTY = "That was neither a tool call nor an answer. Call a tool, or give the final answer now."


@dataclass(frozen=True, slots=True)
class Driver:
    parts: Parts

    @property
    def state(self) -> State:
        return self.parts.state

    async def drive(self) -> None:
        """Go on until the run has ended.

        Raises:
            Parked: a person answers later.
            StorageFailed: the journal could not be written.
        """
        ways = (
            self._calls,
            self._answer,
            self._hopeless,
            self._more_money,
            self._failure,
            self._limit,
            self._repeats,
        )
        while self.state.ended is None:
            for way in ways:
                if await way():
                    break
            else:
                await self._turn()

    async def _calls(self) -> bool:
        if not self.state.pending:
            return False
        await Calls(self.parts).run()
        return True

    async def _failure(self) -> bool:
        """A model could not be had: the run ends with what is known."""
        failed = self.state.failed
        if failed is None:
            return False
        code = failed.failure.code
        if code == "invalid_input" and await Shortening(self.parts).by_half():
            return True
        by_code: dict[str, RunStatus] = {
            "budget_exceeded": "budget",
            "deadline_exceeded": "deadline",
        }
        status = self.state.limit or by_code.get(code, "failed")
        dear = code == "budget_exceeded"
        failure = too_dear(self.state) if dear else failed.failure
        await self._stop(status, failure=failure, again=True)
        return True

    async def _answer(self) -> bool:
        answered = self.state.answered
        if answered is None:
            return False
        if self.state.limit is not None:
            await self._stop_at(self.state.limit)
        elif not answered.text.strip():
            await self._empty(answered.finish == "content_filter")
        else:
            await self._final(answered.text)
        return True

    async def _final(self, text: str) -> None:
        read = read_answer(text, self.state)
        if read.problem is None:
            await self._stop("completed", read.answer, json=read.json)
        elif self.state.mends < MOST_MENDS:
            await self._nudge_json(read.problem)
        else:
            failure = Failure(
                code="internal", message=f"The answer does not fit the schema: {read.problem}"
            )
            await self._stop("failed", read.answer, failure=failure)

    async def _nudge_json(self, problem: str) -> None:
        text = (
            f"The answer does not fit the schema.\n{problem}\n"
            "Give it again, as one JSON value and nothing else."
        )
        await self.parts.journal.record(Nudged(text=text, why="json"))

    async def _empty(self, filtered: bool) -> None:
        state = self.state
        if state.all_refused:
            await self._stop("refused")
        elif filtered:
            failure = Failure(code="content_refused", message="The model would not answer this.")
            await self._stop("failed", failure=failure)
        elif state.empty <= MOST_EMPTY:
            await self.parts.journal.record(Nudged(text=EMPTY, why="empty"))
        else:
            failure = Failure(code="internal", message="The model gives empty answers.")
            await self._stop("failed", failure=failure)

    async def _hopeless(self) -> bool:
        state = self.state
        if state.repeated(REPEATS_STOP):
            told = f"The model made the same call with the same result {REPEATS_STOP} times."
        elif state.bad_turns >= BAD_TURNS:
            told = f"{BAD_TURNS} turns brought nothing but errors."
        else:
            return False
        failure = Failure(code="internal", message=told, hint="Try a stronger model.")
        await self._stop("refused" if state.all_refused else "failed", failure=failure)
        return True

    async def _more_money(self) -> bool:
        state = self.state
        if state.warning is None:
            if not asks_for_more(self.parts):
                return False
            await self.parts.journal.record(BudgetWarning(question=budget_question(state)))
        elif (rulings := await ask(self.parts, [state.warning.question])) is not None:
            await self._extend(rulings.get(state.warning.question.id, "no") != "no")
        else:
            await self._extend(False)
        return True

    async def _extend(self, yes: bool) -> None:
        state = self.state
        limit = more(state) if yes else state.max_cost
        decided = BudgetExtended(max_cost=limit, ruling="yes" if yes else "no")
        await self.parts.journal.record(decided)

    async def _limit(self) -> bool:
        """At a limit the model is asked once more, without tools, if that is still possible."""
        limit = reached(self.parts)
        if limit is None:
            return False
        messages = tokens_of_messages([system_message(self.state.task), *self.state.messages])
        if self.parts.left_s <= 0 or tokens_left(self.state) <= messages or not self.state.turn:
            await self._stop_at(limit)
        else:
            await Asking(self.parts).ask("last", limit=limit)
        return True

    async def _stop_at(self, limit: Limit) -> None:
        read = read_answer(self.state.said, self.state)
        await self._stop(limit, read.answer, json=read.json, again=True)

    async def _repeats(self) -> bool:
        state = self.state
        if state.repeated(REPEATS_NUDGE) <= state.nudged:
            return False
        await self.parts.journal.record(Nudged(text=REPEATED, why="repeats"))
        return True

    async def _turn(self) -> None:
        if self.state.mending:
            await Asking(self.parts).ask("mend")
            return
        tools = await Calls(self.parts).shown(self.state.turn + 1)
        failure = await Shortening(self.parts).to_fit(tools)
        if failure is None:
            await Asking(self.parts).ask("turn", tools)
        else:
            await self._stop("failed", failure=failure)

    async def _stop(
        self,
        status: RunStatus,
        answer: str | None = None,
        *,
        json: Json = None,
        failure: Failure | None = None,
        again: bool = False,
    ) -> None:
        if answer is None:
            answer = read_answer(self.state.said, self.state).answer
        await self.parts.journal.record(
            Stopped(
                status=status,
                answer=answer,
                json=json,
                failure=failure,
                again=again,
            )
        )
