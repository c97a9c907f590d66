"""The command line's way to an engine that runs already."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import orjson
import pytest
from anyio.abc import SocketStream

from pointsman.agents import Question, Ruling
from pointsman.errors import (
    BudgetExceeded,
    DeadlineExceeded,
    EngineGone,
    InvalidInput,
    NoBackend,
    NotFound,
    PointsmanError,
    RateLimited,
)
from server.windows.client import Person, call_engine
from server.windows.lines import read_lines
from server.windows.link import NoEngine
from server.windows.ownership import own_home

Answer = Callable[[Mapping[str, Any]], Awaitable[list[Mapping[str, Any]]]]
HELLO = {"pointsman": "hello"}


@asynccontextmanager
async def engine(
    home: Path, *said: Mapping[str, Any], hung_up: anyio.Event | None = None
) -> AsyncIterator[list[Mapping[str, Any]]]:
    """An engine on `home` that greets, hears one call, says `said` and hangs up."""
    heard = list[Mapping[str, Any]]()

    async def serve(stream: SocketStream) -> None:
        async with stream:
            await stream.send(orjson.dumps(HELLO) + b"\n")
            call = await anext(read_lines(stream))
            heard.append(orjson.loads(call or b""))
            for body in said:
                await stream.send(orjson.dumps({"jsonrpc": "2.0", **body}) + b"\n")
        if hung_up is not None:
            hung_up.set()

    async with own_home(home) as door, anyio.create_task_group() as tasks:
        assert door is not None
        tasks.start_soon(door.listener.serve, serve)
        with anyio.fail_after(10):
            yield heard
        tasks.cancel_scope.cancel()


def failed(code: str, **more: Any) -> dict[str, Any]:
    error = {"code": code, "message": "no", **more}
    content = [{"type": "text", "text": "no"}]
    result = {"isError": True, "content": content, "structuredContent": {"error": error}}
    return {"id": 1, "result": result}


async def test_a_call_gives_the_structured_result_and_its_progress(tmp_path: Path) -> None:
    seen = list[tuple[float, float | None, str | None]]()

    async def on_progress(done: float, total: float | None, message: str | None) -> None:
        seen.append((done, total, message))

    progress = {"progressToken": 1, "progress": 1, "message": "one"}
    said: list[Mapping[str, Any]] = [
        {"method": "notifications/progress", "params": progress},
        {"id": 1, "result": {"content": [], "structuredContent": {"text": "hi"}}},
    ]
    async with engine(tmp_path, *said) as heard:
        result = await call_engine(tmp_path, "complete", {"prompt": "p"}, on_progress, stream=True)
    assert result == {"text": "hi"}
    assert seen == [(1, None, "one")]
    params = heard[0]["params"]
    assert (params["name"], params["arguments"]) == ("complete", {"prompt": "p"})
    assert params["_meta"]["pointsman/stream"] is True


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("invalid_input", InvalidInput),
        ("not_found", NotFound),
        ("budget_exceeded", BudgetExceeded),
        ("cancelled", EngineGone),
        ("no_backend", NoBackend),
        ("rate_limited", RateLimited),
        ("deadline_exceeded", DeadlineExceeded),
        ("internal", PointsmanError),
    ],
)
async def test_an_error_of_the_tool_is_raised_as_its_own_kind(
    tmp_path: Path, code: str, kind: type[PointsmanError]
) -> None:
    async with engine(tmp_path, failed(code, hint="do this")):
        with pytest.raises(PointsmanError) as caught:
            await call_engine(tmp_path, "complete", {})
    assert type(caught.value) is kind
    assert (caught.value.message, caught.value.hint) == ("no", "do this")


async def test_the_causes_of_a_failure_come_with_it(tmp_path: Path) -> None:
    cause = {"provider": "acme", "code": "auth", "message": "key"}
    async with engine(tmp_path, failed("no_backend", causes=[cause])):
        with pytest.raises(NoBackend) as caught:
            await call_engine(tmp_path, "complete", {})
    assert [c.provider for c in caught.value.causes] == ["acme"]


async def test_an_engine_that_ends_meanwhile_is_told_apart_from_none_at_all(
    tmp_path: Path,
) -> None:
    async with engine(tmp_path):
        with pytest.raises(EngineGone):
            await call_engine(tmp_path, "complete", {})
    with pytest.raises(NoEngine):
        await call_engine(tmp_path, "complete", {})


async def test_an_owner_that_does_not_answer_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    async with own_home(tmp_path) as door:
        assert door is not None
        with pytest.raises(NoEngine):
            await call_engine(tmp_path, "complete", {}, patience_s=0.2)


async def test_only_one_owns_a_home_and_only_its_user_can_reach_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    async with own_home(home) as door, own_home(home) as second:
        assert door is not None
        assert second is None
        modes = [path.stat().st_mode & 0o777 for path in (home, home / "engine.sock")]
        assert modes == [0o700, 0o600]
    async with own_home(home) as later:
        assert later is not None


async def test_the_socket_of_an_owner_that_died_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "engine.sock").write_text("left behind")
    async with engine(tmp_path, {"id": 1, "result": {"structuredContent": {}}}):
        assert await call_engine(tmp_path, "complete", {}) == {}


async def test_an_engine_that_ends_while_the_person_thinks_is_gone(tmp_path: Path) -> None:
    asked = {"params": {"message": "May I?", "requestedSchema": {}}}
    result = {"resultType": "input_required", "inputRequests": {"q": asked}, "requestState": "r"}

    hung_up = anyio.Event()

    class Slow:
        async def ask(self, questions: Sequence[Question]) -> Mapping[str, Ruling]:
            await hung_up.wait()
            return {question.id: "yes" for question in questions}

    async with engine(tmp_path, {"id": 1, "result": result}, hung_up=hung_up):
        with pytest.raises(EngineGone):
            await call_engine(tmp_path, "agent", {}, person=Person(approver=Slow()))
