"""Both cloud dialects keep the contract of a provider."""

from collections.abc import AsyncIterator

import pytest

from providers.cloud import CloudProvider
from tests.chaos import ChaosUpstream, chaos_upstream
from tests.contract.provider import ProviderContract
from tests.faults import rst
from tests.providers.conftest import provider_at


class TestCloud(ProviderContract):
    @pytest.fixture
    async def failing(self, dialect: str) -> AsyncIterator[CloudProvider]:
        async with (
            chaos_upstream(otherwise=rst) as broken,
            provider_at(broken.url, dialect) as provider,
        ):
            yield provider

    async def test_leaving_early_ends_the_upstream_call(
        self, upstream: ChaosUpstream, provider: CloudProvider
    ) -> None:
        await self.test_a_caller_may_leave_after_the_first_piece(provider)
        await upstream.quiet()
