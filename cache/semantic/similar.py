"""Answers to prompts that mean the same as one that is asked."""

import traceback
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import anyio

from cache.key import Keys, is_whole
from cache.layers import Layer
from cache.purge import Purge
from cache.semantic.asked import Asked, asked_by, words_of
from cache.semantic.eligible import why_not
from cache.semantic.index import Entry, Index, Partition, Vector, Wrong
from cache.semantic.late import LateEmbedding
from cache.semantic.match import Judge, Match, Matcher, Outcome
from cache.semantic.store import Nowhere, Store, packed, unpacked
from pointsman.errors import InvalidInput
from pointsman.records import Analysis, Call, Found
from pointsman.seams import Clock, Embedder, Embedding
from pointsman.settings import CacheSettings

T = TypeVar("T")
Reason = Literal["wrong", "outdated"]


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of a search, and why, for a person."""

    found: Found | None
    reason: str
    similarity: float | None = None  # cosine of the prompt that came nearest


@dataclass(frozen=True, slots=True)
class Reported:
    """What was done about an answer that was not right."""

    forgotten: int  # answers
    tightened: bool  # what lies near its prompt is served with more care from now on


class SimilarAnswers:
    """Prompts whose answers `cache` has, by all that must be equal beside the prompt itself.

    Nothing is found across scopes, system prompts, earlier messages, parameters or catalogues:
    they make the context, and each is searched by itself (T-49). An answer is found only by the
    prompt that it was given to, so errors do not add up from hit to hit.
    """

    def __init__(
        self,
        settings: CacheSettings,
        cache: Layer,
        keys: Keys,
        judge: Judge,
        *,
        embedder: Embedder | None,
        clock: Clock,
        store: Store | None = None,
    ) -> None:
        self._settings = settings
        self._cache = cache
        self._keys = keys
        self._matcher = Matcher(judge, settings.serve_similarity, settings.false_hit_rate)
        self._embedder = embedder
        self._clock = clock
        self._store = store or Nowhere()
        self._index = Index(settings.semantic_items)
        self.late = LateEmbedding(self._index, self._store, embedder, clock)
        self._loading: dict[str, anyio.Lock] = {}
        self._told: set[str] = set()

    def __len__(self) -> int:
        return len(self._index)

    async def find(
        self, call: Call, stamp: str, analysis: Analysis, embedding: Embedding | None
    ) -> Found | None:
        """An answer that serves `call` as it is; it may be stale."""
        looked = await self._guarded(self.look(call, stamp, analysis, embedding))
        return None if looked is None else looked.found

    async def keep(
        self,
        call: Call,
        stamp: str,
        key: str,
        analysis: Analysis,
        embedding: Embedding | None,
    ) -> None:
        """Let the answer under `key`, which `call` was really given, be found from now on."""
        await self._guarded(self._keep(call, stamp, key, analysis, embedding))

    async def near(
        self, call: Call, stamp: str, analysis: Analysis, embedding: Embedding | None
    ) -> Found | None:
        """An answer to adapt to `call`, for which `find` found none; only if that is wished."""
        if not self._settings.adapt:
            return None
        return await self._guarded(self._near(call, stamp, analysis, embedding))

    async def look(
        self, call: Call, stamp: str, analysis: Analysis, embedding: Embedding | None
    ) -> Looked:
        """What `find` finds, and why."""
        if (why := why_not(call, analysis)) is not None:
            return Looked(None, f"not eligible: {why}")
        asked = asked_by(call, stamp, analysis, self._keys)
        partition = await self._partition(asked.context)
        if partition is None:
            return Looked(None, "the database cannot be read")
        stale = None
        if (same := self._matcher.same_words(asked, partition)) is not None:
            stale = await self._serve(asked.context, partition, same)
            if stale is not None and not stale.stale:
                return Looked(stale, same.reason, 1.0)
        outcome = await self._alike(call, asked, partition, embedding)
        for match in outcome.matches:
            found = await self._serve(asked.context, partition, match)
            if found is not None and not found.stale:
                return Looked(found, match.reason, match.similarity)
            stale = stale or found
        return Looked(stale, outcome.reason, outcome.similarity)

    async def report(self, key: str, *, principal: str, reason: Reason = "wrong") -> Reported:
        """Forget the answer under `key`; if it was wrong, be careful with prompts near its own.

        Raises:
            InvalidInput: it is not the key of an answer.
            StorageFailed: the answer could not be deleted.
        """
        if not is_whole(key):
            raise InvalidInput("That is no key of a cached answer.")
        known = await self._known(key)
        forgotten = await self._cache.purge(Purge(prefix=key))
        if known is None:
            return Reported(forgotten, tightened=False)
        context, entry, vector = known
        self._index.drop(context, key)
        if reason != "wrong":
            return Reported(forgotten, tightened=False)
        wrong = Wrong(entry.words, vector)
        if (partition := self._index.peek(context)) is not None:
            partition.report(wrong)
        self._store.report(context, wrong, principal, round(self._clock.wall() * 1000))
        return Reported(forgotten, tightened=True)

    async def _keep(
        self, call: Call, stamp: str, key: str, analysis: Analysis, embedding: Embedding | None
    ) -> None:
        if why_not(call, analysis) is not None:
            return
        asked = asked_by(call, stamp, analysis, self._keys)
        vector = self._given(call, embedding)
        if vector is not None:
            vector = unpacked(packed(vector))  # as it will be after a restart
        entry = Entry(key, asked.words, asked.text)
        await self._partition(asked.context)
        self._index.put(asked.context, entry, vector)
        self._store.write(asked.context, entry, vector)

    async def _near(
        self, call: Call, stamp: str, analysis: Analysis, embedding: Embedding | None
    ) -> Found | None:
        if why_not(call, analysis) is not None:
            return None
        asked = asked_by(call, stamp, analysis, self._keys)
        partition = await self._partition(asked.context)
        if partition is None:
            return None
        vector = await self._vector(call, asked, partition, embedding)
        if vector is None:
            return None
        floor = self._settings.adapt_similarity
        for match in self._matcher.to_adapt(asked, vector, partition, floor):
            found = await self._serve(asked.context, partition, match)
            if found is not None and not found.stale:
                return replace(found, kind="adapted")
        return None

    async def _partition(self, context: str) -> Partition | None:
        """What is kept in `context`, read once however many ask; None if it cannot be read."""
        held = self._index.get(context)
        if held is not None:
            return held
        async with self._loading.setdefault(context, anyio.Lock()):
            try:
                held = self._index.get(context)
                if held is not None:
                    return held
                loaded = await self._store.load(context, self._settings.semantic_items)
                return None if loaded is None else self._index.hold(context, loaded)
            finally:
                self._loading.pop(context, None)

    async def _alike(
        self, call: Call, asked: Asked, partition: Partition, embedding: Embedding | None
    ) -> Outcome:
        if not len(partition):
            return Outcome()
        vector = await self._vector(call, asked, partition, embedding)
        if vector is None:
            return Outcome(reason="no embedding")
        return self._matcher.same_meaning(asked, vector, partition)

    async def _vector(
        self, call: Call, asked: Asked, partition: Partition, embedding: Embedding | None
    ) -> Vector | None:
        """Where the last message lies; None if that helps nobody, or is not known."""
        if embedding is None or self._embedder is None:
            return None
        self.late.ask(asked.context, partition)
        if not partition.embedded:
            return None
        vector = self._given(call, embedding)
        if vector is not None:
            return vector
        made = await self._embedder.embed(asked.text)
        return made.vector if made is not None and made.model == self._embedder.model else None

    def _given(self, call: Call, embedding: Embedding | None) -> Vector | None:
        """The vector of the last message, if it is that: a later turn is embedded with others."""
        if embedding is None or self._embedder is None or embedding.model != self._embedder.model:
            return None
        asked = [message for message in call.request.messages if message.role == "user"]
        return embedding.vector if len(asked) == 1 else None

    async def _serve(self, context: str, partition: Partition, match: Match) -> Found | None:
        """The answer to a kept prompt; one that is gone, or was given to another, is forgotten."""
        entry = match.entry
        found = await self._cache.get(entry.key)
        if found is None or not self._is_of(entry, context, found):
            self._index.drop(context, entry.key)
            return None
        partition.used(entry.key)
        return replace(
            found,
            kind="semantic",
            similarity=match.similarity,
            probability=match.probability,
        )

    def _is_of(self, entry: Entry, context: str, found: Found) -> bool:
        messages = found.remembered.request.messages
        return bool(messages) and entry.words == words_of(messages[-1].content, context, self._keys)

    async def _known(self, key: str) -> tuple[str, Entry, Vector | None] | None:
        """The context, the prompt and its place of an answer, held or not."""
        context = self._index.context_of(key)
        partition = None if context is None else self._index.peek(context)
        entry = None if partition is None else partition.get(key)
        if context is None or partition is None or entry is None:
            return await self._store.find(key)
        return context, entry, partition.vector(key)

    async def _guarded(self, doing: Coroutine[Any, Any, T]) -> T | None:
        """What comes of `doing`; a defect in it costs a hit, and is told of once."""
        try:
            return await doing
        except Exception as error:  # noqa: BLE001 - the call goes on whatever it is
            *_, (frame, line) = traceback.walk_tb(error.__traceback__)
            place = f"{Path(frame.f_code.co_filename).name}:{line}"
            if place not in self._told:
                self._told.add(place)
                _log("cache.similar_defect", error=type(error).__name__, place=place)
            return None


def _log(fact: str, **data: str) -> None:
    import structlog  # 0.25 s, and only when something is wrong

    structlog.get_logger().error(fact, **data)
