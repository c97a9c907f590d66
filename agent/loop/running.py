"""One call of a tool: started, kept alive by its signs of life, and ended with one result."""

from dataclasses import dataclass

import anyio

from agent.loop.events import Ending, ToolFinished, ToolProgress, ToolStarted
from agent.loop.origin import is_other, origin_of
from agent.loop.parts import Parts
from agent.loop.state import Pending
from agent.results import cut
from agent.tool import AgentTool, ToolResult, Use
from pointsman.errors import PointsmanError

HARD_CAP = 10  # times the idle limit: signs of life put a call's end off no further
UNKNOWN = (
    "The run broke off while this call was under way, so its outcome is unknown: "
    "verify what it did before calling it again."
)
REFUSED = "Refused by the person, or nobody could be asked. Go on without it."
CHANGED = "The tool has changed since it was judged. Read its definition before you call it again."


@dataclass(frozen=True, slots=True)
class Running:
    parts: Parts
    pending: Pending
    tool: AgentTool | None

    async def run(self) -> None:
        """Bring the call to its end.

        Raises:
            StorageFailed: the journal could not be written.
        """
        told = self._without_running()
        if told is not None:
            ending, text = told
            lost = ToolResult(text=text, is_error=True, cost=self.pending.lost_cost)
            await self._finish(lost, ending, 0.0)
        elif self.tool is not None:
            await self._start(self.tool)

    def _without_running(self) -> tuple[Ending, str] | None:
        """What the call ends as where its tool is not to be run."""
        request, tool = self.pending.requested, self.tool
        if request is None or request.fault is not None:
            return "fault", request.problem if request else "The call was not read."
        if request.verdict == "refuse":
            return "refused", f"Refused: {'; '.join(request.why)}."
        if tool is None:
            text = UNKNOWN if self.pending.started else "The tool is not there any more."
            return "unknown" if self.pending.started else "fault", text
        if self.pending.started and not tool.idempotent:
            return "unknown", UNKNOWN
        if is_other(tool, request):
            return "fault", CHANGED
        if request.verdict == "ask" and self.pending.ruling in (None, "no"):
            return "refused", REFUSED
        return self._without_means(tool)

    def _without_means(self, tool: AgentTool) -> tuple[Ending, str] | None:
        if self.parts.work_left_s <= 0:
            return "fault", "The time of the run is over: nothing more can run."
        if tool.risk == "spend" and self.parts.state.left == 0 and self.parts.state.max_cost:
            return "fault", "The budget is used up: nothing that costs money can run."
        return None

    async def _start(self, tool: AgentTool) -> None:
        await self.parts.journal.record(ToolStarted(call_id=self.pending.call.id))
        before = self.parts.journal.watch.spent_s
        result, ending = await self._timed(tool)
        ms = (self.parts.journal.watch.spent_s - before) * 1000
        await self._finish(result, ending, ms)

    async def _timed(self, tool: AgentTool) -> tuple[ToolResult, Ending]:
        idle_s = tool.idle_s or self.parts.settings.tool_s
        end = anyio.current_time() + min(HARD_CAP * idle_s, self.parts.work_left_s)
        with anyio.CancelScope(deadline=min(anyio.current_time() + idle_s, end)) as scope:

            async def progress(done: float, total: float | None, message: str) -> None:
                scope.deadline = min(anyio.current_time() + idle_s, end)
                told = self.parts.secrets.redact(message)
                shown = ToolProgress(
                    call_id=self.pending.call.id, done=done, total=total, message=told
                )
                await self.parts.journal.show(shown)

            state = self.parts.state
            use = Use(
                call_id=f"{state.run_id}.{self.pending.call.id}",
                run_id=state.run_id,
                principal=state.task.principal,
                left=state.left,
                progress=progress,
            )
            return await self._guarded(tool, use), "done"
        lost = self.pending.lost_cost
        return ToolResult(text=_timeout_text(tool), is_error=True, cost=lost), "timeout"

    async def _guarded(self, tool: AgentTool, use: Use) -> ToolResult:
        request = self.pending.requested
        try:
            if tool.accept is not None and request is not None and request.asks == "definition":
                await tool.accept()  # a person has said yes to it
            return await tool.run(self.pending.arguments, use)
        except PointsmanError as error:
            return ToolResult(text=str(error), is_error=True, cost=error.cost or 0)
        except Exception as defect:  # noqa: BLE001 - of a tool; the run goes on without it
            kind = type(defect).__name__  # its words may hold what nobody is to see
            text = f"The tool broke ({kind})."
            return ToolResult(text=text, is_error=True, cost=self.pending.lost_cost)

    async def _finish(self, result: ToolResult, ending: Ending, latency_ms: float) -> None:
        parts, call = self.parts, self.pending.call
        text = parts.secrets.redact(result.text)
        handle = f"r{call.id}"
        shown = cut(text, parts.most_bytes, handle)
        if shown is not None:
            with anyio.CancelScope(shield=True):
                await parts.book.keep(parts.state.run_id, handle, text)
        await parts.journal.record(
            ToolFinished(
                call_id=call.id,
                text=shown or text or "(no output)",
                is_error=result.is_error,
                ending=ending,
                source=origin_of(self.pending, parts.state) if ending == "done" else None,
                handle=handle if shown is not None else None,
                cost=result.cost,
                tokens=result.tokens,
                latency_ms=latency_ms,
            )
        )


def _timeout_text(tool: AgentTool) -> str:
    text = "It took too long and was stopped."
    return text if tool.risk == "read" else f"{text} What it did until then may stand: verify."
