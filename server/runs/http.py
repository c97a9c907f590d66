"""Runs over HTTP: begun, followed, answered and stopped; and votes in a debate."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
import structlog
from pydantic import Field
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from agent.approval.board import Board
from pointsman.agents import Approver, Question, Ruling
from pointsman.errors import PointsmanError
from pointsman.moments import rfc3339
from pointsman.records import LOCAL
from server.api import answering, read_body, while_heard
from server.runs.running import Runs
from tools.agent import AgentArguments
from tools.describe import arguments_from, failure
from tools.panel.ballots import Ballots, Side
from tools.tool import Arguments, Caller, Tool

log = structlog.get_logger("pointsman.api")

LISTED = 50  # of the last runs
CRASHED = "The run failed inside; the server's log says why."


class Answer(Arguments):
    question_id: str = Field(max_length=200)
    answer: Ruling


class Vote(Arguments):
    side: Side
    voter: str = Field(min_length=1, max_length=200)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDoors:
    """The doors to runs; whoever may reach them is who owns them."""

    runs: Runs
    tool: Tool
    board: Board
    ballots: Ballots

    def routes(self) -> Sequence[Route]:
        one = "/api/v1/runs/{id}"
        return [
            _route("/api/v1/runs", "POST", self.begin),
            _route("/api/v1/runs", "GET", self.listed),
            _route(one, "GET", self.one),
            _route(f"{one}/answers", "POST", self.answer),
            _route(f"{one}/cancel", "POST", self.cancel),
            _route("/api/v1/debates/{id}/vote", "POST", self.vote),
        ]

    async def begin(self, request: Request) -> Response:
        given = arguments_from("agent", AgentArguments, await read_body(request))
        caller = Caller(LOCAL, approver=self.board.approver(LOCAL.id))
        if "text/event-stream" in request.headers.get("accept", ""):
            return Following(self.tool, given, caller)
        return _json(await while_heard(request.receive, self.tool, given, caller))

    async def listed(self, _: Request) -> Response:
        heads = await self.runs.host.book.heads(LOCAL.id, LISTED)
        told = [
            {
                "run_id": h.id,
                "task": h.task,
                "status": h.status,
                "started_at": rfc3339(h.started_at),
            }
            for h in heads
        ]
        return _json({"runs": told, "questions": _questions(self.board)})

    async def one(self, request: Request) -> Response:
        return _json(await record(self.runs, self.board, request.path_params["id"]))

    async def answer(self, request: Request) -> Response:
        given = arguments_from("answer", Answer, await read_body(request))
        run_id = request.path_params["id"]
        self.board.answer(run_id, given.question_id, given.answer, LOCAL.id)
        return _json({"recorded": True})

    async def cancel(self, request: Request) -> Response:
        self.runs.stop(request.path_params["id"])
        return _json({"cancelled": True})

    async def vote(self, request: Request) -> Response:
        given = arguments_from("vote", Vote, await read_body(request))
        counts = self.ballots.vote(request.path_params["id"], given.side, given.voter)
        return _json({"recorded": True, "votes": counts})


async def record(runs: Runs, board: Board, run_id: str) -> dict[str, Any]:
    """All that is kept of a run, and what it asks now.

    Raises:
        NotFound: there is no such run.
    """
    result = await runs.recorded(run_id, Caller(LOCAL))
    told = result.model_dump(mode="json", by_alias=True)
    return {**told, "questions": _questions(board, run_id)}


def _questions(board: Board, run_id: str | None = None) -> list[dict[str, Any]]:
    return [_question(question) for question in board.pending(LOCAL.id, run_id)]


def _question(question: Question) -> dict[str, Any]:
    return {
        "question_id": question.id,
        "run_id": question.run_id,
        "kind": question.kind,
        "text": question.text,
    }


@dataclass(frozen=True, slots=True)
class _Told:
    """Tells whoever follows a run what it asks, and has `approver` ask."""

    approver: Approver
    tell: Callable[[object], Awaitable[None]]

    async def ask(self, questions: Sequence[Question]) -> Mapping[str, Ruling]:
        for question in questions:
            await self.tell(_question(question))
        return await self.approver.ask(questions)


class Following(Response):
    """Server-sent events of a run: `step` and `question` as it goes, then `result`, or `error`."""

    def __init__(self, tool: Tool, given: AgentArguments, caller: Caller) -> None:
        super().__init__(media_type="text/event-stream", headers={"cache-control": "no-store"})
        self._call = (tool, given, caller)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        headers = [(k, v) for k, v in self.raw_headers if k != b"content-length"]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

        async def tell(event: str, data: object) -> None:
            body = f"event: {event}\ndata: {orjson.dumps(data).decode()}\n\n".encode()
            await send({"type": "http.response.body", "body": body, "more_body": True})

        async def step(done: float, total: float | None, message: str) -> None:
            await tell("step", {"turn": done, "of": total, "message": message})

        tool, given, caller = self._call
        asking = _Told(caller.approver, partial(tell, "question"))
        watched = Caller(caller.principal, approver=asking, progress=step)
        try:
            await tell("result", await while_heard(receive, tool, given, watched))
        except ClientDisconnect:
            return
        except PointsmanError as error:
            await tell("error", failure(error)["error"])
        except Exception:
            log.exception("api.crashed", tool=tool.name)
            await tell("error", failure(PointsmanError(CRASHED))["error"])
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _route(path: str, method: str, door: Callable[[Request], Awaitable[Response]]) -> Route:
    return Route(path, answering(path, door), methods=[method])


def _json(body: object) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")
