"""F-2 and the table of RELIABILITY 1.3: what each refusal is, and how long to wait."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.errors import ClientFault, ProviderError
from pointsman.types import Outcome
from providers.classify import classify, classify_event, retry_after

NOW = 1_780_000_000.0
TODAY = datetime.fromtimestamp(NOW, UTC)
KEY = "sk-CANARY-0123456789abcdef"


def refused(
    status: int, code: str = "", message: str = "", headers: Mapping[str, str] | None = None
) -> ProviderError:
    body = {"error": {"message": message, "code": code, "type": "some_error"}}
    return classify("acme", status, headers or {}, body, now=NOW)


def http_date(seconds: float) -> str:
    return format_datetime(TODAY + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "2"}, 2),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": http_date(90)}, 90),
        ({"retry-after": http_date(-90)}, 0),
        ({"retry-after": http_date(1e6)}, 300),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "1e9"}, 300),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
        ({"x-ratelimit-reset-requests": "1m30s"}, 90),
        ({"x-ratelimit-reset-tokens": "20ms"}, 0.02),
        ({"x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "6s"}, 1),
        (
            {
                "x-ratelimit-reset-requests": "1s",
                "x-ratelimit-reset-tokens": "6s",
                "x-ratelimit-remaining-tokens": "0",
            },
            6,
        ),
        ({"x-ratelimit-reset-requests": "24h"}, 300),
        ({"x-ratelimit-reset-requests": "later"}, None),
    ],
)
def test_a_throttled_call_says_how_long_to_wait(
    headers: Mapping[str, str], wait: float | None
) -> None:
    error = refused(429, headers=headers)
    assert error.outcome is Outcome.THROTTLED
    assert error.retry_after_s == pytest.approx(wait)


@pytest.mark.parametrize("status", [503, 529])
@pytest.mark.parametrize(
    ("headers", "outcome"),
    [
        ({"retry-after": "2"}, Outcome.THROTTLED),
        ({"retry-after": http_date(9)}, Outcome.THROTTLED),
        ({"retry-after-ms": "10"}, Outcome.THROTTLED),
        ({"retry-after": "garbage"}, Outcome.FAILURE),
        ({"retry-after": "-1"}, Outcome.FAILURE),
        ({"x-ratelimit-reset-requests": "1s"}, Outcome.FAILURE),
        ({}, Outcome.FAILURE),
    ],
)
def test_an_overloaded_upstream_is_throttling_only_if_it_says_until_when(
    status: int, headers: Mapping[str, str], outcome: Outcome
) -> None:
    assert refused(status, headers=headers).outcome is outcome


@pytest.mark.parametrize(
    ("status", "code", "message", "outcome", "fault"),
    [
        (401, "", "", Outcome.AUTH, None),
        (402, "", "", Outcome.AUTH, None),
        (403, "", "", Outcome.AUTH, None),
        (429, "insufficient_quota", "", Outcome.AUTH, None),
        (429, "billing_hard_limit_reached", "", Outcome.AUTH, None),
        (400, "", "Your credit balance is too low.", Outcome.AUTH, None),
        (400, "INVALID_ARGUMENT", "API key not valid.", Outcome.AUTH, None),
        (403, "content_policy_violation", "", Outcome.CLIENT, "content_refused"),
        (400, "content_filter", "", Outcome.CLIENT, "content_refused"),
        (400, "context_length_exceeded", "", Outcome.CLIENT, "context_length"),
        (400, "", "prompt is too long: 210000 tokens", Outcome.CLIENT, "context_length"),
        (400, "", "maximum context length is 8192", Outcome.CLIENT, "context_length"),
        (413, "", "", Outcome.CLIENT, "context_length"),
        (404, "", "", Outcome.CLIENT, "unknown_model"),
        (400, "", "The model `m` does not exist", Outcome.CLIENT, "unknown_model"),
        (400, "", "", Outcome.CLIENT, "invalid"),
        (415, "", "", Outcome.CLIENT, "invalid"),
        (422, "", "", Outcome.CLIENT, "invalid"),
        (408, "", "", Outcome.FAILURE, None),
        (409, "", "", Outcome.FAILURE, None),
        (500, "", "", Outcome.FAILURE, None),
        (502, "", "", Outcome.FAILURE, None),
        (520, "", "", Outcome.FAILURE, None),
        (524, "", "", Outcome.FAILURE, None),
        (307, "", "", Outcome.FAILURE, None),
    ],
)
def test_a_refusal_is_what_its_status_and_code_say(
    status: int, code: str, message: str, outcome: Outcome, fault: ClientFault | None
) -> None:
    error = refused(status, code, message)
    assert (error.outcome, error.fault, error.status) == (outcome, fault, status)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ({"type": "overloaded_error"}, Outcome.THROTTLED),
        ({"type": "rate_limit_error"}, Outcome.THROTTLED),
        ({"code": 429, "message": "slow down"}, Outcome.THROTTLED),
        ({"code": 502, "message": "upstream"}, Outcome.FAILURE),
        ({"type": "authentication_error"}, Outcome.AUTH),
        ({"code": "insufficient_quota"}, Outcome.AUTH),
        ({"type": "invalid_request_error"}, Outcome.CLIENT),
        ({"type": "api_error"}, Outcome.FAILURE),
        ({"type": "server_error"}, Outcome.FAILURE),
        ("it broke", Outcome.FAILURE),
        (None, Outcome.FAILURE),
    ],
)
def test_an_error_inside_an_answer_is_what_its_code_says(error: Any, outcome: Outcome) -> None:
    assert classify_event("acme", {"error": error}, partial=True).outcome is outcome
    assert classify_event("acme", {"error": error}, partial=True).partial


# --- T-56: nothing secret is shown ------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        f"Incorrect API key provided: {KEY}.",
        f"Bad header 'Authorization: Bearer {KEY}'",
        "No such key: gsk_aaaaBBBBcccc1111",
        "Rejected token abcdefghij0123456789ABCDEFGHIJ",
        "Cannot answer 'my CANARY prompt'",
        f"{'x ' * 500}{KEY}",
    ],
)
def test_an_upstreams_words_are_shown_without_keys_and_without_the_prompt(message: str) -> None:
    body = {"error": {"message": message}}
    error = classify(
        "acme", 400, {}, body, now=NOW, private=(KEY, "Please answer: my CANARY prompt")
    )
    for secret in ("CANARY", "aaaaBBBB", "abcdefghij"):
        assert secret not in str(error)
    assert len(str(error)) < 300


def test_harmless_words_of_an_upstream_are_shown() -> None:
    assert "max_tokens is too large" in str(refused(400, message="max_tokens is too large: 9"))


@pytest.mark.parametrize("prompt", ["tiny", "x" * 300_000])
def test_a_tiny_or_a_huge_prompt_is_not_shown_either(prompt: str) -> None:
    said = {"error": {"message": f"cannot read {prompt[:150]}"}}
    error = classify("acme", 400, {}, said, now=NOW, private=(prompt,))
    assert prompt[:150] not in str(error)


# --- F-13: total ------------------------------------------------------------------------------

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "message", "code", "type", "detail"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)
header_names = st.sampled_from(
    [
        "retry-after",
        "retry-after-ms",
        "x-ratelimit-reset-requests",
        "x-ratelimit-reset-tokens",
        "x-ratelimit-remaining-tokens",
    ]
)
header_values = st.text(max_size=40) | st.floats().map(str) | st.integers().map(str)
NONE_OF_OURS = {Outcome.SUCCESS, Outcome.SLOW, Outcome.CANCELLED, Outcome.LOCAL}


@given(
    status=st.integers(100, 999),
    body=anything,
    headers=st.dictionaries(header_names, header_values, max_size=3),
    now=st.floats(0, 4e9),
)
def test_every_refusal_has_one_outcome_and_a_sane_wait(
    status: int, body: Any, headers: Mapping[str, str], now: float
) -> None:
    error = classify("acme", status, headers, body, now=now)
    assert error.outcome not in NONE_OF_OURS
    assert (error.fault is not None) == (error.outcome is Outcome.CLIENT)
    assert error.retry_after_s is None or 0 <= error.retry_after_s <= 300
    assert len(error.message) < 300


@given(body=anything)
def test_every_error_inside_an_answer_has_one_outcome(body: Any) -> None:
    error = classify_event("acme", body)
    assert error.outcome not in NONE_OF_OURS
    assert (error.fault is not None) == (error.outcome is Outcome.CLIENT)


@given(seconds=st.floats(0, 1e12))
def test_a_stated_wait_is_kept_or_capped(seconds: float) -> None:
    assert retry_after({"retry-after": repr(seconds)}, NOW) == min(seconds, 300.0)
