"""
Everything this project raises on purpose:

* PointsmanError           `code` and `hint` reach the caller; the root, caught only at an edge
  x ConfigError            the settings or the machine cannot work; the command ends with 2
  x InvalidInput           the caller can fix the arguments
  x NotFound               the caller named something that is not there
  x BudgetExceeded         the caller's own price cap, or a budget, is too low
  x NoBackend              every candidate failed or was refused; `causes` says why each did
    + RateLimited          ... because all are throttled or busy: try again later
    + ContentRefused       ... because the model would not answer this
  x DeadlineExceeded       the caller's time ran out
  x StorageFailed          a database could not be read or written (disk full, read-only, damaged)
  x EngineGone             the engine ended while this call was under way: try again
  x ProviderError          one attempt failed; a dispatcher turns these into one of the above
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from pointsman.money import Nano
from pointsman.types import Outcome

Code = Literal[
    "invalid_input",
    "unauthorized",
    "forbidden",
    "budget_exceeded",
    "rate_limited",
    "no_backend",
    "deadline_exceeded",
    "content_refused",
    "not_found",
    "cancelled",
    "internal",
]
ClientFault = Literal["invalid", "context_length", "unknown_model", "content_refused"]


@dataclass(frozen=True, slots=True)
class Cause:
    """Why one candidate did not answer."""

    provider: str
    code: str  # an `Outcome`, or the reason a candidate was not tried
    message: str


class PointsmanError(Exception):
    """What a person or a program can be told: what happened, and what to do."""

    code: ClassVar[Code] = "internal"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.cost: Nano | None = None  # of the call that it ended; None: not known

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


class ConfigError(PointsmanError):
    code = "invalid_input"


class InvalidInput(PointsmanError):
    code = "invalid_input"


class NotFound(PointsmanError):
    code = "not_found"


class BudgetExceeded(PointsmanError):
    code = "budget_exceeded"


class DeadlineExceeded(PointsmanError):
    code = "deadline_exceeded"

    def __init__(
        self, message: str, *, hint: str | None = None, causes: Sequence[Cause] = ()
    ) -> None:
        super().__init__(message, hint=hint)
        self.causes = tuple(causes)


class StorageFailed(PointsmanError):
    code = "internal"


class EngineGone(PointsmanError):
    code = "cancelled"


class NoBackend(PointsmanError):
    code: ClassVar[Code] = "no_backend"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        causes: Sequence[Cause] = (),
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.causes = tuple(causes)
        self.retry_after_s = retry_after_s


class RateLimited(NoBackend):
    code = "rate_limited"


class ContentRefused(NoBackend):
    code = "content_refused"


class ProviderError(PointsmanError):
    """One attempt failed.

    `message` may be shown and logged: it holds no prompt, no answer and no key.
    """

    def __init__(
        self,
        provider: str,
        message: str,
        *,
        outcome: Outcome,
        status: int | None = None,
        retry_after_s: float | None = None,
        fault: ClientFault | None = None,
        partial: bool = False,
        connect: bool = False,
        timed_out: bool = False,
    ) -> None:
        super().__init__(f"{provider}: {message}")
        self.provider = provider
        self.outcome = outcome
        self.status = status  # HTTP status, where there was one
        self.retry_after_s = retry_after_s  # where the provider said
        self.fault = fault  # with Outcome.CLIENT: what about the request
        self.partial = partial  # some content had arrived before the failure
        self.connect = connect  # the origin was never reached: DNS, TCP or TLS
        self.timed_out = timed_out  # one of our limits ended it
        self.connect = connect  # no connection was made: everything at that origin fails alike
        self.timed_out = timed_out
