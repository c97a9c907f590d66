"""A chaos upstream, and the two cloud dialects pointed at it."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import pytest

from pointsman.seams import Clock
from pointsman.settings import Settings, TimeoutSettings
from providers.cloud import CloudProvider, open_providers
from providers.discovery import discover
from tests.chaos import ChaosUpstream, chaos_upstream
from tests.fakes import SteadyClock

KEY = "sk-CANARY-0123456789abcdef"
QUICK = TimeoutSettings(connect_s=0.5, ttft_s=5, idle_s=5, max_response_mb=2)


@pytest.fixture
async def upstream() -> AsyncIterator[ChaosUpstream]:
    async with chaos_upstream() as upstream:
        yield upstream


@pytest.fixture(params=["openai", "anthropic"])
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@asynccontextmanager
async def provider_at(
    url: str, dialect: str, timeouts: TimeoutSettings = QUICK, clock: Clock | None = None
) -> AsyncGenerator[CloudProvider, None]:
    """A provider `acme` of that dialect at `url`."""
    acme = {
        "kind": dialect,
        "base_url": f"{url}/v1",
        "api_key": KEY,
        "models": [{"id": "acme-large"}],
    }
    settings = Settings.model_validate({"providers": {"acme": acme}})
    opened = open_providers(discover(settings, {}), timeouts, clock or SteadyClock().clock())
    async with opened as providers:
        yield providers[0]


@pytest.fixture
async def provider(upstream: ChaosUpstream, dialect: str) -> AsyncIterator[CloudProvider]:
    async with provider_at(upstream.url, dialect) as provider:
        yield provider
