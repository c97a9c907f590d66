"""Prompts that are embedded after they were kept."""

import anyio

from cache.semantic.index import Entry, Index, Partition
from cache.semantic.store import Store
from pointsman.seams import Clock, Embedder

AT_ONCE = 8
PAUSE_S = 1.0  # between so many: real calls go first


class LateEmbedding:
    """Embeds in the background what was kept without a vector, or with another model's.

    Only what a call could have found is worth it: who searches a partition says what lacks there.
    """

    def __init__(self, index: Index, store: Store, embedder: Embedder | None, clock: Clock) -> None:
        self._index = index
        self._store = store
        self._embedder = embedder
        self._clock = clock
        self._waiting: dict[str, tuple[str, Entry]] = {}  # by key, the oldest first
        self._contexts = set[str]()  # all of whose entries wait
        self._more = anyio.Event()

    def ask(self, context: str, partition: Partition) -> None:
        """Let what lies nowhere in `partition` be embedded; called when the embedder works."""
        if self._embedder is None or partition.embedded == len(partition):
            return
        if context not in self._contexts:
            self._contexts.add(context)
            self._waiting |= {entry.key: (context, entry) for entry in partition.unembedded}
        self._more.set()

    async def run(self) -> None:
        """Embed what is asked for; it ends when it is cancelled."""
        while True:
            await self._more.wait()
            self._more = anyio.Event()
            while await self._some():
                await self._clock.sleep(PAUSE_S)

    async def _some(self) -> bool:
        """Embed a few; whether there are more, and the embedder still works."""
        for key in list(self._waiting)[:AT_ONCE]:
            context, entry = self._waiting.pop(key)
            partition = self._index.peek(context)
            if partition is None or partition.get(key) is not entry or self._embedder is None:
                continue
            embedding = await self._embedder.embed(entry.text)
            if embedding is None or embedding.model != self._embedder.model:
                return False
            partition.place(key, embedding.vector)
            self._store.write_vector(context, entry, embedding.vector)
        if not self._waiting:
            self._contexts.clear()
        return bool(self._waiting)
