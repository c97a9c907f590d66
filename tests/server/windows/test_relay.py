"""What a relay does with a window's messages while engines come and go."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import orjson
import pytest
from anyio.abc import SocketStream

from server.windows.handshake import Snapshot
from server.windows.lines import read_lines
from server.windows.link import Link
from server.windows.messages import envelope
from server.windows.relay import Relay

INITIALIZE = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}
SNAPSHOT = Snapshot(
    {
        "2025-06-18": {
            "initialize": {"protocolVersion": "2025-06-18"},
            "tools/list": {"tools": [1]},
        },
        "2025-11-25": {
            "initialize": {"protocolVersion": "2025-11-25"},
            "tools/list": {"tools": [2]},
        },
        "2026-07-28": {"server/discover": {"found": True}, "tools/list": {"tools": [3]}},
    }
)


class Desk:
    """A relay, and what it has written to its window."""

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        self._written, self._read = anyio.create_memory_object_stream[Any](100)
        self.relay = Relay(self._write, snapshot)

    async def _write(self, line: bytes) -> None:
        assert line.endswith(b"\n")
        await self._written.send(orjson.loads(line))

    async def say(self, method: str, id: object = None, **params: Any) -> None:
        body = {"jsonrpc": "2.0", "method": method, "params": params}
        await self.relay.from_window(orjson.dumps(body if id is None else {**body, "id": id}))

    async def hear(self) -> Any:
        with anyio.fail_after(5):
            return await self._read.receive()

    def heard_nothing(self) -> bool:
        return self._read.statistics().current_buffer_used == 0

    def close(self) -> None:
        self._written.close()
        self._read.close()


class ScriptedEngine:
    """The far end of a link: it hears lines, and says what the test tells it to."""

    def __init__(self, stream: SocketStream) -> None:
        self.stream = stream
        self._lines = read_lines(stream)

    async def hear(self) -> Any:
        with anyio.fail_after(5):
            line = await anext(self._lines)
        return orjson.loads(line or b"")

    async def say(self, **body: Any) -> None:
        await self.stream.send(orjson.dumps(body) + b"\n")

    async def answer(self, id: object, **result: Any) -> None:
        await self.say(jsonrpc="2.0", id=id, result=result)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    yield desk
    desk.close()


@pytest.fixture
async def desk_with_snapshot() -> AsyncIterator[Desk]:
    desk = Desk(SNAPSHOT)
    yield desk
    desk.close()


@asynccontextmanager
async def engine_for(desk: Desk) -> AsyncIterator[ScriptedEngine]:
    """An engine that `desk` is linked to; it is gone at the end, and the relay knows."""
    near, far = socket.socketpair()
    stream = await SocketStream.from_socket(near)
    async with anyio.create_task_group() as tasks, await SocketStream.from_socket(far) as end:
        tasks.start_soon(desk.relay.carry, Link(stream, read_lines(stream)))
        yield ScriptedEngine(end)


async def test_messages_pass_both_ways_unchanged(desk: Desk) -> None:
    async with engine_for(desk) as engine:
        await desk.say("tools/call", 1, name="echo")
        assert await engine.hear() == {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": "echo"},
        }
        progress = {"method": "notifications/progress", "params": {"progressToken": 1}}
        await engine.say(jsonrpc="2.0", **progress)
        await engine.answer(1, content=[])
        assert (await desk.hear())["method"] == "notifications/progress"
        assert await desk.hear() == {"jsonrpc": "2.0", "id": 1, "result": {"content": []}}


async def test_what_is_asked_before_an_engine_comes_is_sent_to_it_once(desk: Desk) -> None:
    await desk.say("tools/call", 1, name="echo")
    async with engine_for(desk) as engine:
        assert (await engine.hear())["id"] == 1
        await desk.say("tools/list", 2)
        assert (await engine.hear())["id"] == 2


@pytest.mark.parametrize("modern", [True, False])
async def test_a_call_lost_with_its_engine_is_answered_so_that_it_can_be_retried(
    desk: Desk, modern: bool
) -> None:
    async with engine_for(desk) as engine:
        await desk.say("tools/call", "a", name="echo", **({"_meta": envelope()} if modern else {}))
        await engine.hear()
    answer = await desk.hear()
    assert answer["id"] == "a"
    result = answer["result"]
    assert result["isError"]
    assert result["structuredContent"]["error"]["code"] == "cancelled"
    assert "again" in result["structuredContent"]["error"]["hint"].lower()
    assert ("resultType" in result) is modern


@pytest.mark.parametrize(
    "method", ["tools/list", "resources/read", "ping", "server/discover", "subscriptions/listen"]
)
async def test_a_question_lost_with_its_engine_is_put_to_the_next(desk: Desk, method: str) -> None:
    async with engine_for(desk) as engine:
        await desk.say(method, 5)
        await engine.hear()
    assert desk.heard_nothing()
    async with engine_for(desk) as engine:
        assert (await engine.hear())["method"] == method
        await engine.answer(5)
        assert (await desk.hear())["id"] == 5


async def test_a_call_cancelled_while_it_waits_never_reaches_an_engine(desk: Desk) -> None:
    await desk.say("tools/call", 1, name="echo")
    await desk.say("notifications/cancelled", requestId=1)
    async with engine_for(desk) as engine:
        await desk.say("tools/list", 2)
        assert (await engine.hear())["id"] == 2


async def test_a_cancelled_call_is_passed_on_and_not_answered_when_its_engine_ends(
    desk: Desk,
) -> None:
    async with engine_for(desk) as engine:
        await desk.say("tools/call", 1, name="echo")
        await engine.hear()
        await desk.say("notifications/cancelled", requestId=1)
        assert (await engine.hear())["method"] == "notifications/cancelled"
    assert desk.heard_nothing()


async def test_a_new_engine_is_told_the_handshake_and_the_window_does_not_notice(
    desk: Desk,
) -> None:
    async with engine_for(desk) as engine:
        await desk.say("initialize", 1, **INITIALIZE)
        await engine.hear()
        await engine.answer(1, protocolVersion="2025-06-18")
        await desk.hear()
        await desk.say("notifications/initialized")
        await engine.hear()
    async with engine_for(desk) as engine:
        again = await engine.hear()
        assert (again["method"], again["params"]) == ("initialize", INITIALIZE)
        assert (await engine.hear())["method"] == "notifications/initialized"
        await engine.answer(again["id"], protocolVersion="2025-06-18")
        await desk.say("tools/list", 2)
        await engine.hear()
        await engine.answer(2, tools=[])
        assert (await desk.hear())["id"] == 2


async def test_a_draining_engine_finishes_its_calls_and_gets_no_new_ones(desk: Desk) -> None:
    async with engine_for(desk) as engine:
        await desk.say("tools/call", 1, name="echo")
        await engine.hear()
        await engine.say(pointsman="draining")
        await engine.answer(1, content=[])
        assert (await desk.hear())["id"] == 1
        await desk.say("tools/call", 2, name="echo")
    assert desk.heard_nothing()
    async with engine_for(desk) as engine:
        assert (await engine.hear())["id"] == 2


async def test_an_engines_question_is_answered_to_the_engine_that_asked(desk: Desk) -> None:
    """Every engine counts its requests from 1; an answer must not reach the wrong one."""
    question = {"jsonrpc": "2.0", "method": "elicitation/create", "params": {}}
    async with engine_for(desk) as engine:
        await engine.say(id=1, **question)
        old = await desk.hear()
    withdrawn = await desk.hear()
    assert withdrawn["method"] == "notifications/cancelled"
    assert withdrawn["params"]["requestId"] == old["id"]
    async with engine_for(desk) as engine:
        await engine.say(id=1, **question)
        new = await desk.hear()
        for asked, action in ((old, "late"), (new, "accept")):
            body = {"jsonrpc": "2.0", "id": asked["id"], "result": {"action": action}}
            await desk.relay.from_window(orjson.dumps(body))
        answer = await engine.hear()
        assert (answer["id"], answer["result"]) == (1, {"action": "accept"})


async def test_half_a_line_of_a_dying_engine_does_not_reach_the_window(desk: Desk) -> None:
    async with engine_for(desk) as engine:
        await desk.say("tools/list", 1)
        await engine.hear()
        await engine.stream.send(b'{"jsonrpc":"2.0","id":1,"result":{"tools":[')
    assert desk.heard_nothing()
    async with engine_for(desk) as engine:
        assert (await engine.hear())["id"] == 1


async def test_without_an_engine_what_waited_too_long_is_refused(desk: Desk) -> None:
    await desk.say("tools/call", 1, name="echo")
    await desk.say("tools/list", 2)
    await desk.relay.refuse_waiting(patience_s=1000)
    assert desk.heard_nothing()
    await desk.relay.refuse_waiting(patience_s=0)
    assert (await desk.hear())["result"]["isError"]
    assert (await desk.hear())["error"]["code"] == -32603
    with anyio.fail_after(5):
        await desk.relay.until_quiet()


@pytest.mark.parametrize(
    ("line", "code", "id"),
    [
        (b"{", -32700, None),
        (None, -32700, None),
        (b"\xff\xfe", -32700, None),
        (b"[]", -32600, None),
        (b'{"jsonrpc":"2.0","id":"x"}', -32600, "x"),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600, None),
        (b'{"jsonrpc":"2.0","id":true,"method":"ping"}', -32600, None),
    ],
)
async def test_a_line_that_is_no_message_is_answered_with_an_error(
    desk: Desk, line: bytes | None, code: int, id: object
) -> None:
    await desk.relay.from_window(line)
    answer = await desk.hear()
    assert (answer["error"]["code"], answer["id"]) == (code, id)


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [("2025-06-18", "2025-06-18"), ("2026-07-28", "2025-11-25"), ("1999-01-01", "2025-11-25")],
)
async def test_the_snapshot_answers_a_handshake_as_the_server_would(
    desk_with_snapshot: Desk, asked: str, spoken: str
) -> None:
    desk = desk_with_snapshot
    await desk.say("initialize", 1, **{**INITIALIZE, "protocolVersion": asked})
    assert (await desk.hear())["result"] == {"protocolVersion": spoken}
    await desk.say("tools/list", 2)
    assert (await desk.hear())["result"] == SNAPSHOT.answers[spoken]["tools/list"]
    await desk.say("ping", 3)
    assert (await desk.hear())["result"] == {}
    async with engine_for(desk) as engine:
        assert (await engine.hear())["params"]["protocolVersion"] == asked


async def test_the_snapshot_answers_a_modern_client_without_a_handshake(
    desk_with_snapshot: Desk,
) -> None:
    desk = desk_with_snapshot
    await desk.say("server/discover", 1, _meta=envelope())
    assert (await desk.hear())["result"] == {"found": True}
    await desk.say("tools/list", 2, _meta=envelope())
    assert (await desk.hear())["result"] == {"tools": [3]}


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("tools/list", {}),  # before any handshake
        ("tools/list", {"_meta": envelope(), "cursor": "x"}),
        ("tools/list", {"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}),
        ("tools/list", {"_meta": envelope() | {"io.modelcontextprotocol/protocolVersion": "2"}}),
        ("resources/read", {"_meta": envelope(), "uri": "pointsman://models"}),
        ("initialize", {"protocolVersion": "2025-06-18"}),
    ],
)
async def test_what_the_snapshot_does_not_know_waits_for_the_engine(
    desk_with_snapshot: Desk, method: str, params: dict[str, Any]
) -> None:
    await desk_with_snapshot.say(method, 1, **params)
    assert desk_with_snapshot.heard_nothing()
    async with engine_for(desk_with_snapshot) as engine:
        assert (await engine.hear())["method"] == method


async def test_an_engine_that_is_there_answers_instead_of_the_snapshot(
    desk_with_snapshot: Desk,
) -> None:
    desk = desk_with_snapshot
    async with engine_for(desk) as engine:
        await desk.say("tools/call", 1, name="x")
        await engine.hear()
        await desk.say("tools/list", 2, _meta=envelope())
        assert (await engine.hear())["id"] == 2


async def test_a_window_cannot_make_its_relay_hold_more_than_a_bound(desk: Desk) -> None:
    """T-10: there is no engine, and the window asks on and on."""
    megabytes = "x" * 30_000_000
    for id in (1, 2):
        await desk.say("tools/call", id, name="echo", arguments={"text": megabytes})
    assert desk.heard_nothing()
    await desk.say("tools/call", 3, name="echo", arguments={"text": megabytes})
    answer = await desk.hear()
    assert answer["id"] == 3
    assert answer["result"]["structuredContent"]["error"]["code"] == "rate_limited"
