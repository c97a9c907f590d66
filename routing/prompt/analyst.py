"""Reads a prompt once: its features, where it lies, and what was learned of such prompts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cachetools import LRUCache

from pointsman.records import Analysis, Call, Category, Emotion
from pointsman.seams import Embedder, Embedding
from routing.prompt.analysis import analyse, gist
from routing.prompt.emotion import read_emotion
from routing.prompt.signals import Signals, read_signals

KEPT = 1_000  # prompts whose predictions are remembered


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
    _seen: LRUCache[tuple[str, bool], _Predictions] = field(
        default_factory=lambda: LRUCache[tuple[str, bool], _Predictions](KEPT)
    )

    async def understand(self, call: Call) -> Understood:
        """The analysis of the conversation of `call`, and the embedding of what it asks."""
        text = gist(call.request.messages)
        embedding = await self.embedder.embed(text) if self.embedder and text.strip() else None
        predictions = self._predict(text, embedding)
        analysis = analyse(
            call.request,
            call.category,
            categories=predictions.categories,
            strength=predictions.strength,
            embedded=embedding is not None,
        )
        return Understood(analysis, embedding)

    def _predict(self, text: str, embedding: Embedding | None) -> _Predictions:
        key = (text, embedding is None)
        found = self._seen.get(key)
        if found is None:
            found = self._seen[key] = self._predicted(text, embedding)
        return found

    def _predicted(self, text: str, embedding: Embedding | None) -> _Predictions:
        categories = strength = None
        if self.category is not None:
            signals = read_signals(text)
            categories = self.category.predict(signals, read_emotion(signals.text), embedding)
        if self.strong is not None:
            told = self.strong.predict(text, embedding)
            strength = (told.p, told.support)
        return _Predictions(categories, strength)
