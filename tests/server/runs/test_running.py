"""What a person is told of the servers whose tools a run did not have."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from anyio.abc import SocketAttribute, SocketStream

from agent.attach.toolbox import AttachedToolbox
from server.runs.running import surroundings
from tests.agent.attach.attaching import attached


@asynccontextmanager
async def silent() -> AsyncGenerator[tuple[str, anyio.Event], None]:
    """The address of a server that never answers, and whether it was asked."""
    asked = anyio.Event()

    async def hear(stream: SocketStream) -> None:
        async with stream:
            await stream.receive()
            asked.set()
            await anyio.sleep_forever()

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, hear)
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610 -- not of a database
        yield f"http://127.0.0.1:{port}/mcp", asked
        tasks.cancel_scope.cancel()


async def test_servers_that_did_not_answer_or_are_disabled_are_told_of(tmp_path: Path) -> None:
    with anyio.fail_after(20):
        async with silent() as (url, asked):
            servers = {"m": {"url": url}, "off": {"url": url, "disabled": True}, "x": {"url": url}}
            async with attached(tmp_path, servers) as (attachments, _):
                await attachments.tools(["m", "off"], wait_s=0.01)
                await asked.wait()
                box = AttachedToolbox([], attachments)
                named = surroundings(box, attachments, ["m", "off"])
                unnamed = surroundings(box, attachments, None)
    assert named == ["server m did not answer in time", "server off is disabled"]
    assert unnamed == ["server m did not answer in time"]
