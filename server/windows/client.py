"""The command line's way to ask the engine that already runs on a home."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import orjson

from pointsman.agents import NOBODY, Approver, Question
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
from server.windows.messages import (
    CAPABILITIES_KEY,
    COMMAND_META,
    ROOTS_META,
    STREAM_META,
    NotAMessage,
    envelope,
    parse,
)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """On whose behalf the command line calls: how they are asked, and what they open."""

    approver: Approver = NOBODY
    roots: Sequence[Path] = ()


async def call_engine(
    home: Path,
    tool: str,
    arguments: Mapping[str, Any],
    on_progress: Progress | None = None,
    *,
    stream: bool = False,
    patience_s: float = 30.0,
    person: Person | None = None,
) -> Any:
    """The structured result of one call of `tool`.

    `on_progress` gets progress, total and message; with `stream`, the message is a piece of the
    answer's text. Leaving early, by cancellation, cancels the call. What the tool asks on the way
    is answered by `person`.

    Raises:
        NoEngine: nobody owns `home`, or its owner does not answer within `patience_s`.
        EngineGone: the engine ended while the call was under way.
        PointsmanError: the tool failed; the class is that of the error's code.
    """
    wishes: dict[str, Any] = {"progressToken": 1, COMMAND_META: True}
    if stream:
        wishes[STREAM_META] = True
    if person is not None:
        wishes[CAPABILITIES_KEY] = {"elicitation": {"form": {}}}
        wishes[ROOTS_META] = [str(root) for root in person.roots]
    meta = envelope(**wishes)
    params: dict[str, Any] = {"name": tool, "arguments": arguments, "_meta": meta}
    link = await _find(home, patience_s)
    async with link.stream:
        while True:
            body = await _ask(link, params, on_progress)
            result = body.get("result") or {}
            if result.get("resultType") != "input_required" or person is None:
                return _result(body)
            params["inputResponses"] = await _answers(person.approver, result["inputRequests"])
            params["requestState"] = result.get("requestState")


async def _ask(link: Link, params: Mapping[str, Any], on_progress: Progress | None) -> Any:
    """The response to one `tools/call`.

    Raises:
        EngineGone: there was none.
    """
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    gone = EngineGone(
        "The Pointsman engine ended while this call was under way.", hint="Try again."
    )
    try:
        await link.stream.send(orjson.dumps(request) + b"\n")
    except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
        raise gone from error  # it went while a person was thinking
    async for line in link.lines:
        try:
            message = parse(line or b"")
        except NotAMessage:
            continue  # a word between the engine and a front
        if message.kind == "response":
            return message.body
        if on_progress is not None and message.body.get("method") == "notifications/progress":
            told = message.params
            await on_progress(told["progress"], told.get("total"), told.get("message"))
    raise gone


async def _answers(approver: Approver, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What `approver` says to each elicitation in `asked`, as the protocol has it."""
    questions = [
        Question(
            id=key,
            run_id="",
            kind="tool" if "always" in str(request["params"]["requestedSchema"]) else "budget",
            text=str(request["params"]["message"]),
        )
        for key, request in asked.items()
    ]
    rulings = await approver.ask(questions)
    return {
        question.id: {"action": "accept", "content": {"answer": rulings.get(question.id, "no")}}
        for question in questions
    }


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
