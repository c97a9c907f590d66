"""Runs over HTTP: begun, followed, answered, stopped, read."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import orjson
import pytest
from starlette.types import Message
from structlog.testing import capture_logs

from pointsman.records import LOCAL
from server.app import App, open_app
from server.http import make_http
from server.mcp import make_mcp
from server.runs.http import Following
from tests.chaos import ChaosUpstream, Exchange, chaos_upstream
from tests.server.runs.script import calling, saying, settings_for
from tools.agent import AgentArguments, AgentResult, agent_tool
from tools.tool import Caller

BASE = "http://127.0.0.1:8642"


@pytest.fixture
async def upstream() -> AsyncIterator[ChaosUpstream]:
    async with chaos_upstream() as upstream:
        yield upstream


@asynccontextmanager
async def opened(
    upstream: ChaosUpstream, home: Path, **more: Any
) -> AsyncGenerator[tuple[httpx.AsyncClient, App], None]:
    async with open_app(settings_for(upstream, **more), home, {}) as app:
        door = make_http(app, make_mcp(app.tools, app.reading, app.toolsets))
        transport = httpx.ASGITransport(app=door)
        async with httpx.AsyncClient(transport=transport, base_url=BASE, timeout=30) as http:
            yield http, app


async def pending(http: httpx.AsyncClient) -> dict[str, Any]:
    """The first question that is open, once there is one."""
    with anyio.fail_after(20):
        while True:
            questions = (await http.get("/api/v1/runs")).json()["questions"]
            if questions:
                question: dict[str, Any] = questions[0]
                return question
            await anyio.lowlevel.checkpoint()


async def test_a_run_is_begun_listed_and_read(tmp_path: Path, upstream: ChaosUpstream) -> None:
    upstream.script(calling(("calculator", {"expression": "6*7"})), saying("42."))
    async with opened(upstream, tmp_path) as (http, _):
        done = (await http.post("/api/v1/runs", json={"task": "What is 6*7?"})).json()
        listed = (await http.get("/api/v1/runs")).json()
        record = (await http.get(f"/api/v1/runs/{done['run_id']}")).json()
        missing = await http.get("/api/v1/runs/nope")
        wrong = await http.post("/api/v1/runs", json={"task": "x", "max_turn": 1})
        deep = orjson.loads('{"a":' * 200 + "1" + "}" * 200)
        endless = await http.post("/api/v1/runs", json={"task": "x", "output_schema": deep})
    assert (done["status"], done["answer"]) == ("completed", "42.")
    assert [r["run_id"] for r in listed["runs"]] == [done["run_id"]]
    assert listed["runs"][0]["status"] == "completed"
    assert (record["steps"], record["questions"]) == (done["steps"], [])
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
    for refused in (wrong, endless):
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_input")


async def test_its_steps_are_followed_as_events(tmp_path: Path, upstream: ChaosUpstream) -> None:
    upstream.script(calling(("calculator", {"expression": "6*7"})), saying("42."))
    headers = {"accept": "text/event-stream"}
    async with opened(upstream, tmp_path) as (http, _):
        answer = await http.post("/api/v1/runs", json={"task": "What is 6*7?"}, headers=headers)
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [part.splitlines() for part in answer.text.strip().split("\n\n")]
    names = [lines[0].removeprefix("event: ") for lines in events]
    assert names == ["step"] * (len(names) - 1) + ["result"]
    told = [orjson.loads(lines[1].removeprefix("data: ")) for lines in events]
    assert any("calculator" in step["message"] for step in told[:-1])
    assert told[-1]["answer"] == "42."


async def test_who_follows_a_run_that_crashes_is_told_nothing_but_that() -> None:
    sent: list[Message] = []

    async def crash(_: AgentArguments, caller: Caller) -> AgentResult:
        raise RuntimeError("a secret")

    async def receive() -> Message:
        await anyio.sleep_forever()
        raise AssertionError

    async def send(message: Message) -> None:
        await anyio.lowlevel.checkpoint()
        sent.append(message)

    with capture_logs() as logs:
        await Following(agent_tool(crash), AgentArguments(task="x"), Caller())({}, receive, send)
    assert [fact["event"] for fact in logs] == ["api.crashed"]
    body = b"".join(message.get("body", b"") for message in sent)
    assert body.startswith(b"event: error\ndata: ")
    assert b'"code":"internal"' in body
    assert b"secret" not in body
    assert sent[-1]["more_body"] is False


@pytest.mark.parametrize(("word", "written"), [("yes", True), ("no", False)])
async def test_a_question_is_answered_over_http(
    word: str, written: bool, tmp_path: Path, upstream: ChaosUpstream
) -> None:
    root = tmp_path / "work"
    root.mkdir()
    call = ("write_file", {"path": "a.txt", "content": "hello"})
    upstream.script(calling(call), saying("Well."))
    done: list[dict[str, Any]] = []
    async with opened(upstream, tmp_path / "home", tools={"roots": [str(root)]}) as (http, _):

        async def begin() -> None:
            done.append((await http.post("/api/v1/runs", json={"task": "Write it."})).json())

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(begin)
            question = await pending(http)
            path = f"/api/v1/runs/{question['run_id']}/answers"
            body = {"question_id": question["question_id"], "answer": word}
            assert (await http.post(path, json={**body, "answer": "maybe"})).status_code == 400
            assert (await http.post(path, json=body)).json() == {"recorded": True}
            assert (await http.post(path, json=body)).status_code == 404  # once only
    assert "write_file" in question["text"]
    assert (root / "a.txt").exists() is written
    assert done[0]["answer"] == "Well."


async def test_a_run_is_stopped_and_gone_on_with(tmp_path: Path, upstream: ChaosUpstream) -> None:
    asked = anyio.Event()

    async def hangs(exchange: Exchange) -> None:
        asked.set()
        await exchange.until_gone()

    upstream.script(hangs, saying("Now I am done."))
    done: list[dict[str, Any]] = []
    async with opened(upstream, tmp_path) as (http, _):

        async def begin() -> None:
            done.append((await http.post("/api/v1/runs", json={"task": "Think."})).json())

        with anyio.fail_after(20):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(begin)
                await asked.wait()
                run_id = (await http.get("/api/v1/runs")).json()["runs"][0]["run_id"]
                told = await http.post(f"/api/v1/runs/{run_id}/cancel")
                assert told.json() == {"cancelled": True}
            await upstream.quiet()  # the model's answer was given up too
        assert done[0]["status"] == "cancelled"
        assert (await http.post(f"/api/v1/runs/{run_id}/cancel")).status_code == 404
        again = (await http.post("/api/v1/runs", json={"resume": run_id})).json()
    assert (again["status"], again["answer"]) == ("completed", "Now I am done.")


async def test_a_vote_over_http_is_counted(tmp_path: Path, upstream: ChaosUpstream) -> None:
    """AT-205: the audience votes while the debate goes on."""
    voted = anyio.Event()
    done: list[dict[str, Any]] = []
    async with opened(upstream, tmp_path) as (http, app):
        ballots = app.agents.doors.ballots

        async def waits(exchange: Exchange) -> None:
            await voted.wait()
            await saying("I speak.")(exchange)

        upstream.script(waits)

        async def begin() -> None:
            asked = {"prompt": "Tabs or spaces?", "mode": "debate", "models": ["m"], "rounds": 1}
            done.append((await http.post("/api/v1/panel", json=asked)).json())

        with anyio.fail_after(30):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(begin)
                while not ballots.running(LOCAL.id):
                    await anyio.lowlevel.checkpoint()
                (debate,) = ballots.running(LOCAL.id)
                body = {"side": "pro", "voter": "me"}
                first = await http.post(f"/api/v1/debates/{debate}/vote", json=body)
                again = await http.post(f"/api/v1/debates/{debate}/vote", json=body)
                voted.set()
    assert first.json() == {"recorded": True, "votes": {"pro": 1, "con": 0}}
    assert again.status_code == 400
    assert done[0]["votes"] == {"pro": 1, "con": 0}


async def test_a_vote_in_no_debate_is_not_found(tmp_path: Path, upstream: ChaosUpstream) -> None:
    async with opened(upstream, tmp_path) as (http, _):
        body = {"side": "pro", "voter": "me"}
        answer = await http.post("/api/v1/debates/nope/vote", json=body)
        bad = await http.post("/api/v1/debates/nope/vote", json={"side": "both", "voter": "me"})
    assert (answer.status_code, bad.status_code) == (404, 400)


async def test_who_follows_a_run_is_told_what_it_asks(
    tmp_path: Path, upstream: ChaosUpstream
) -> None:
    upstream.script(calling(("run_code", {"code": "print(1)"})), saying("No."))
    more: dict[str, Any] = {"agent": {"approval_s": 0.2}}
    async with opened(upstream, tmp_path, **more) as (http, _):
        headers = {"accept": "text/event-stream"}
        answer = await http.post("/api/v1/runs", json={"task": "Run it."}, headers=headers)
    parts = [part.splitlines() for part in answer.text.strip().split("\n\n")]
    events = {lines[0].removeprefix("event: "): lines[1] for lines in parts}
    question = orjson.loads(events["question"].removeprefix("data: "))
    assert question["kind"] == "tool"
    assert "print(1)" in question["text"]
    assert orjson.loads(events["result"].removeprefix("data: "))["answer"] == "No."
