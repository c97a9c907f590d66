"""The command line's way to ask the engine that already runs on a home."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import orjson

from pointsman.errors import (
    BudgetExceeded,
    Cause,
    ContentRefused,
    DeadlineExceeded,
    EngineGone,
    InvalidInput,
    NoBackend,
    NotFound,
    PointsmanError,
    RateLimited,
)
from server.windows.link import POLL_S, Link, NoEngine, open_link
from server.windows.messages import COMMAND_META, STREAM_META, Message, NotAMessage, envelope, parse
from server.windows.ownership import is_owned

Progress = Callable[[float, float | None, str | None], Awaitable[None]]
ERRORS: dict[str, type[PointsmanError]] = {
    "invalid_input": InvalidInput,
    "not_found": NotFound,
    "budget_exceeded": BudgetExceeded,
    "cancelled": EngineGone,
}
WITH_CAUSES: dict[str, type[NoBackend | DeadlineExceeded]] = {
    "no_backend": NoBackend,
    "rate_limited": RateLimited,
    "content_refused": ContentRefused,
    "deadline_exceeded": DeadlineExceeded,
}


async def call_engine(
    home: Path,
    tool: str,
    arguments: Mapping[str, Any],
    on_progress: Progress | None = None,
    *,
    stream: bool = False,
    patience_s: float = 30.0,
) -> Any:
    """The structured result of one call of `tool`.

    `on_progress` gets progress, total and message; with `stream`, the message is a piece of the
    answer's text. Leaving early, by cancellation, cancels the call.

    Raises:
        NoEngine: nobody owns `home`, or its owner does not answer within `patience_s`.
        EngineGone: the engine ended while the call was under way.
        PointsmanError: the tool failed; the class is that of the error's code.
    """
    wishes = {"progressToken": 1, COMMAND_META: True} | ({STREAM_META: True} if stream else {})
    link = await _find(home, patience_s)
    async with link.stream:
        params = {"name": tool, "arguments": arguments, "_meta": envelope(**wishes)}
        request = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        await link.stream.send(orjson.dumps(request) + b"\n")
        async for message in _messages(link.lines):
            if message.kind == "response":
                return _result(message.body)
            if on_progress is not None and message.body.get("method") == "notifications/progress":
                told = message.params
                await on_progress(told["progress"], told.get("total"), told.get("message"))
    raise EngineGone("The Pointsman engine ended while this call was under way.", hint="Try again.")


async def _find(home: Path, patience_s: float) -> Link:
    """A link to the engine; one that is just starting is waited for."""
    with anyio.move_on_after(patience_s):
        while True:
            try:
                return await open_link(home)
            except NoEngine:
                if not await anyio.to_thread.run_sync(is_owned, home):
                    raise
                await anyio.sleep(POLL_S)
    raise NoEngine(f"The owner of {home} does not answer.", hint="End it and try again.")


async def _messages(lines: AsyncIterator[bytes | None]) -> AsyncIterator[Message]:
    async for line in lines:
        try:
            yield parse(line or b"")
        except NotAMessage:
            continue  # a word between the engine and a front


def _result(body: dict[str, Any]) -> Any:
    if "error" in body:
        raise PointsmanError(str(body["error"].get("message", "The engine refused the call.")))
    result = body["result"]
    if not result.get("isError"):
        return result.get("structuredContent")
    text = " ".join(part.get("text", "") for part in result.get("content", ()))
    told = (result.get("structuredContent") or {}).get("error") or {}
    raise _error(str(told.get("code", "internal")), told.get("message") or text, told)


def _error(code: str, message: str, told: Mapping[str, Any]) -> PointsmanError:
    hint = told.get("hint")
    if code in WITH_CAUSES:
        causes = [Cause(c["provider"], c["code"], c["message"]) for c in told.get("causes") or ()]
        return WITH_CAUSES[code](message, hint=hint, causes=causes)
    return ERRORS.get(code, PointsmanError)(message, hint=hint)
