"""Just enough of JSON-RPC for what stands between a window and the engine."""

import json
from dataclasses import dataclass
from typing import Any, Literal, TypeGuard

import orjson

from pointsman import __version__
from pointsman.errors import PointsmanError

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
INTERNAL_ERROR = -32603
MODERN = "2026-07-28"  # the first revision in which every request says its own version
VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
CLIENT_KEY = "io.modelcontextprotocol/clientInfo"
COMMAND_META = "pointsman/command"  # ours, likewise: the command line asks, which sees all tools
ROOTS_META = "pointsman/roots"  # ours, with a command: the folders it opens to the tools
STREAM_META = "pointsman/stream"  # ours, in a call's _meta: send text as it comes, as progress

Kind = Literal["request", "notification", "response"]
Id = str | int


@dataclass(frozen=True, slots=True)
class Message:
    """One line, and what it says it is."""

    line: bytes
    kind: Kind
    body: dict[str, Any]

    @property
    def id(self) -> Id:
        found: Id = self.body["id"]
        return found

    @property
    def method(self) -> str:
        found: str = self.body["method"]
        return found

    @property
    def params(self) -> dict[str, Any]:
        """The parameters; none where they are not an object (the engine will say so)."""
        found = self.body.get("params")
        return found if isinstance(found, dict) else {}

    @property
    def version(self) -> str | None:
        """The protocol revision that a modern request names; None for an older one."""
        meta = self.params.get("_meta")
        found = meta.get(VERSION_KEY) if isinstance(meta, dict) else None
        return found if isinstance(found, str) else None

    def without_content(self) -> "Message":
        """What is needed to answer it, should its engine end: not what it asked for."""
        meta = {} if self.version is None else {VERSION_KEY: self.version}
        body = {"id": self.id, "method": self.method, "params": {"_meta": meta}}
        return Message(b"", self.kind, body)


UNREADABLE = (
    "Parse error: a message is one line of JSON; it holds no half of a surrogate pair, no NaN and "
    "no number too large."
)


class NotAMessage(ValueError):
    """A line that is not JSON-RPC: `code`, `id` and text are those of the error to answer."""

    def __init__(self, code: int, text: str, id: object = None) -> None:
        super().__init__(text)
        self.code = code
        self.id = id if _is_id(id) else None


def parse(line: bytes) -> Message:
    """
    Raises:
        NotAMessage: it is not one.
    """
    try:
        body = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise NotAMessage(PARSE_ERROR, UNREADABLE, _id_in(line)) from error
    if not isinstance(body, dict):
        raise NotAMessage(INVALID_REQUEST, "Invalid request: a message is one JSON object.")
    if "method" in body and isinstance(body["method"], str):
        if "id" not in body:
            return Message(line, "notification", body)
        if _is_id(body["id"]):
            return Message(line, "request", body)
    elif ("result" in body or "error" in body) and _is_id(body.get("id")):
        return Message(line, "response", body)
    raise NotAMessage(INVALID_REQUEST, "Invalid request: not a JSON-RPC message.", body.get("id"))


def result_line(id: Id, result: object) -> bytes:
    return orjson.dumps({"jsonrpc": "2.0", "id": id, "result": result}) + b"\n"


def error_line(id: Id | None, code: int, text: str) -> bytes:
    error = {"code": code, "message": text}
    return orjson.dumps({"jsonrpc": "2.0", "id": id, "error": error}) + b"\n"


def notification_line(method: str, params: object) -> bytes:
    return orjson.dumps({"jsonrpc": "2.0", "method": method, "params": params}) + b"\n"


def refusal_line(request: Message, error: PointsmanError) -> bytes:
    """The answer to a request that cannot be served: a tool call gets one its model can read."""
    if request.method != "tools/call":
        return error_line(request.id, INTERNAL_ERROR, str(error))
    told = {"code": error.code, "message": error.message, "hint": error.hint}
    result: dict[str, Any] = {
        "content": [{"type": "text", "text": str(error)}],
        "structuredContent": {"error": told},
        "isError": True,
    }
    if request.version is not None:
        result["resultType"] = "complete"
    return result_line(request.id, result)


def envelope(**more: object) -> dict[str, object]:
    """The `_meta` of a modern request of ours."""
    return {
        VERSION_KEY: MODERN,
        CAPABILITIES_KEY: {},
        CLIENT_KEY: {"name": "pointsman", "version": __version__},
        **more,
    }


def _id_in(line: bytes) -> object:
    """The id in a line that is JSON only to a lenient reader: half a surrogate pair, NaN, 1e400."""
    try:
        body = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return body.get("id") if isinstance(body, dict) else None


def _is_id(value: object) -> TypeGuard[Id]:
    return isinstance(value, str | int) and not isinstance(value, bool)
