"""One question to a model, with what it may cost, and what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.loop.events import Limit, ModelAnswered, ModelFailed, ModelRequested, Purpose
from agent.loop.limits import tokens_left
from agent.loop.parts import Parts
from agent.loop.prompt import last_words, system_message
from agent.loop.size import tokens_of_messages
from agent.task import Failure
from agent.tool import AgentTool
from pointsman.errors import PointsmanError
from pointsman.records import Answer, Call
from pointsman.types import ChatRequest, ToolCall

MOST_OUTPUT = 16_384  # tokens; an answer is bounded only where less than that is left

LONGEST_NAME = 200  # characters of a tool's name that a model made up


@dataclass(frozen=True, slots=True)
class Asking:
    parts: Parts

    async def ask(
        self, purpose: Purpose, tools: Sequence[AgentTool] = (), limit: Limit | None = None
    ) -> None:
        """Ask, and journal what comes of it.

        Raises:
            StorageFailed: the journal could not be written.
        """
        state = self.parts.state
        turn = state.turn + (purpose == "turn")
        call = self._call(tools, limit)
        await self.parts.journal.record(
            ModelRequested(
                turn=turn,
                purpose=purpose,
                shown=tuple(tool.spec.name for tool in tools),
                prefer=call.prefer,
                max_cost=call.max_cost,
                limit=limit,
            )
        )
        try:
            answer = await self.parts.complete(call)
        except PointsmanError as error:
            failure = Failure(code=error.code, message=error.message, hint=error.hint)
            failed = ModelFailed(turn=turn, purpose=purpose, failure=failure, cost=error.cost or 0)
            await self.parts.journal.record(failed)
        else:
            await self.parts.journal.record(_answered(answer, turn, purpose))

    def _call(self, tools: Sequence[AgentTool], limit: Limit | None) -> Call:
        state, task = self.parts.state, self.parts.state.task
        said = () if limit is None else (last_words(limit),)
        messages = (system_message(task), *state.messages, *said)
        left = tokens_left(state) - tokens_of_messages(messages)
        as_json = task.output_schema is not None and not tools
        return Call(
            request=ChatRequest(
                messages=messages,
                tools=tuple(tool.spec for tool in tools),
                max_tokens=max(left, 1) if left < MOST_OUTPUT else None,
                json_schema=task.output_schema if as_json else None,
            ),
            model=task.model or self.parts.settings.model,
            prefer="quality" if state.trouble else task.prefer,
            session_id=task.session or state.run_id,
            max_cost=state.left,
            deadline_s=max(self.parts.left_s, 0.001),
            cache="off",
            principal=task.principal,
            tool="agent",
            metadata={"run_id": state.run_id},
        )


def _answered(answer: Answer, turn: int, purpose: Purpose) -> ModelAnswered:
    completion = answer.completion
    return ModelAnswered(
        turn=turn,
        purpose=purpose,
        text=completion.text,
        calls=_numbered(completion.tool_calls, turn) if purpose == "turn" else (),
        model=answer.name,
        cost=answer.cost,
        usage=completion.usage,
        finish=completion.finish_reason,
        latency_ms=answer.latency_ms,
    )


def _numbered(calls: Sequence[ToolCall], turn: int) -> tuple[ToolCall, ...]:
    """The calls with ids that no other of the run has; models repeat theirs, or give none."""
    return tuple(
        ToolCall(f"c{turn:04}{number:04}", call.name[:LONGEST_NAME], call.arguments)
        for number, call in enumerate(calls)
    )
