"""Opens the search for similar answers; what it needs is imported off the event loop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from cache.codec import Codec
from cache.key import Keys
from cache.layers import Layer
from pointsman.seams import Clock, Embedder
from pointsman.settings import CacheSettings
from storage.database import Database

if TYPE_CHECKING:  # numpy takes 0.1 s to import
    from cache.semantic.match import Judge
    from cache.semantic.similar import SimilarAnswers


@asynccontextmanager
async def open_similar(
    settings: CacheSettings,
    database: Database,
    cache: Layer,
    keys: Keys,
    *,
    embedder: Embedder | None,
    codec: Codec,
    clock: Clock,
    judge: "Judge | None" = None,
) -> AsyncIterator["SimilarAnswers"]:
    """Similar answers in `cache`, and the task that embeds what was kept without a vector.

    `judge` is the shipped verifier if none is given.
    """

    def build() -> "SimilarAnswers":
        from cache.semantic.similar import SimilarAnswers
        from cache.semantic.store import DatabaseStore

        return SimilarAnswers(
            settings,
            cache,
            keys,
            judge or read_judge(embedder),
            embedder=embedder,
            clock=clock,
            store=DatabaseStore(database, codec, embedder.model if embedder else None),
        )

    similar = await anyio.to_thread.run_sync(build)
    async with anyio.create_task_group() as group:
        group.start_soon(similar.late.run)
        try:
            yield similar
        finally:
            group.cancel_scope.cancel()


def read_judge(embedder: Embedder | None) -> "Judge":
    """The shipped verifier, for the vectors of `embedder`; it blocks for 50 ms."""
    from cache.semantic.verifier import MODEL, Verifier
    from cache.semantic.weights import read_weights

    return Verifier(read_weights(), embedder.model if embedder else MODEL)
