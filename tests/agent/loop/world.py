"""A small task with side effects, to be broken off at any place and gone on with.

The model first looks and writes side by side, then pays and reports side by side, then answers.
What is paid is kept by key, as a tool that declares itself idempotent keeps it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from agent.tool import AgentTool, ToolResult, Use
from pointsman.records import Answer, Call
from pointsman.types import Json, ToolSpec
from tests.agent.loop.bench import answer, assert_whole, calls, says

Wait = Callable[[str], Awaitable[None]]
TURNS = (
    calls(("look", {}), ("write", {"text": "a"})),
    calls(("pay", {"usd": 5}), ("report", {}), ("write", {"text": "b"})),
)


@dataclass
class World:
    wait: Wait
    paid: set[str] = field(default_factory=set[str])  # by key
    written: list[Json] = field(default_factory=list[Json])
    ran: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    asked: list[Call] = field(default_factory=list[Call])
    busy: int = 0

    @property
    def tools(self) -> list[AgentTool]:
        return [
            self._tool("look", idempotent=True),
            self._tool("report", idempotent=True, text="x" * 3_000),
            self._tool("pay", self._pay, idempotent=True),
            self._tool("write", self._write, serial=True),
        ]

    async def model(self, call: Call) -> Answer:
        assert_whole(call)
        self.asked.append(call)
        self.busy += 1
        try:
            await self.wait("model")
        finally:
            self.busy -= 1
        done = sum(bool(message.tool_calls) for message in call.request.messages)
        return answer(TURNS[done] if done < len(TURNS) else says("done"))

    def _pay(self, _: Mapping[str, Json], use: Use) -> None:
        self.paid.add(use.call_id)

    def _write(self, arguments: Mapping[str, Json], _: Use) -> None:
        self.written.append(arguments["text"])

    def _tool(
        self,
        name: str,
        effect: Callable[[Mapping[str, Json], Use], None] | None = None,
        *,
        idempotent: bool = False,
        serial: bool = False,
        text: str = "done",
    ) -> AgentTool:
        async def run(arguments: Mapping[str, Json], use: Use) -> ToolResult:
            self.busy += 1
            try:
                await self.wait(f"{name} begins")
                self.ran.append((name, use.call_id))
                if effect is not None:
                    effect(arguments, use)
                await self.wait(f"{name} ends")
            finally:
                self.busy -= 1
            return ToolResult(text=text, cost=1)

        return AgentTool(
            spec=ToolSpec(name=name, description=name, parameters={"type": "object"}),
            run=run,
            idempotent=idempotent,
            serial=serial,
            risk="write" if name == "write" else "read",
        )
