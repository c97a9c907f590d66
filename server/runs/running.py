"""Runs tasks for the `agent` tool: with which tools, for whom, and what is told on the way."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

import anyio

from agent.attach.attachments import Attachments
from agent.attach.config import ServerConfig
from agent.attach.server import Attached as Status
from agent.attach.toolbox import AttachedToolbox
from agent.loop.events import Event, Resumed, RunStarted
from agent.loop.host import Host
from agent.own import own_tool
from agent.task import RunResult, Task
from agent.tool import AgentTool
from agent.untrusted.secrets import NO_SECRETS, Secrets
from pointsman.agent_settings import AgentSettings
from pointsman.errors import NotFound
from pointsman.money import nano_from_usd, usd
from pointsman.seams import Catalogue
from server.runs.attached import Attached
from server.runs.steps import Steps
from tools.agent import AgentArguments, AgentResult, StepOut
from tools.complete import UsageOut
from tools.tool import Caller, Tool

SHARE = 0.3  # of the largest context that there is, for the definitions of tools

Attach = Callable[[Path], AbstractAsyncContextManager[Attached]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """What the door to the agent opens."""

    host: Host
    tools: Mapping[str, Tool]  # ours, by name
    offered: Sequence[str]  # of them, the most useful first; the rest only where `tools` names it
    attached: Attached
    attach: Attach  # the servers of another file, for one run
    secrets: Callable[[Sequence[ServerConfig]], Secrets]  # with those of these servers
    catalogue: Catalogue
    live: dict[str, anyio.CancelScope] = field(default_factory=dict[str, anyio.CancelScope])

    async def run(self, given: AgentArguments, caller: Caller) -> AgentResult:
        """The result of the task; a run that was stopped from elsewhere too.

        Raises:
            Parked: a person answers with a later call.
            PointsmanError: there is no such tool, server or run, or its record cannot be kept.
        """
        task = bounded(task_of(given, caller), self.host.settings, caller)
        terms = task
        if task.resume is not None:  # with the tools and servers that it began with
            terms = await self.host.terms(task.resume, task.principal)
        teller = _Teller(caller, self.live)
        async with self._attached(terms.servers, caller) as (attached, names):
            box = self._toolbox(terms, caller, attached.attachments, names)
            teller.secrets = self.secrets(attached.configs)
            host = replace(self.host, secrets=teller.secrets)
            try:
                with anyio.CancelScope() as teller.scope:
                    done = await host.run(task, box, caller.approver, teller.on_event)
                    return _result(done, surroundings(box, attached.attachments, names))
            finally:
                self.live.pop(teller.run_id, None)
        return await self.recorded(teller.run_id, caller)  # it was stopped, and that is recorded

    async def recorded(self, run_id: str, caller: Caller) -> AgentResult:
        """A run as its record has it.

        Raises:
            NotFound: there is none of this principal.
        """
        return _result(await self.host.recorded(run_id, caller.principal))

    def stop(self, run_id: str) -> None:
        """End a run that is under way here; it can be gone on with.

        Raises:
            NotFound: it is not.
        """
        scope = self.live.get(run_id)
        if scope is None:
            raise NotFound(f"No run {run_id[:64]!r} is under way here.")
        scope.cancel()

    @asynccontextmanager
    async def _attached(
        self, servers: Sequence[str] | None, caller: Caller
    ) -> AsyncGenerator[tuple[Attached, Sequence[str] | None], None]:
        """The servers to use; the owner of the home may name a file of their own.

        Raises:
            NotFound: no server of that name is listed.
        """
        files = [name for name in servers or () if caller.owner and "/" in name]
        if files:
            async with self.attach(Path(files[0])) as attached:
                yield attached, None
            return
        known = {status.name for status in self.attached.attachments.statuses()}
        for name in servers or ():
            if name not in known:
                listed = ", ".join(sorted(known)) or "none"
                raise NotFound(
                    f"There is no server {name[:80]!r} in the mcp.json that is in use.",
                    hint=f"Listed are: {listed}.",
                )
        yield self.attached, servers

    def _toolbox(
        self,
        task: Task,
        caller: Caller,
        attachments: Attachments,
        servers: Sequence[str] | None,
    ) -> AttachedToolbox:
        window = max((model.context for model in self.catalogue.models), default=0)
        most = min(self.host.settings.definitions_tokens, int(window * SHARE))
        return AttachedToolbox(
            self._own(task.tools, caller),
            attachments,
            servers=servers,
            definitions_tokens=most,
            only=task.tools,
            task=task.text,
        )

    def _own(self, names: Sequence[str] | None, caller: Caller) -> Sequence[AgentTool]:
        """Our tools that the run may use.

        Raises:
            NotFound: there is none of a name that no attached tool can have.
        """
        known = self.tools
        for name in names or ():
            if name not in known and "__" not in name and "/" not in name:
                near = get_close_matches(name, known, n=3)
                hint = f"Did you mean {' or '.join(near)}?" if near else None
                raise NotFound(f"There is no tool {name[:80]!r} for an agent.", hint=hint)
        wanted = self.offered if names is None else names
        return [own_tool(known[name], caller) for name in wanted if name in known]


class _Teller:
    """Tells whoever called what happens, and knows how to stop it."""

    def __init__(self, caller: Caller, live: dict[str, anyio.CancelScope]) -> None:
        self._steps = Steps()
        self._progress = caller.progress
        self._turns: int | None = None
        self._live = live
        self.run_id = ""
        self.secrets = NO_SECRETS
        self.scope = anyio.CancelScope()

    async def on_event(self, event: Event) -> None:
        if isinstance(event, RunStarted | Resumed):
            self.run_id = event.run_id
            self._turns = event.task.max_turns
            self._live[event.run_id] = self.scope
        told = self._steps.tell(event)
        if told is not None and self._progress is not None:
            await self._progress(self._steps.turn, self._turns, self.secrets.redact(told))


def bounded(task: Task, settings: AgentSettings, caller: Caller) -> Task:
    """`task` within what the operator allows a caller who is not the owner of the home."""
    if caller.owner:
        return task
    most = nano_from_usd(settings.max_cost_usd)
    return replace(
        task,
        max_cost=None if task.max_cost is None else min(task.max_cost, most),
        approve="never" if settings.approve == "never" else task.approve,
    )


def task_of(given: AgentArguments, caller: Caller) -> Task:
    """The task as the host takes it."""
    return Task(
        text=given.task,
        context=given.context,
        tools=None if given.tools is None else tuple(given.tools),
        servers=None if given.servers is None else tuple(given.servers),
        model=given.model,
        max_turns=given.max_turns,
        max_cost=None if given.max_cost_usd is None else nano_from_usd(given.max_cost_usd),
        deadline_s=given.deadline_s,
        approve=given.approve,
        output_schema=given.output_schema,
        resume=caller.parked or given.resume,
        principal=caller.principal,
    )


def surroundings(
    box: AttachedToolbox, attachments: Attachments, names: Sequence[str] | None
) -> Sequence[str]:
    """What a person should know of the tools there were."""
    wanted = [s for s in attachments.statuses() if names is None or s.name in names]
    return [
        *([box.note] if box.mode == "search" else []),
        *(told for s in wanted if (told := _missing(s, named=names is not None))),
    ]


def _missing(server: Status, *, named: bool) -> str | None:
    """Why a server's tools were not there; one that is disabled is missed only if it was named."""
    if server.state == "failed":
        return f"server {server.name} was not there: {server.problem}"
    if server.state == "connecting":
        return f"server {server.name} did not answer in time"
    if server.state == "disabled" and named:
        return f"server {server.name} is disabled"
    return None


def _result(result: RunResult, more: Sequence[str] = ()) -> AgentResult:
    usage = result.usage
    notes = [*result.notes, *more]
    if result.error is not None:
        hint = f" {result.error.hint}" if result.error.hint else ""
        notes.append(f"{result.error.message}{hint}")
    steps: list[Mapping[str, object]] = [
        {name: getattr(step, name) for name in StepOut.model_fields} for step in result.steps
    ]
    return AgentResult(
        run_id=result.run_id,
        status=result.status,
        answer=result.answer,
        json=result.json,
        steps=[StepOut.model_validate(step) for step in steps],
        usage=UsageOut.model_validate(usage, from_attributes=True),
        cost_usd=usd(result.cost),
        models=list(result.models),
        notes=notes or None,
    )
