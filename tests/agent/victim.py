"""A process with a run under way, to be killed: `python -m tests.agent.victim HOME PLACE`.

It stops at the place that it is told, says so, and waits for its end.
"""

import sys
from pathlib import Path

import anyio

from agent.loop.host import Host
from agent.task import RunResult, Task
from agent.tool import AgentTool, ToolResult, Use
from pointsman.agent_settings import AgentSettings
from pointsman.records import Answer, Call
from pointsman.types import ToolSpec
from storage.database import open_database
from storage.runs import Runs
from tests.agent.boxes import Box
from tests.agent.loop.bench import answer, assert_whole, calls, says
from tests.fakes import SteadyClock

PLACES = ("model 0", "pay begins", "pay ends", "send begins", "send ends", "model 1", "never")
OPEN = {"type": "object"}


class Post:
    """Sends letters: each is a line in a file, and so is each payment, under its key."""

    def __init__(self, home: Path, place: str) -> None:
        self.home = home
        self.place = place

    async def at(self, place: str) -> None:
        if place == self.place:
            sys.stdout.write("here\n")
            sys.stdout.flush()
            await anyio.sleep_forever()

    async def model(self, call: Call) -> Answer:
        assert_whole(call)
        done = sum(bool(message.tool_calls) for message in call.request.messages)
        await self.at(f"model {done}")
        return answer(calls(("pay", {}), ("send", {})) if done == 0 else says("done"))

    async def pay(self, _: object, use: Use) -> ToolResult:
        await self.at("pay begins")
        await anyio.Path(
            self.home, f"paid-{use.call_id}"
        ).touch()  # once more under the same key is nothing
        await self.at("pay ends")
        return ToolResult(text="paid")

    async def send(self, _: object, use: Use) -> ToolResult:
        await self.at("send begins")
        async with await anyio.open_file(self.home / "sent", "a") as letters:
            await letters.write(f"{use.call_id}\n")
        await self.at("send ends")
        return ToolResult(text="sent")

    @property
    def tools(self) -> Box:
        pay = AgentTool(
            spec=ToolSpec(name="pay", description="Pay.", parameters=OPEN),
            run=self.pay,
            idempotent=True,
            serial=True,
        )
        send = AgentTool(
            spec=ToolSpec(name="send", description="Send.", parameters=OPEN),
            run=self.send,
            serial=True,
        )
        return Box([pay, send])


async def run(home: Path, place: str, task: Task) -> RunResult:
    post = Post(home, place)
    async with open_database(home / "ledger.db", kind="ledger") as database:
        host = Host(
            complete=post.model,
            book=Runs(database),
            settings=AgentSettings(),
            clock=SteadyClock().clock(),
            new_id=lambda: "run-1",
        )
        return await host.run(task, post.tools)


if __name__ == "__main__":
    anyio.run(run, Path(sys.argv[1]), sys.argv[2], Task(text="pay and send"))
