"""Local providers over a scripted worker, in a folder of their own."""

import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pointsman.settings import LocalSettings
from providers.local.process import open_worker
from providers.local.provider import LocalProvider, open_local
from providers.local.store import ModelStore
from tests.fakes import SteadyClock

SCRIPTED = (sys.executable, "-I", "-X", "utf8", str(Path(__file__).with_name("scripted_worker.py")))
GGUF = struct.pack("<4sIQQ", b"GGUF", 3, 1, 1) + bytes(64)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A file that passes for a model with everybody but a runtime."""
    path = tmp_path / "tiny.gguf"
    path.write_bytes(GGUF)
    return path


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


@asynccontextmanager
async def scripted(
    model: Path | str,
    store: ModelStore,
    clock: SteadyClock,
    *,
    grace_s: float = 0,
    **settings: Any,
) -> AsyncIterator[LocalProvider]:
    options = {"fallback": None, **settings}
    async with open_local(
        LocalSettings(model=str(model), **options),
        store,
        clock.clock(),
        open_worker=partial(open_worker, command=SCRIPTED),
        grace_s=grace_s,
    ) as provider:
        yield provider
