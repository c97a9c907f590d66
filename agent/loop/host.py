"""The host of agent runs.

Stable for those who call it: `Host(complete=, book=, settings=, clock=, new_id=)`, and
`await host.run(task, toolbox, approver, on_event) -> RunResult`. A run that ends at a limit, in a
failure or with a refusal is a result too, with what was done until then.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from secrets import token_hex

import anyio
import anyio.lowlevel

from agent.loop.calls import Calls
from agent.loop.driver import Driver
from agent.loop.events import Resumed, RunStarted, Stopped, ToolFinished, decode
from agent.loop.fold import apply
from agent.loop.journal import Journal, OnEvent, unwatched
from agent.loop.parts import Parts
from agent.loop.schema import accept
from agent.loop.seams import Compact, Complete, Toolbox, Window
from agent.loop.state import State
from agent.task import RunResult, Task
from agent.untrusted.cleaning import line
from agent.untrusted.secrets import NO_SECRETS, Secrets
from pointsman.agent_settings import AgentSettings
from pointsman.agents import NOBODY, Approver, RunBook, RunHead, RunStatus
from pointsman.errors import InvalidInput, StorageFailed
from pointsman.money import nano_from_usd
from pointsman.records import Principal
from pointsman.seams import Clock

CALLS_PER_TURN = 16  # of tools, on the average of a whole run
CLOSING_S = 5.0  # for the last words of a run that is cancelled
HEAD_CHARS = 200  # of a task, in lists of runs
UNENDED = "Cancelled before it ended: what it did until then may stand."
CUT_OFF = "The answer was cut off at the model's length limit."
UNBEGUN = "Cancelled before it began: it did not run."


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Runs tasks.

    `complete` is the dispatcher's; `compact` gives, for a run, what makes its conversation shorter
    where that outgrows the `window` of the model; `token` is random, and new for each run.
    """

    complete: Complete
    book: RunBook
    settings: AgentSettings
    clock: Clock
    new_id: Callable[[], str]
    secrets: Secrets = NO_SECRETS
    compact: Callable[[str], Compact] | None = None
    window: Window = lambda _model: None
    token: Callable[[], str] = lambda: token_hex(8)
    _running: set[str] = field(default_factory=set[str])

    async def run(
        self,
        task: Task,
        toolbox: Toolbox,
        approver: Approver = NOBODY,
        on_event: OnEvent = unwatched,
    ) -> RunResult:
        """What became of the task; with `task.resume`, of that run, gone on with.

        A run that has ended gives its recorded result again. `on_event` is told each event once
        it is written.

        Raises:
            Parked: a person answers later; resume the run then.
            NotFound: there is no such run of this principal.
            InvalidInput: the run is under way in this process, or the schema of the answer cannot
                be applied.
            StorageFailed: the journal could not be read or written, or another process goes on
                with this run.
        """
        run_id = task.resume or self.new_id()
        if run_id in self._running:
            raise InvalidInput(
                f"Run {run_id} is under way.", hint="Wait for its end, or cancel it first."
            )
        self._running.add(run_id)
        try:
            state = await self._state(task, run_id)
            journal = Journal(state, self.book, self.clock, on_event)
            parts = self._parts(journal, toolbox, approver)
            return await self._through(parts, task)
        finally:
            self._running.discard(run_id)

    async def terms(self, run_id: str, principal: Principal) -> Task:
        """The task of a run, as it was given: with the tools and servers that it may use.

        Raises:
            NotFound: there is no such run of this principal.
            StorageFailed: the journal could not be read.
        """
        state = State(task=Task(text="", principal=principal), run_id=run_id)
        await self._read(state)
        return state.task

    async def recorded(self, run_id: str, principal: Principal) -> RunResult:
        """What a run has come to until now, as its journal has it.

        Raises:
            NotFound: there is no such run of this principal.
            StorageFailed: the journal could not be read.
        """
        state = State(task=Task(text="", principal=principal), run_id=run_id)
        await self._read(state)
        return result_of(state)

    async def _state(self, task: Task, run_id: str) -> State:
        """Where the run stands, from its journal."""
        state = State(task=self._terms(task), run_id=run_id)
        if task.resume is not None:
            await self._read(state)
            if not state.number:
                raise InvalidInput(f"Run {run_id} broke off before it began: start it anew.")
        elif task.output_schema is not None:
            await accept(task.output_schema)
        return state

    async def _read(self, state: State) -> None:
        for body in await self.book.events(state.run_id, state.task.principal.id):
            apply(decode(body), state)  # up to 5 ms, for a long text of others
            await anyio.lowlevel.checkpoint()

    def _parts(self, journal: Journal, toolbox: Toolbox, approver: Approver) -> Parts:
        return Parts(
            complete=self.complete,
            toolbox=toolbox,
            approver=approver,
            book=self.book,
            journal=journal,
            settings=self.settings,
            secrets=self.secrets,
            compact=self.compact(journal.state.run_id) if self.compact else None,
            window=self.window,
        )

    def _terms(self, task: Task) -> Task:
        """`task` with every limit filled in."""
        settings = self.settings
        turns = task.max_turns or settings.max_turns
        most = nano_from_usd(settings.max_cost_usd)
        return replace(
            task,
            max_turns=turns,
            max_cost=most if task.max_cost is None else task.max_cost,
            max_tokens=task.max_tokens or settings.max_tokens,
            max_calls=task.max_calls or turns * CALLS_PER_TURN,
            deadline_s=task.deadline_s or settings.deadline_s,
            approve=task.approve or settings.approve,
        )

    async def _begin(self, parts: Parts, task: Task) -> None:
        run_id = parts.state.run_id
        head = RunHead(
            id=run_id,
            principal=task.principal.id,
            task=line(task.text, HEAD_CHARS),
            started_at=self.clock.wall(),
            status="running",
        )
        with anyio.CancelScope(shield=True):
            await self.book.begin(head)
        terms = self._terms(task)
        if task.context is not None:  # a file, as often as not, and what it holds nobody has read
            terms = replace(terms, context=self.secrets.redact(task.context))
        started = RunStarted(run_id=run_id, task=terms, boundary=self.token())
        await parts.journal.record(started)

    async def _go_on(self, journal: Journal, task: Task) -> bool:
        """Whether there is more to do; then the run is under way again."""
        state = journal.state
        terms = raised(state.task, task)
        if state.ended is not None and not goes_on(state, terms):
            return False
        await journal.record(Resumed(run_id=state.run_id, task=terms))
        return True

    async def _through(self, parts: Parts, task: Task) -> RunResult:
        """From wherever the run stands to its end; a run that is cancelled says so."""
        state = parts.state
        try:
            if state.number == 0:
                await self._begin(parts, task)
            elif not await self._go_on(parts.journal, task):
                return result_of(state)
            if state.pending:
                await Calls(parts).find_again()
            await Driver(parts).drive()
        except anyio.get_cancelled_exc_class():
            with anyio.move_on_after(CLOSING_S, shield=True):
                await _close(parts.journal)
            raise
        return result_of(state)


def raised(before: Task, now: Task) -> Task:
    """The terms of a run with those limits that are set higher now."""
    calls = now.max_calls or (now.max_turns or 0) * CALLS_PER_TURN
    return replace(
        before,
        max_turns=max(before.max_turns or 0, now.max_turns or 0),
        max_cost=max(before.max_cost or 0, now.max_cost or 0),
        max_tokens=max(before.max_tokens or 0, now.max_tokens or 0),
        max_calls=max(before.max_calls or 0, calls),
        deadline_s=max(before.deadline_s or 0, now.deadline_s or 0),
        approve=now.approve or before.approve,
        model=now.model or before.model,
    )


def goes_on(state: State, terms: Task) -> bool:
    """Whether a run that has ended can be gone on with: it was cancelled, nobody could answer,
    or the limit that it reached is higher now."""
    ended, before = state.ended, state.task
    if ended is None or ended.status == "cancelled":
        return True
    if ended.status == "max_turns":
        return (terms.max_turns or 0) > (before.max_turns or 0)
    if ended.status == "deadline":
        return (terms.deadline_s or 0) > (before.deadline_s or 0)
    if ended.status == "budget":
        wider = (terms.max_cost or 0) > (before.max_cost or 0)
        wider |= (terms.max_tokens or 0) > (before.max_tokens or 0)
        return wider or (terms.max_calls or 0) > (before.max_calls or 0)
    return ended.status == "failed" and ended.again


async def _close(journal: Journal) -> None:
    """Give every call its result and the run its end, so that it can be gone on with."""
    state = journal.state
    if state.ended is not None or not state.number:
        return
    try:
        for pending in list(state.open_calls):
            ended = ToolFinished(
                call_id=pending.call.id,
                text=UNENDED if pending.started else UNBEGUN,
                is_error=True,
                ending="cancelled",
                cost=pending.lost_cost,
            )
            await journal.record(ended)
        await journal.record(Stopped(status="cancelled", answer=state.said, again=True))
    except StorageFailed:
        pass  # what is written already is enough to go on from


def result_of(state: State) -> RunResult:
    """What the run has come to."""
    ended = state.ended
    under_way: RunStatus = "waiting" if state.waiting else "running"
    cut = ended is not None and state.answered is not None and state.answered.finish == "length"
    return RunResult(
        run_id=state.run_id,
        status=ended.status if ended else under_way,
        answer=ended.answer if ended else state.said,
        json=ended.json if ended else None,
        steps=tuple(state.steps),
        usage=state.usage,
        cost=state.cost if state.cost_known else None,
        models=tuple(state.models),
        notes=(*state.notes, *([CUT_OFF] if cut else [])),
        error=ended.failure if ended else None,
    )
