"""What went wrong with an attached server, in plain words: no key, no URL, no stack."""

import httpx2
from mcp import MCPError
from mcp.client.subscriptions import SubscriptionLost
from mcp.types import CONNECTION_CLOSED, INTERNAL_ERROR, INVALID_REQUEST
from pydantic import ValidationError

from agent.attach.failure import Failed
from agent.attach.http import TooLong
from agent.attach.traces import Traces
from agent.untrusted.cleaning import line
from pointsman.errors import ConfigError

FINAL = (FileNotFoundError, NotADirectoryError, PermissionError)
STATUS = {
    401: "it refused our credentials (HTTP 401): look at its headers",
    403: "it refused our credentials (HTTP 403): look at its headers",
}

# What the SDK says itself; servers use the same codes for things of their own.
CLOSED = (CONNECTION_CLOSED, "Connection closed")
ENDED = (INVALID_REQUEST, "Session terminated")
REFUSED = (INTERNAL_ERROR, "Server returned an error response")
PLAIN: tuple[tuple[type[BaseException], str], ...] = (
    (FileNotFoundError, "the command or its folder was not found"),
    (NotADirectoryError, "the command or its folder was not found"),
    (PermissionError, "the command may not be run"),
    (TimeoutError, "it did not answer in time"),
    (httpx2.TimeoutException, "it did not answer in time"),
    (TooLong, "its answer was too long"),
    (httpx2.ConnectError, "nothing answers at its address"),
    (httpx2.HTTPError, "the connection broke"),
    (ValidationError, "its answer does not follow the protocol"),
)


def failure(error: BaseException, traces: Traces) -> Failed:
    """Why a connection is over."""
    error = leaf(error)
    if isinstance(error, Failed):
        return error
    if isinstance(error, ConfigError):  # ours: the pins are damaged
        return Failed(error.message, again=False)
    final = traces.refusal in STATUS or isinstance(error, FINAL)
    return Failed(explain(error, traces.refusal), again=not final)


def leaf(error: BaseException) -> BaseException:
    """The first error in nested groups that is not one itself."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def is_lost(error: BaseException) -> bool:
    """Whether the connection is of no more use."""
    error = leaf(error)
    if isinstance(error, MCPError):
        return (error.code, error.message) in (CLOSED, ENDED)
    return isinstance(error, httpx2.TransportError | OSError | SubscriptionLost)


def explain(error: BaseException, refusal: int | None = None) -> str:
    """One sentence for a person or a model. What a server wrote is cleaned and cut.

    `refusal` is the status of the last answer over HTTP, where that was an error.
    """
    error = leaf(error)
    if isinstance(error, MCPError):
        if (error.code, error.message) == REFUSED and refusal is not None:
            return STATUS.get(refusal, f"it answered HTTP {refusal}")
        return line(error.message, 500) or f"it answered with error {error.code}"
    for kind, sentence in PLAIN:
        if isinstance(error, kind):
            return sentence
    if isinstance(error, OSError):
        return line(error.strerror or type(error).__name__)
    if isinstance(error, RuntimeError):  # the SDK's: a result that its own schema does not allow
        return line(str(error).partition("\n")[0], 300)
    return f"something unexpected happened ({type(error).__name__})"
