"""F-1: each fault of an upstream, in each dialect, streamed and not, is the failure it is."""

import socket
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime

import anyio
import pytest

from pointsman.errors import ProviderError
from pointsman.settings import TimeoutSettings
from pointsman.types import Completion, Outcome, Piece
from providers.cloud import CloudProvider
from tests import faults
from tests.chaos import ChaosUpstream, DialectName, Exchange, Handler
from tests.contract.provider import HELLO, ask, both
from tests.fakes import SteadyClock
from tests.faults import after_text, end_marker, finish, opening, status, streaming
from tests.providers.conftest import KEY, QUICK, provider_at

HASTY = TimeoutSettings(connect_s=0.5, ttft_s=0.1, idle_s=0.1, max_response_mb=2)

BEFORE_CONTENT: Sequence[Handler] = (
    faults.fin,
    faults.rst,
    faults.half_headers_then_fin,
    faults.garbage,
    faults.bad_chunk,
    faults.huge_header,
    faults.error_in_200,
    faults.html,
    faults.cut_json,
    faults.not_a_completion,
    faults.short_body,
    faults.gzip_bomb,
    faults.large_answer,
    faults.large_zipped_answer,
    faults.unasked_encoding,
    faults.false_gzip,
    faults.endless_body,
    faults.redirect,
    faults.long_line,
)
NEVER: Sequence[Handler] = (faults.silence, faults.slow_headers, faults.pings)
AFTER_CONTENT: Sequence[Handler] = (
    faults.fin,
    faults.rst,
    faults.clean_end,
    faults.error_event,
    faults.broken_event,
    faults.not_utf8,
)


def name(handler: Handler) -> str:
    return getattr(handler, "__name__", "handler")


@pytest.fixture
async def hasty(upstream: ChaosUpstream, dialect: str) -> AsyncIterator[CloudProvider]:
    async with provider_at(upstream.url, dialect, HASTY) as provider:
        yield provider


async def failure(
    provider: CloudProvider, upstream: ChaosUpstream, *, stream: bool
) -> ProviderError:
    """What an attempt fails with; by then the upstream is let go."""
    with anyio.fail_after(10):
        with pytest.raises(ProviderError) as caught:
            await ask(provider, stream=stream)
        await upstream.quiet()
    assert KEY not in str(caught.value)
    return caught.value


@both
@pytest.mark.parametrize("fault", BEFORE_CONTENT, ids=name)
async def test_a_fault_before_content_is_a_failure_and_the_next_call_works(
    provider: CloudProvider, upstream: ChaosUpstream, fault: Handler, stream: bool
) -> None:
    upstream.script(fault)
    error = await failure(provider, upstream, stream=stream)
    assert error.outcome is Outcome.FAILURE
    assert not error.partial
    assert not error.timed_out
    assert len(upstream.requests) == 1
    await ask(provider, stream=stream)


@both
@pytest.mark.parametrize("fault", NEVER, ids=name)
async def test_an_upstream_that_never_says_anything_is_left(
    hasty: CloudProvider, upstream: ChaosUpstream, fault: Handler, stream: bool
) -> None:
    upstream.script(fault)
    error = await failure(hasty, upstream, stream=stream)
    assert (error.outcome, error.timed_out, error.partial) == (Outcome.FAILURE, True, False)
    with anyio.fail_after(5):
        await upstream.closed()


@pytest.mark.parametrize("fault", AFTER_CONTENT, ids=name)
async def test_a_stream_that_breaks_off_is_a_partial_failure(
    provider: CloudProvider, upstream: ChaosUpstream, fault: Handler
) -> None:
    upstream.script(after_text(fault))
    error = await failure(provider, upstream, stream=True)
    assert (error.outcome, error.partial) == (Outcome.FAILURE, True)


@pytest.mark.parametrize("fault", [faults.silence, faults.pings_follow], ids=name)
async def test_only_content_keeps_a_stream_alive(
    hasty: CloudProvider, upstream: ChaosUpstream, fault: Handler
) -> None:
    upstream.script(after_text(fault))
    error = await failure(hasty, upstream, stream=True)
    assert (error.timed_out, error.partial) == (True, True)
    with anyio.fail_after(5):
        await upstream.closed()


async def test_a_gzip_bomb_does_not_go_off(
    provider: CloudProvider, upstream: ChaosUpstream
) -> None:
    await ask(provider, stream=False)  # what is loaded only once does not count
    upstream.script(faults.gzip_bomb)
    tracemalloc.start()
    try:
        await failure(provider, upstream, stream=False)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5 * QUICK.max_response_mb * 1_000_000


async def test_a_stream_may_take_long_while_content_comes(
    upstream: ChaosUpstream, dialect: str
) -> None:
    upstream.script(faults.paced("steady on", 0.1))
    limits = TimeoutSettings(ttft_s=0.5, idle_s=0.5)
    async with provider_at(upstream.url, dialect, limits) as provider:
        assert (await ask(provider, stream=True))[1].text == "steady on"


async def test_a_slow_reader_is_not_the_upstreams_fault(
    upstream: ChaosUpstream, hasty: CloudProvider, dialect: DialectName
) -> None:
    late = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        first, *rest = opening(dialect), *finish(dialect), end_marker(dialect)
        await exchange.begin()
        await exchange.chunk(b"".join(first))
        await anyio.sleep(3 * HASTY.idle_s)
        late.set()
        await exchange.chunk(b"".join(rest))
        await exchange.end()

    upstream.script(handler)
    async with hasty.answer("acme-large", HELLO, stream=True) as pieces:
        seen: list[Piece] = []
        async for piece in pieces:
            seen.append(piece)
            await late.wait()
    assert isinstance(seen[-1], Completion)


async def test_an_unasked_gzip_is_read(provider: CloudProvider, upstream: ChaosUpstream) -> None:
    upstream.script(faults.zipped_answer)
    assert (await ask(provider, stream=False))[1].text == "Grüße, Welt!"


async def test_an_unstreamed_answer_without_a_finish_reason_is_a_failure(
    provider: CloudProvider, upstream: ChaosUpstream
) -> None:
    upstream.script(faults.unfinished_whole)
    error = await failure(provider, upstream, stream=False)
    assert error.outcome is Outcome.FAILURE


@both
@pytest.mark.parametrize("code", [201, 204, 302, 408, 500, 502, 503, 504, 520, 524, 529])
async def test_a_server_trouble_is_a_failure(
    provider: CloudProvider, upstream: ChaosUpstream, code: int, stream: bool
) -> None:
    upstream.script(status(code, b"" if code == 204 else b"{}"))
    error = await failure(provider, upstream, stream=stream)
    assert (error.outcome, error.status) == (Outcome.FAILURE, code)


async def test_nobody_listening_is_a_failure_to_connect(dialect: str) -> None:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610 - anyio, not Django
    await listener.aclose()
    async with provider_at(f"http://127.0.0.1:{port}", dialect) as provider:
        with pytest.raises(ProviderError) as caught:
            await ask(provider, stream=True)
    assert (caught.value.outcome, caught.value.connect) == (Outcome.FAILURE, True)


async def test_an_origin_that_takes_no_connection_is_a_timeout_to_connect(dialect: str) -> None:
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for other in (first, second):  # the queue holds one; the kernel drops what comes after
            other.setblocking(False)
            other.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        impatient = TimeoutSettings(connect_s=0.05)
        async with provider_at(url, dialect, impatient) as provider:
            with anyio.fail_after(5), pytest.raises(ProviderError) as caught:
                await ask(provider, stream=True)
    assert (caught.value.connect, caught.value.timed_out) == (True, True)


@both
@pytest.mark.parametrize("code", [429, 503, 529])
async def test_a_throttled_call_says_when_to_come_back(
    provider: CloudProvider, upstream: ChaosUpstream, code: int, stream: bool
) -> None:
    """F-2: the wait arrives whole; the other forms of it are in test_classify.py."""
    upstream.script(status(code, faults.ERRORS["openai"], headers={"Retry-After": "7"}))
    error = await failure(provider, upstream, stream=stream)
    assert (error.outcome, error.retry_after_s) == (Outcome.THROTTLED, 7)
    assert len(upstream.requests) == 1


async def test_a_date_to_wait_for_is_read_by_the_clock_handed_in(
    upstream: ChaosUpstream, dialect: str
) -> None:
    clock = SteadyClock().clock()
    when = format_datetime(datetime.fromtimestamp(clock.wall() + 42, UTC), usegmt=True)
    upstream.script(status(429, headers={"retry-after": when}))
    async with provider_at(upstream.url, dialect, clock=clock) as provider:
        error = await failure(provider, upstream, stream=True)
    assert error.retry_after_s == 42


async def test_an_address_that_is_none_is_a_failure_to_connect(dialect: str) -> None:
    async with provider_at("http://no such host", dialect) as provider:
        with pytest.raises(ProviderError) as caught:
            await ask(provider, stream=True)
    assert caught.value.outcome is Outcome.FAILURE


# --- what looks like a fault and is none ----------------------------------------------------


@both
async def test_an_old_connection_that_was_closed_is_replaced_once(
    provider: CloudProvider, upstream: ChaosUpstream, stream: bool
) -> None:
    await ask(provider, stream=stream)
    upstream.script(faults.fin)
    await ask(provider, stream=stream)
    assert [request.connection for request in upstream.requests] == [1, 1, 2]


async def test_a_connection_that_closes_twice_is_a_failure(
    provider: CloudProvider, upstream: ChaosUpstream
) -> None:
    await ask(provider, stream=True)
    upstream.script(faults.fin, faults.fin)
    error = await failure(provider, upstream, stream=True)
    assert error.outcome is Outcome.FAILURE
    assert len(upstream.requests) == 3


async def test_utf8_cut_between_bytes_arrives_whole(
    provider: CloudProvider, upstream: ChaosUpstream, dialect: DialectName
) -> None:
    upstream.script(streaming(faults.stream_of(dialect), size=1))
    assert (await ask(provider, stream=True))[1].text == "Grüße, Welt!"


@pytest.mark.parametrize("newline", [b"\r\n", b"\r"])
async def test_other_line_ends_are_read_too(
    provider: CloudProvider, upstream: ChaosUpstream, dialect: DialectName, newline: bytes
) -> None:
    data = faults.stream_of(dialect).replace(b"\n", newline)
    upstream.script(streaming(data, size=7))
    assert (await ask(provider, stream=True))[1].text == "Grüße, Welt!"


async def test_a_finished_stream_needs_no_end_marker(
    provider: CloudProvider, upstream: ChaosUpstream, dialect: DialectName
) -> None:
    upstream.script(streaming(*opening(dialect), *finish(dialect)))
    assert (await ask(provider, stream=True))[1].finish_reason == "stop"


async def test_a_finished_stream_may_break_off(
    provider: CloudProvider, upstream: ChaosUpstream, dialect: DialectName
) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.chunk(b"".join([*opening(dialect), *finish(dialect)]))
        await exchange.close()

    upstream.script(handler)
    assert (await ask(provider, stream=True))[1].text == "Grüße, Welt!"


async def test_an_end_marker_needs_no_finish_reason(
    provider: CloudProvider, upstream: ChaosUpstream, dialect: DialectName
) -> None:
    upstream.script(streaming(*opening(dialect), end_marker(dialect)))
    assert (await ask(provider, stream=True))[1].text == "Grüße, Welt!"


async def test_an_end_marker_alone_is_no_answer(
    provider: CloudProvider, upstream: ChaosUpstream, dialect: DialectName
) -> None:
    upstream.script(streaming(end_marker(dialect)))
    error = await failure(provider, upstream, stream=True)
    assert (error.outcome, error.partial) == (Outcome.FAILURE, False)


async def test_an_upstream_that_does_not_stream_is_understood(
    provider: CloudProvider, upstream: ChaosUpstream, dialect: DialectName
) -> None:
    upstream.script(status(200, faults.whole(dialect)))
    texts, completion = await ask(provider, stream=True)
    assert texts == [completion.text] == ["Grüße, Welt!"]


async def test_one_connection_serves_one_call_after_another(
    provider: CloudProvider, upstream: ChaosUpstream
) -> None:
    for _ in range(3):
        await ask(provider, stream=True)
    assert upstream.connections == 1


async def test_closing_the_providers_closes_every_connection(
    upstream: ChaosUpstream, dialect: str
) -> None:
    async with provider_at(upstream.url, dialect) as provider:
        await ask(provider, stream=True)
        upstream.script(status(500), after_text(faults.fin))
        for _ in range(2):
            with pytest.raises(ProviderError):
                await ask(provider, stream=True)
    with anyio.fail_after(5):
        await upstream.closed()


async def test_a_cancelled_caller_ends_the_upstream_call(
    provider: CloudProvider, upstream: ChaosUpstream
) -> None:
    upstream.script(after_text(faults.silence))
    with anyio.CancelScope() as scope:
        async with provider.answer("acme-large", HELLO, stream=True) as pieces:
            async for _ in pieces:
                scope.cancel()
    with anyio.fail_after(5):
        await upstream.quiet()
        await upstream.closed()
