"""Fixtures every test shares."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from blockbuster import BlockBuster, blockbuster_ctx

from providers.local.store import ModelStore

MODELS = Path(__file__).parents[1] / ".cache" / "models"  # survives the run

FOLDERS = [
    "accounting",
    "agent",
    "cache",
    "pointsman",
    "providers",
    "quality",
    "routing",
    "server",
    "storage",
    "tools",
]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def no_embedding_in_other_processes() -> Iterator[None]:
    """Servers that tests start route by features; each new home would make its own graph."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POINTSMAN_EMBEDDING__ENABLED", "false")
        yield


@pytest.fixture(autouse=True)
def no_blocking_calls() -> Iterator[BlockBuster]:
    """Fail a test in which a coroutine blocks the event loop."""
    with blockbuster_ctx(FOLDERS) as buster:
        yield buster


@pytest.fixture
async def smollm2() -> Path:
    """A real small model, fetched once into the checkout's own cache."""
    return await ModelStore(MODELS).pull("smollm2-135m-instruct")
