"""What the semantic cache would do with pairs of prompts, without an engine; nothing is kept."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import anyio.to_thread

from cache.key import Keys
from cache.semantic.opening import read_judge
from cache.semantic.probe import Probe
from pointsman.settings import Settings
from providers.discovery import discover
from server.app import CLOCK
from server.learned import open_analyst, open_embedder


@asynccontextmanager
async def open_probe(
    settings: Settings, home: Path, environ: Mapping[str, str]
) -> AsyncGenerator[Probe, None]:
    """A probe that reads prompts as the engine would, its embedding model loaded.

    The bill of a remote one is not kept.

    Raises:
        ConfigError: the settings cannot be used.
    """
    async with AsyncExitStack() as stack:
        discovered = discover(settings, environ)
        embedder = await open_embedder(stack, settings, home, discovered, CLOCK, lambda _: None)
        if embedder is not None:
            await embedder.load()
        analyst = await open_analyst(embedder)
        yield Probe(
            settings=settings.cache,
            keys=Keys(),
            judge=await anyio.to_thread.run_sync(read_judge, embedder),
            embedder=embedder,
            understand=analyst.understand,
            clock=CLOCK,
        )
