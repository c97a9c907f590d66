"""A panel of scripted backends behind a real dispatcher."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from pointsman.records import Call
from pointsman.types import ChatRequest
from tests.fakes import FakeProvider, counting
from tests.routing.test_dispatch import Bench, bench
from tools.describe import arguments_from
from tools.panel.ballots import Ballots
from tools.panel.tool import Panel, panel_tool
from tools.tool import Caller, Tool


@dataclass
class Table:
    bench: Bench
    ballots: Ballots
    tool: Tool
    calls: list[Call]  # that models were asked with, in the order they were decided

    async def ask(self, caller: Caller | None = None, /, **given: Any) -> dict[str, Any]:
        """The result, as JSON has it."""
        arguments = arguments_from("panel", self.tool.arguments, given)
        result = await self.tool.run(arguments, caller or Caller())
        assert self.tool.read(result)
        return result.model_dump(mode="json")


@asynccontextmanager
async def table(
    providers: Sequence[FakeProvider], sleep: Callable[[float], Awaitable[None]] | None = None
) -> AsyncGenerator[Table, None]:
    async with bench(providers) as b:
        clock = b.clock.clock()
        clock = clock if sleep is None else clock._replace(sleep=sleep)
        ballots = Ballots(clock, counting())
        calls: list[Call] = []
        seen = replace(b.dispatcher, on_decision=lambda call, _: calls.append(call))
        panel = Panel(dispatcher=seen, clock=clock, ballots=ballots)
        yield Table(b, ballots, panel_tool(panel), calls)


def by_role(**says: str | Callable[[ChatRequest], Awaitable[str]]) -> Any:
    """A script that answers by a word of its instructions; each key's `_` is a space."""

    async def script(request: ChatRequest) -> str:
        told = request.messages[0].content.lower()
        for words, say in says.items():
            if words.replace("_", " ") in told:
                return say if isinstance(say, str) else await say(request)
        raise AssertionError(f"nobody expected: {told}")

    return script


def told(request: ChatRequest) -> str:
    """All that a model was shown."""
    return "\n".join(message.content for message in request.messages)
