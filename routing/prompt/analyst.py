"""Reads a prompt once: its features, where it lies, and what was learned of such prompts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Protocol

import anyio
from cachetools import LRUCache

from pointsman.records import Analysis, Call, Category, Emotion
from pointsman.seams import Embedder, Embedding
from routing.prompt.analysis import Look, analyse, look_at
from routing.prompt.signals import Signals

KEPT = 1_000  # prompts whose predictions are remembered
EMBEDDING_SHARE = 0.1  # of a call's deadline, after which it is read without an embedding


class Strength(Protocol):
    @property
    def p(self) -> float: ...

    @property
    def support(self) -> float: ...


class StrongModel(Protocol):
    """Says how likely only the strong tier answers a prompt well."""

    def predict(self, text: str, embedding: Embedding | None) -> Strength: ...


class CategoryModel(Protocol):
    """Says how likely a prompt is of each category."""

    def predict(
        self, signals: Signals, emotion: Emotion, embedding: Embedding | None
    ) -> Mapping[Category, float]: ...


@dataclass(frozen=True, slots=True)
class Understood:
    """What is known of a prompt."""

    analysis: Analysis
    embedding: Embedding | None


@dataclass(frozen=True, slots=True)
class _Predictions:
    categories: Mapping[Category, float] | None
    strength: tuple[float, float] | None  # p_strong, and how well it is supported


@dataclass(frozen=True, slots=True, kw_only=True)
class Analyst:
    """Everything that reads prompts; each part may be missing, and the analysis then says so."""

    embedder: Embedder | None = None
    strong: StrongModel | None = None
    category: CategoryModel | None = None
    _seen: LRUCache[tuple[bytes, bool], _Predictions] = field(
        default_factory=lambda: LRUCache[tuple[bytes, bool], _Predictions](KEPT)
    )

    async def understand(self, call: Call) -> Understood:
        """The analysis of the conversation of `call`, and the embedding of what it asks."""
        look = look_at(call.request.messages)
        embedding = await self._embed(look.text, call.deadline_s)
        predictions = self._predict(look, embedding)
        analysis = analyse(
            call.request,
            call.category,
            look=look,
            categories=predictions.categories,
            strength=predictions.strength,
            embedded=embedding is not None
            and embedding.layers is not None,  # what was learned from
        )
        return Understood(analysis, embedding)

    async def _embed(self, text: str, deadline_s: float | None) -> Embedding | None:
        if self.embedder is None or not text.strip():
            return None
        with anyio.move_on_after(None if deadline_s is None else EMBEDDING_SHARE * deadline_s):
            return await self.embedder.embed(text)
        return None

    def _predict(self, look: Look, embedding: Embedding | None) -> _Predictions:
        key = (_digest(look.text), embedding is None)
        found = self._seen.get(key)
        if found is None:
            found = self._seen[key] = self._predicted(look, embedding)
        return found

    def _predicted(self, look: Look, embedding: Embedding | None) -> _Predictions:
        categories = strength = None
        if self.category is not None:
            categories = self.category.predict(look.signals, look.emotion, embedding)
        if self.strong is not None:
            told = self.strong.predict(look.text, embedding)
            strength = (told.p, told.support)
        return _Predictions(categories, strength)


def _digest(text: str) -> bytes:
    """A prompt is up to 40 kB, and nobody's to keep."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
