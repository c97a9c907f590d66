"""The calls of one turn: read, judged, asked for, run; each ends with exactly one result."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import anyio

from agent.approval.asking import question_for
from agent.approval.policy import Judgement, Policy
from agent.arguments import read_arguments, repeated, unknown_tool
from agent.loop.events import ApprovalDecided, ApprovalRequested, Fault, ToolRequested
from agent.loop.origin import digest_of, is_other, may_use, source_of
from agent.loop.parts import Parts
from agent.loop.running import Running
from agent.loop.state import Pending
from agent.results import READ_RESULT, read_result
from agent.tool import AgentTool
from pointsman.agents import Question, Ruling
from pointsman.errors import PointsmanError
from pointsman.types import Json

SLOW_TRIES = 20  # of a second, after the first; at once where no server is being connected


@dataclass(frozen=True, slots=True)
class Calls:
    parts: Parts

    async def run(self) -> None:
        """Bring every call of the turn to its end, from wherever it stands.

        Raises:
            Parked: a person answers later.
            StorageFailed: the journal could not be written.
        """
        state = self.parts.state
        before = state.calls - len(state.pending)
        for number, pending in enumerate(state.pending.values(), start=before):
            if pending.requested is None:
                await self._request(pending, number)
        await self._ask()
        for batch in self._batches(self.parts.state.open_calls):
            await self._run_together(batch)

    def find(self, name: str) -> AgentTool | None:
        if name == READ_RESULT and self.parts.state.readable:
            return read_result(self.parts.book, self.parts.most_bytes)
        tool = self.parts.toolbox.find(name)
        return tool if tool is not None and may_use(tool, self.parts.state.task) else None

    async def find_again(self) -> None:
        """Wait for the tools of a run that is gone on with: their servers are only now connected,
        and one that is slow to start is no reason to give its calls up."""
        for _ in range(SLOW_TRIES):
            await self.parts.toolbox.tools(self.parts.state.turn)
            judged = [p for p in self.parts.state.open_calls if p.requested and p.requested.source]
            if all(self.find(pending.call.name) for pending in judged):
                return

    async def shown(self, turn: int) -> list[AgentTool]:
        """Those whose definitions the model is sent."""
        task = self.parts.state.task
        tools = [tool for tool in await self.parts.toolbox.tools(turn) if may_use(tool, task)]
        reader = self.find(READ_RESULT)
        return tools if reader is None else [*tools, reader]

    async def _request(self, pending: Pending, number: int) -> None:
        state, call = self.parts.state, pending.call
        tool = self.find(call.name)
        if tool is None:
            names = [known.spec.name for known in await self.shown(state.turn)]
            await self._refuse(pending, None, "unknown", unknown_tool(call.name, names))
            return
        if number >= (state.task.max_calls or 0):
            text = "The run may make no more calls. Answer with what is known."
            await self._refuse(pending, tool, "limit", text)
            return
        read = read_arguments(call.arguments, tool)
        if read.value is None:
            text = repeated(read.problem, call.name, state.faults[call.name])
            await self._refuse(pending, tool, "arguments", text)
            return
        judgement = self._judge(tool, read.value)
        await self.parts.journal.record(
            ToolRequested(
                call_id=call.id,
                turn=state.turn,
                source=source_of(tool),
                arguments=read.value,
                verdict=judgement.verdict,
                why=judgement.why,
                definition=digest_of(tool),
                notes=tool.notes,
                asks=judgement.kind,
                grave=judgement.grave,
            )
        )

    async def _refuse(
        self, pending: Pending, tool: AgentTool | None, fault: Fault, problem: str
    ) -> None:
        await self.parts.journal.record(
            ToolRequested(
                call_id=pending.call.id,
                turn=self.parts.state.turn,
                source=None if tool is None else source_of(tool),
                arguments=self.parts.secrets.redact(pending.call.arguments[:2_000]),
                verdict="refuse",
                fault=fault,
                problem=problem,
            )
        )

    def _judge(self, tool: AgentTool, arguments: Mapping[str, Json]) -> Judgement:
        parts = self.parts
        policy = Policy(parts.settings.rules, parts.mode, parts.secrets)
        return policy.judge(tool, arguments, parts.state.taint)

    async def _ask(self) -> None:
        """All questions of the turn at once; no answer in time is a no."""
        parts = self.parts
        questions = {p.call.id: q for p in parts.state.open_calls if (q := self._question(p))}
        if not questions:
            return
        asked = tuple(questions.values())
        await parts.journal.record(ApprovalRequested(questions=asked))
        rulings = await ask(parts, asked)
        found = rulings or {}
        await parts.journal.record(
            ApprovalDecided(
                rulings={call_id: found.get(q.id, "no") for call_id, q in questions.items()},
                answered=rulings is not None,
            )
        )

    def _question(self, pending: Pending) -> Question | None:
        """What is to be asked before the call; None where nothing is, or it cannot run anyway."""
        request, tool = pending.requested, self.find(pending.call.name)
        if request is None or request.verdict != "ask" or pending.ruling is not None:
            return None
        if tool is None or is_other(tool, request):
            return None
        run_id = self.parts.state.run_id
        return question_for(
            tool,
            pending.arguments,
            Judgement(verdict="ask", why=request.why, kind=request.asks, grave=request.grave),
            run_id=run_id,
            question_id=f"{run_id}.{pending.call.id}",
            secrets=self.parts.secrets,
        )

    def _batches(self, calls: Iterable[Pending]) -> list[list[Pending]]:
        """Calls in order; those that may run beside each other together.

        What spends goes alone too, so that each is told what is really left.
        """
        batches: list[list[Pending]] = []
        shared = False
        for pending in calls:
            tool = self.find(pending.call.name)
            alone = tool is not None and (tool.serial or tool.risk == "spend")
            if alone or not shared:
                batches.append([])
            batches[-1].append(pending)
            shared = not alone
        return batches

    async def _run_together(self, batch: Sequence[Pending]) -> None:
        limiter = anyio.CapacityLimiter(self.parts.settings.parallel)
        errors: list[PointsmanError] = []
        async with anyio.create_task_group() as group:

            async def one(pending: Pending) -> None:
                try:
                    async with limiter:
                        running = Running(self.parts, pending, self.find(pending.call.name))
                        await running.run()
                except PointsmanError as error:  # the journal is not to be had: nothing may run
                    errors.append(error)
                    group.cancel_scope.cancel()

            for pending in batch:
                group.start_soon(one, pending)
        if errors:
            raise errors[0]


async def ask(parts: Parts, questions: Sequence[Question]) -> Mapping[str, Ruling] | None:
    """What a person answered; None: nobody did in time. The run's time stands still meanwhile.

    Raises:
        Parked: they answer later.
    """
    with (
        parts.journal.watch.paused(),
        suppress(PointsmanError),  # the way to them is broken
        anyio.move_on_after(parts.settings.approval_s),
    ):
        return await parts.approver.ask(questions)
    return None
