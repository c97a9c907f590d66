"""T-56: a key reaches the configured backend and nobody else; a prompt is in no error, no log."""

import logging
import traceback
from collections.abc import Sequence

import anyio
import pytest

from pointsman.errors import ProviderError
from pointsman.types import ChatRequest, Message, ToolSpec
from providers.cloud import CloudProvider
from tests import faults
from tests.chaos import ChaosUpstream, DialectName, Exchange, Handler, chaos_upstream
from tests.contract.provider import ask, both
from tests.faults import after_text, event, status
from tests.providers.conftest import KEY

PROMPT = "PROMPT-CANARY: what is in my diary?"
PRIVATE = ChatRequest(
    messages=(Message("user", PROMPT),),
    tools=(ToolSpec(name="t", description="d", parameters={"x": "PROMPT-CANARY"}),),
)


async def echo(exchange: Exchange) -> None:
    """An error that repeats everything it was sent."""
    request = exchange.request
    sent = f"{dict(request.headers)} {request.body.decode()}"
    await exchange.reply(400, {"error": {"message": f"cannot {PROMPT} {KEY} {sent}", "code": KEY}})


async def echo_of_the_key(exchange: Exchange) -> None:
    await exchange.reply(401, {"error": {"message": f"Incorrect API key provided: {KEY}."}})


async def echo_in_the_stream(exchange: Exchange) -> None:
    error = {"type": "error", "error": {"message": f"{PROMPT} {KEY}", "type": PROMPT.split(":")[0]}}
    await exchange.chunk(event(exchange.request.dialect, error))
    await exchange.end()


FAULTS: Sequence[Handler] = (
    echo,
    echo_of_the_key,
    after_text(echo_in_the_stream),
    faults.rst,
    faults.garbage,
    faults.huge_header,
    faults.cut_json,
    faults.not_a_completion,
    faults.html,
    status(429, headers={"retry-after": KEY}),
    status(500, PROMPT.encode(), kind=KEY),
)


@both
@pytest.mark.parametrize("fault", FAULTS, ids=[str(i) for i in range(len(FAULTS))])
async def test_no_error_and_no_log_shows_the_key_or_the_prompt(
    provider: CloudProvider,
    upstream: ChaosUpstream,
    caplog: pytest.LogCaptureFixture,
    fault: Handler,
    stream: bool,
) -> None:
    caplog.set_level(logging.DEBUG)
    upstream.script(fault)
    with anyio.fail_after(10), pytest.raises(ProviderError) as caught:
        await ask(provider, PRIVATE, stream=stream)
    shown = [str(caught.value), repr(caught.value), repr(provider), caplog.text]
    shown += [str(caught.value.hint), *traceback.format_exception(caught.value)]
    assert "canary" not in "".join(shown).lower()


async def test_the_key_does_not_follow_a_redirect(
    provider: CloudProvider, upstream: ChaosUpstream
) -> None:
    async with chaos_upstream() as elsewhere:
        upstream.script(status(307, headers={"location": f"{elsewhere.url}/v1/messages"}))
        with pytest.raises(ProviderError):
            await ask(provider, stream=True)
        assert KEY in str(upstream.requests[0].headers)
        assert elsewhere.requests == []


async def test_cookies_of_a_backend_are_not_kept(
    provider: CloudProvider, upstream: ChaosUpstream, dialect: DialectName
) -> None:
    upstream.script(status(200, faults.whole(dialect), headers={"set-cookie": "a=b; Path=/"}))
    for _ in range(2):
        await ask(provider, stream=False)
    assert "cookie" not in upstream.requests[-1].headers
