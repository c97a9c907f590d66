"""Embeddings that were made before: a prompt is asked for again by retries, routes and caches."""

from hashlib import blake2b

from cachetools import LRUCache

from pointsman.seams import Embedder, Embedding

KEPT = 1_000  # of 8 kB each


class RememberingEmbedder:
    """An embedder that asks another only for what it has not seen lately."""

    def __init__(self, inner: Embedder, kept: int = KEPT) -> None:
        self._inner = inner
        self._seen: LRUCache[bytes, Embedding] = LRUCache(kept)

    @property
    def model(self) -> str:
        return self._inner.model

    async def embed(self, text: str) -> Embedding | None:
        key = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        found = self._seen.get(key)
        if found is None and (found := await self._inner.embed(text)) is not None:
            self._seen[key] = found
        return found
