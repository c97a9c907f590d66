"""The JSON doors under /api/v1: each leads to a tool, and tells its failures as a tool does."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import anyio
import orjson
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive

from pointsman.errors import Code, InvalidInput, PointsmanError
from pointsman.records import LOCAL
from tools.describe import arguments_from, failure
from tools.tool import Caller, Tool

log = structlog.get_logger("pointsman.api")

STATUS: Mapping[Code, int] = {
    "invalid_input": 400,
    "unauthorized": 401,
    "budget_exceeded": 402,
    "forbidden": 403,
    "not_found": 404,
    "content_refused": 422,
    "rate_limited": 429,
    "internal": 500,
    "cancelled": 503,
    "no_backend": 503,
    "deadline_exceeded": 504,
}
LARGEST_BODY = 4 * 2**20  # bytes; the MCP SDK's own limit, said here in words
GONE = 499  # nobody reads it: the client has left

Find = Callable[[str], Tool]
Read = Callable[[Request], Awaitable[dict[str, Any]]]
Shape = Callable[[dict[str, Any]], dict[str, Any]]


class TooLarge(InvalidInput):
    """A body of more bytes than are taken."""


def api_routes(find: Find, most_bytes: int = LARGEST_BODY) -> list[Route]:
    """The doors to the tools that `find` finds; a body has at most `most_bytes`."""

    async def read(request: Request) -> dict[str, Any]:
        return await read_body(request, most_bytes)

    def get(path: str, tool: str, shape: Shape, **usual: Any) -> Route:
        door = _door(find, tool, lambda request: _query(request, usual), shape)
        return Route(path, door, methods=["GET"])

    def post(path: str, tool: str) -> Route:
        return Route(path, _door(find, tool, read, _as_it_is), methods=["POST"])

    return [
        get("/api/v1/llm/cache-analytics", "cache_stats", analytics, since="all"),
        get("/api/v1/cache/stats", "cache_stats", _as_it_is),
        post("/api/v1/cache/purge", "cache_purge"),
        post("/api/v1/cache/report-wrong", "cache_report_wrong"),
        post("/api/v1/cache/warm", "cache_warm"),
        post("/api/search", "web_search"),
        post("/api/v1/panel", "panel"),
    ]


def analytics(stats: dict[str, Any]) -> dict[str, Any]:
    """What `cache_stats` says as CA-27 names it: a share, USD, a list, and a number of answers."""
    return {
        "hit_rate": stats["totals"]["hit_rate"],
        "savings": stats["totals"]["saved_usd"],
        "top_cached_queries": [
            {"query": top["prompt"], **{k: v for k, v in top.items() if k != "prompt"}}
            for top in stats["top"]
        ],
        "cache_size": stats["layers"]["database_items"],
    }


def refused(_: Request, error: Exception) -> Response:
    """The answer to a request that no door takes: there is none, or not for its method."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    code: Code = "not_found" if status == 404 else "invalid_input"
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    told = {
        404: "There is nothing at this path.",
        405: f"This path takes {headers.get('Allow', 'another method')} only.",
    }
    message = told.get(status, "The request cannot be answered.")
    return _json({"error": {"code": code, "message": message}}, status, headers)


def _door(
    find: Find, name: str, read: Read, shape: Shape
) -> Callable[[Request], Awaitable[Response]]:
    async def door(request: Request) -> Response:
        tool = find(name)
        given = arguments_from(name, tool.arguments, await read(request))
        return _json(shape(await while_heard(request.receive, tool, given)))

    return answering(name, door)


def answering(
    name: str, door: Callable[[Request], Awaitable[Response]]
) -> Callable[[Request], Awaitable[Response]]:
    """`door`, with its failures told as every door tells them."""

    async def answer(request: Request) -> Response:
        try:
            return await door(request)
        except ClientDisconnect:
            return Response(status_code=GONE)
        except PointsmanError as error:
            log.info("api.failed", tool=name, code=error.code)
            # pointsman: allow error-told -- our own words, written for the caller
            return _failed(error)
        except Exception:
            log.exception("api.crashed", tool=name)
            return _failed(PointsmanError(f"{name} failed inside; the server's log says why."))

    return answer


async def while_heard(
    receive: Receive, tool: Tool, given: Any, caller: Caller | None = None
) -> dict[str, Any]:
    """The result of `tool`, which is cancelled when the client goes away.

    Raises:
        ClientDisconnect: it did.
    """
    result: dict[str, Any] | None = None
    failure: Exception | None = None

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        try:
            told = await tool.run(given, caller or Caller(LOCAL))
            result = told.model_dump(mode="json", by_alias=True)
        except Exception as error:  # noqa: BLE001 -- raised below, not bundled by the task group
            failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
    if result is None:
        raise ClientDisconnect
    return result


async def _query(request: Request, usual: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments in a query; `group_by` may be given again, or with commas."""
    given: dict[str, Any] = {**usual, **request.query_params}
    if "group_by" in given:
        given["group_by"] = _split(request.query_params.getlist("group_by"))
    return given


def _split(values: Sequence[str]) -> list[str]:
    return [part for value in values for part in value.split(",") if part]


async def read_body(request: Request, most_bytes: int = LARGEST_BODY) -> dict[str, Any]:
    """The JSON object in a body; an empty one is none.

    Raises:
        InvalidInput: it is something else, or too large.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            raise TooLarge(f"The request has more than the {most_bytes:,} bytes that are taken.")
    try:
        given = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"The body is not JSON: {error}.") from error
    if not isinstance(given, dict):
        raise InvalidInput("The body is not a JSON object.")
    return given


def _failed(error: PointsmanError) -> Response:
    status = 413 if isinstance(error, TooLarge) else STATUS[error.code]
    retry_after_s: float | None = getattr(error, "retry_after_s", None)
    headers = {} if retry_after_s is None else {"retry-after": str(max(1, round(retry_after_s)))}
    return _json(failure(error), status, headers)


def _json(
    body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(orjson.dumps(body), status, headers=headers, media_type="application/json")


def _as_it_is(result: dict[str, Any]) -> dict[str, Any]:
    return result
