"""F-1 through the whole engine: whatever a backend does, the call ends, and all is let go."""

from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest

from pointsman.errors import PointsmanError
from pointsman.records import LOCAL, Answer
from pointsman.settings import Settings
from server.app import App, open_app
from tests import faults
from tests.chaos import ChaosUpstream, Handler, chaos_upstream
from tests.faults import after_text, status
from tools.asking import Asking

BEFORE_CONTENT: Sequence[Handler] = (
    faults.fin,
    faults.rst,
    faults.silence,
    faults.slow_headers,
    faults.pings,
    faults.garbage,
    faults.error_in_200,
    faults.html,
    faults.cut_json,
    faults.gzip_bomb,
    faults.endless_body,
    faults.redirect,
    faults.long_line,
    status(500),
    status(429, headers={"retry-after": "20"}),
    status(401),
)
AFTER_CONTENT: Sequence[Handler] = (
    faults.fin,
    faults.rst,
    faults.clean_end,
    faults.error_event,
    faults.broken_event,
    faults.silence,
    faults.pings_follow,
)


def name(handler: Handler) -> str:
    return getattr(handler, "__name__", "handler")


def settings_for(*urls: str) -> Settings:
    providers = {
        f"b{n}": {
            "base_url": f"{url}/v1",
            "models": [{"id": "m", "price": {"input": 1.0 + 20 * n, "output": 2.0 + 20 * n}}],
        }
        for n, url in enumerate(urls)
    }
    timeouts = {"connect_s": 0.5, "ttft_s": 0.2, "idle_s": 0.2, "max_response_mb": 1}
    return Settings.model_validate(
        {"providers": providers, "local": {"enabled": False}, "timeouts": timeouts}
    )


async def answer_of(app: App, seen: list[str | Answer], *, stream: bool) -> Answer:
    """The answer to one call, with what was shown of it on the way."""
    call = Asking.model_validate({"prompt": "hello"}).call("complete", LOCAL)
    with anyio.fail_after(20):
        async with app.dispatcher.open(call, stream=stream) as pieces:
            async for piece in pieces:
                seen.append(piece)
    assert isinstance(seen[-1], Answer)
    return seen[-1]


async def assert_nothing_is_held(app: App, upstream: ChaosUpstream) -> None:
    """No exchange, no permit, no hold: and every attempt is in the books."""
    with anyio.fail_after(5):
        await upstream.quiet()
    assert all(provider.in_flight == 0 for provider in app.reading.health().providers)
    stats = await app.reading.stats(since="1h")
    assert stats.totals.requests == 1
    assert stats.totals.unreconciled_usd == 0


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("fault", BEFORE_CONTENT, ids=name)
async def test_whatever_a_backend_does_the_call_ends_and_is_settled(
    fault: Handler, stream: bool, tmp_path: Path
) -> None:
    """F-1: the second backend answers, within the deadline, and the first is let go."""
    async with chaos_upstream(fault) as bad, chaos_upstream() as good:
        async with open_app(settings_for(bad.url, good.url), tmp_path, {}) as app:
            answer = await answer_of(app, [], stream=stream)
            assert answer.provider == "b1"
            assert [a.provider for a in answer.attempts] == ["b0", "b1"]
            await assert_nothing_is_held(app, bad)
        with anyio.fail_after(5):
            await bad.closed()


@pytest.mark.parametrize("fault", AFTER_CONTENT, ids=name)
async def test_a_stream_that_breaks_off_is_an_error_to_who_reads_along_and_to_nobody_else(
    fault: Handler, tmp_path: Path
) -> None:
    broken = after_text(fault)
    async with chaos_upstream(broken) as bad, chaos_upstream() as good:
        settings = settings_for(bad.url, good.url)
        async with open_app(settings, tmp_path / "reader", {}) as app:
            seen: list[str | Answer] = []
            with pytest.raises(PointsmanError, match="broke off"):
                await answer_of(app, seen, stream=True)
            assert seen
            assert not good.requests
            await assert_nothing_is_held(app, bad)
        async with open_app(settings, tmp_path / "other", {}) as app:
            assert (await answer_of(app, [], stream=False)).provider == "b1"
            await assert_nothing_is_held(app, bad)
