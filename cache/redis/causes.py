"""Why a flight failed, told to those in other processes who wait for it."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from pointsman.errors import (
    BudgetExceeded,
    Cause,
    Code,
    ContentRefused,
    DeadlineExceeded,
    InvalidInput,
    NoBackend,
    NotFound,
    PointsmanError,
    RateLimited,
)


def _plain(kind: type[PointsmanError]) -> Callable[[Mapping[str, Any]], PointsmanError]:
    return lambda told: kind(str(told["message"]), hint=told["hint"])


def _without_backend(kind: type[NoBackend]) -> Callable[[Mapping[str, Any]], PointsmanError]:
    return lambda told: kind(
        str(told["message"]),
        hint=told["hint"],
        causes=_causes(told),
        retry_after_s=told["retry_after_s"],
    )


def _deadline(told: Mapping[str, Any]) -> PointsmanError:
    return DeadlineExceeded(str(told["message"]), hint=told["hint"], causes=_causes(told))


# What went wrong with the call; anything else went wrong in one process, and says nothing of
# how another will fare.
KINDS: Mapping[Code, Callable[[Mapping[str, Any]], PointsmanError]] = {
    "invalid_input": _plain(InvalidInput),
    "not_found": _plain(NotFound),
    "budget_exceeded": _plain(BudgetExceeded),
    "deadline_exceeded": _deadline,
    "no_backend": _without_backend(NoBackend),
    "rate_limited": _without_backend(RateLimited),
    "content_refused": _without_backend(ContentRefused),
}


def told(error: PointsmanError) -> bytes | None:
    """`error` for another process; None if it is no business of another."""
    if error.code not in KINDS:
        return None
    said = {
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "causes": list(getattr(error, "causes", ())),
        "retry_after_s": getattr(error, "retry_after_s", None),
    }
    try:
        return orjson.dumps(said)
    except orjson.JSONEncodeError:  # half a surrogate pair
        return None


def heard(body: bytes) -> PointsmanError | None:
    """What was `told`; None if it was something else."""
    try:
        said = orjson.loads(body)
        return KINDS[said["code"]](said)
    except (ValueError, TypeError, KeyError):
        return None


def _causes(told: Mapping[str, Any]) -> list[Cause]:
    return [
        Cause(str(cause["provider"]), str(cause["code"]), str(cause["message"]))
        for cause in told["causes"]
    ]
