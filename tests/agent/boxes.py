"""A toolbox for tests."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.tool import AgentTool


@dataclass(frozen=True, slots=True)
class Box:
    """Tools that do not change."""

    all: Sequence[AgentTool]

    async def tools(self, turn: int) -> Sequence[AgentTool]:
        del turn
        return self.all

    def find(self, name: str) -> AgentTool | None:
        return next((tool for tool in self.all if tool.spec.name == name), None)
