"""A conversation that has grown too long for the model is made shorter, before it is asked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.context.blocks import SUMMARY
from agent.loop.events import HistoryCompacted
from agent.loop.parts import Parts
from agent.loop.prompt import system_message
from agent.loop.size import tokens_of_messages, tokens_of_tools
from agent.task import Failure
from agent.tool import AgentTool
from agent.untrusted.marking import marked
from pointsman.errors import InvalidInput
from pointsman.types import Message

ANSWER_TOKENS = 2_048  # of the window, kept free for the answer
LEAST_ROOM = 256  # tokens for a conversation
MOST_FORCED = 2  # times in a row that it is halved because a model says that it is too long


@dataclass(frozen=True, slots=True)
class Shortening:
    parts: Parts

    async def to_fit(self, tools: Sequence[AgentTool]) -> Failure | None:
        """Make room for the next turn, its tools included; why that cannot be, if it cannot."""
        parts, state = self.parts, self.parts.state
        window = parts.window(state.task.model or parts.settings.model)
        if window is None or parts.compact is None:
            return None
        fixed = tokens_of_tools(tool.spec for tool in tools)
        fixed += tokens_of_messages([system_message(state.task)])
        room = window - fixed - min(ANSWER_TOKENS, window // 4)
        if tokens_of_messages(state.messages) <= room:
            return None
        if room < LEAST_ROOM:
            return Failure(
                code="internal",
                message=f"The definitions of {len(tools)} tools leave no room in {window} tokens.",
                hint="Allow fewer tools, or use a model with a larger context.",
            )
        return await self._shorten(room, forced=False)

    async def by_half(self) -> bool:
        """After a model found it too long, whatever we count; whether there is hope in that."""
        state = self.parts.state
        before = tokens_of_messages(state.messages)
        if state.forced >= MOST_FORCED or before < 2 * LEAST_ROOM:
            return False
        return await self._shorten(before // 2, forced=True) is None

    async def _shorten(self, room: int, *, forced: bool) -> Failure | None:
        parts = self.parts
        if parts.compact is None:
            return Failure(code="internal", message="The conversation is too long.")
        try:
            shorter = await parts.compact(parts.state.messages, room, parts.state.left)
        except InvalidInput as error:
            return Failure(code="internal", message=error.message, hint=error.hint)
        await parts.journal.record(
            HistoryCompacted(
                messages=tuple(map(self._marked, shorter.messages)),
                note=shorter.note,
                cost=shorter.cost,
                tokens=shorter.tokens,
                forced=forced,
            )
        )
        return None

    def _marked(self, message: Message) -> Message:
        """A summary of what others wrote is theirs too, and marked as data."""
        taint = self.parts.state.taint
        head, line_end, body = message.content.partition("\n")
        if not taint.sources or not head.startswith(SUMMARY) or taint.boundary in body:
            return message
        return replace(message, content=head + line_end + marked(body, "summary", taint.boundary))
