"""What an upstream's complaint means: a status and a body become one outcome (RELIABILITY 1.3)."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import orjson

from pointsman.errors import ClientFault, ProviderError
from pointsman.types import Outcome

LONGEST_WAIT_S = 300.0
SHOWN_CHARS = 200
ECHO_CHARS = 12  # so much of a prompt in an upstream's message counts as an echo of it
LARGEST_SEARCHED = 200_000  # characters of prompt; beyond, the upstream's words are left out

QUOTA = {
    "insufficient_quota",
    "billing_hard_limit_reached",
    "billing_not_active",
    "billing_error",
    "account_deactivated",
}
AUTH = {"authentication_error", "permission_error", "invalid_api_key"}
THROTTLE = {"rate_limit_error", "rate_limit_exceeded", "overloaded_error", "rate_limited"}
CONTENT = {"content_policy_violation", "content_filter", "moderation_blocked"}
CONTEXT = {"context_length_exceeded", "string_above_max_length", "request_too_large"}
MODEL = {"model_not_found", "not_found_error"}
INVALID = {"invalid_request_error", "bad_request"}
PASSING = {408, 409, 421, 424, 425, 499}  # 4xx that say nothing against the request itself

SECRET = re.compile(
    r"(?i)bearer\s+\S+|\b(?:sk|pk|gsk|xai|key|rk)[-_][\w*.-]{6,}|\b(?=\w*\d)(?=\w*[a-z])[\w-]{24,}"
)
CODE = re.compile(r"[a-z]+(?:_[a-z]+){1,6}")  # such as "rate_limit_error": safe to show
TOO_LONG = re.compile(
    r"(?i)context (?:length|window)|maximum context|too many (?:input )?tokens|prompt is too long"
)
UNKNOWN_MODEL = re.compile(r"(?i)\bmodel\b.*(?:not found|does not exist|unknown|not supported)")
BAD_KEY = re.compile(r"(?i)(?:invalid|incorrect|not valid).*api key|api key.*(?:invalid|not valid)")
NO_CREDIT = re.compile(r"(?i)credit balance is too low|insufficient (?:balance|credits|funds)")


class ErrorInAnswer(Exception):
    """A 200 that carries an error object instead of, or after, an answer."""

    def __init__(self, error: object) -> None:
        super().__init__("error in the answer")
        self.error = error


@dataclass(frozen=True, slots=True)
class Complaint:
    """An upstream's error object, whichever of the usual forms it came in."""

    message: str = ""
    codes: frozenset[str] = frozenset()
    status: int | None = None  # inside the body: OpenRouter's `code`


def complaint(body: object) -> Complaint:
    """What `body`, as parsed from JSON, complains of; an empty one if it cannot be told."""
    if not isinstance(body, dict):
        return Complaint(message=body if isinstance(body, str) else "")
    inner = body.get("error", body)
    if not isinstance(inner, dict):
        return Complaint(message=inner if isinstance(inner, str) else "")
    message = inner.get("message", inner.get("detail"))
    named = [inner.get("code"), inner.get("type")]
    number = inner.get("code")
    return Complaint(
        message=message if isinstance(message, str) else "",
        codes=frozenset(code.lower() for code in named if isinstance(code, str)),
        status=number if isinstance(number, int) and 400 <= number <= 599 else None,
    )


def parsed(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def classify(
    provider: str,
    status: int,
    headers: Mapping[str, str],
    body: object,
    *,
    now: float,
    private: Iterable[str] = (),
) -> ProviderError:
    """The error that an answer of `status` is.

    `headers` have lower-case names, `body` is parsed JSON or None, `now` is the wall clock.
    `private` are texts that must not be shown: the key, and what was asked.
    """
    said = complaint(body)
    outcome, fault = _by_status(status, said, headers, now)
    waits = outcome is Outcome.THROTTLED
    return ProviderError(
        provider,
        _message(f"HTTP {status}", said, private),
        outcome=outcome,
        status=status,
        retry_after_s=retry_after(headers, now) if waits else None,
        fault=fault,
    )


def classify_event(
    provider: str, body: object, *, private: Iterable[str] = (), partial: bool = False
) -> ProviderError:
    """The error that an error object inside a 200 is."""
    said = complaint(body)
    outcome, fault = _by_code(said)
    if outcome is None and said.status is not None:
        outcome, fault = _by_status(said.status, said, {}, 0.0)
    return ProviderError(
        provider,
        _message("error in the answer", said, private),
        outcome=outcome or Outcome.FAILURE,
        status=200,
        fault=fault,
        partial=partial,
    )


def _by_status(
    status: int, said: Complaint, headers: Mapping[str, str], now: float
) -> tuple[Outcome, ClientFault | None]:
    if said.codes & QUOTA or (400 <= status < 500 and _account_trouble(said.message)):
        return Outcome.AUTH, None
    if status == 429:
        return Outcome.THROTTLED, None
    if status in (503, 529):
        waits = _stated_wait(headers, now) is not None
        return (Outcome.THROTTLED if waits else Outcome.FAILURE), None
    if status in (401, 402, 403):
        refused = bool(said.codes & CONTENT)
        return (Outcome.CLIENT, "content_refused") if refused else (Outcome.AUTH, None)
    if 400 <= status < 500 and status not in PASSING:
        return Outcome.CLIENT, _fault(status, said)
    return Outcome.FAILURE, None


def _by_code(said: Complaint) -> tuple[Outcome | None, ClientFault | None]:
    if said.codes & (QUOTA | AUTH) or _account_trouble(said.message):
        return Outcome.AUTH, None
    if said.codes & THROTTLE:
        return Outcome.THROTTLED, None
    if said.codes & (CONTENT | CONTEXT | MODEL | INVALID):
        return Outcome.CLIENT, _fault(400, said)
    return None, None


def _account_trouble(message: str) -> bool:
    return bool(BAD_KEY.search(message) or NO_CREDIT.search(message))


def _fault(status: int, said: Complaint) -> ClientFault:
    if said.codes & CONTENT:
        return "content_refused"
    if status == 413 or said.codes & CONTEXT or TOO_LONG.search(said.message):
        return "context_length"
    if status in (404, 410) or said.codes & MODEL or UNKNOWN_MODEL.search(said.message):
        return "unknown_model"
    return "invalid"


# --- what may be shown ----------------------------------------------------------------------


def _message(what: str, said: Complaint, private: Iterable[str]) -> str:
    words = said.message[:SHOWN_CHARS]
    if not words or any(_echoes(words, text) for text in private):
        words = ", ".join(sorted(code for code in said.codes if CODE.fullmatch(code)))
    words = SECRET.sub("[redacted]", " ".join(words.split()))
    return f"{what}: {words}" if words else what


def _echoes(words: str, text: str) -> bool:
    """Whether `words` repeat a piece of `text`, or all of a short one."""
    if len(text) > LARGEST_SEARCHED:
        return True
    if len(text) < ECHO_CHARS:
        return len(text) > 3 and text in words
    ends = range(len(words) - ECHO_CHARS + 1)
    return any(words[at : at + ECHO_CHARS] in text for at in ends)


# --- how long to wait -----------------------------------------------------------------------


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait, 0..300, if the upstream said so in any of the usual ways."""
    stated = _stated_wait(headers, now)
    return _reset_wait(headers) if stated is None else stated


def _stated_wait(headers: Mapping[str, str], now: float) -> float | None:
    wait = _seconds(headers.get("retry-after-ms"), unit=1e-3)
    if wait is not None:
        return wait
    text = headers.get("retry-after")
    wait = _seconds(text)
    return _until(text, now) if wait is None and text else wait


def _seconds(text: str | None, unit: float = 1.0) -> float | None:
    try:
        value = float(text or "") * unit
    except ValueError:
        return None
    return min(value, LONGEST_WAIT_S) if value >= 0 and math.isfinite(value) else None


def _until(text: str, now: float) -> float | None:
    try:
        when = parsedate_to_datetime(text)
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        wait = (when - datetime.fromtimestamp(now, UTC)).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(max(wait, 0.0), LONGEST_WAIT_S)


DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
UNIT_S = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def _reset_wait(headers: Mapping[str, str]) -> float | None:
    """From `x-ratelimit-reset-requests: 6m0s` and `-tokens`: those used up, else the sooner."""
    waits: list[tuple[bool, float]] = []
    for kind in ("requests", "tokens"):
        text = headers.get(f"x-ratelimit-reset-{kind}", "")
        parts = DURATION.findall(text)
        wait = sum(float(n) * UNIT_S[u] for n, u in parts) if parts else _seconds(text)
        if wait is not None:
            waits.append((headers.get(f"x-ratelimit-remaining-{kind}") == "0", wait))
    spent = [wait for used_up, wait in waits if used_up]
    chosen = max(spent) if spent else min((wait for _, wait in waits), default=None)
    return None if chosen is None else min(chosen, LONGEST_WAIT_S)
