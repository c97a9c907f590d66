"""What reads prompts, opened: the embedding model of the settings and the shipped weights."""

import secrets
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import anyio.to_thread

from pointsman.errors import ConfigError
from pointsman.money import Price, Rates, Usage, nano_from_usd
from pointsman.records import LOCAL, Attempt, CallRecord
from pointsman.seams import Clock, Embedder
from pointsman.settings import EmbeddingSettings, Settings
from pointsman.types import Outcome
from providers.cloud import Upstream
from providers.discovery import Discovered
from providers.embedding.local import LocalEmbedder
from providers.embedding.memo import RememberingEmbedder
from providers.embedding.remote import RemoteEmbedder
from routing.prompt.analyst import Analyst

if TYPE_CHECKING:
    from routing.predict.category import CategoryPredictor
    from routing.predict.strong import StrongPredictor

AnyEmbedder = LocalEmbedder | RemoteEmbedder


async def open_embedder(
    stack: AsyncExitStack,
    settings: Settings,
    home: Path,
    discovered: Discovered,
    clock: Clock,
    note: Callable[[CallRecord], None],
) -> AnyEmbedder | None:
    """The embedder of the settings, not loaded yet; None where it is switched off.

    What a provider's embeddings cost goes to `note`.

    Raises:
        ConfigError: it names a provider that is not there.
    """
    given = settings.embedding
    if not given.enabled:
        return None
    if given.provider is None:
        return LocalEmbedder(home / "models")
    backend = next((b for b in discovered.backends if b.name == given.provider), None)
    if backend is None:
        raise ConfigError(
            f"embedding.provider is {given.provider!r}, which is not set up.",
            hint="Name one that `pointsman doctor` finds, or leave it out for the local model.",
        )
    return RemoteEmbedder(
        backend,
        Upstream(settings.timeouts, stack),
        given.model,
        timeout_s=given.timeout_s,
        clock=clock,
        spent=lambda usage, ms: note(_bill(given, backend.name, usage, ms, clock.wall())),
    )


def _bill(
    given: EmbeddingSettings, provider: str, usage: Usage, latency_ms: float, at: float
) -> CallRecord:
    """One embedding as the books have it: a call of no tool, with one attempt."""
    price = None if given.price is None else Rates(input=nano_from_usd(given.price), output=0)
    cost = None if price is None else Price(tiers=(price,), source="settings").cost(usage)
    attempt = Attempt(
        id=secrets.token_hex(16),
        provider=provider,
        model=given.model,
        outcome=Outcome.SUCCESS,
        latency_ms=latency_ms,
        ttft_ms=None,
        usage=usage,
        cost=cost,
    )
    return CallRecord(
        id=secrets.token_hex(16),
        at=at,
        principal=LOCAL,
        tool="embedding",
        user=None,
        session_id=None,
        decision_id="",
        provider=provider,
        model=given.model,
        category=None,
        error=None,
        latency_ms=latency_ms,
        saved_by_cache=0,
        saved_by_routing=0,
        attempts=(attempt,),
    )


async def open_analyst(embedder: Embedder | None) -> Analyst:
    """What reads prompts, with the shipped weights."""
    strong, category = await anyio.to_thread.run_sync(read_predictors)
    remembering = embedder and RememberingEmbedder(embedder)
    return Analyst(embedder=remembering, strong=strong, category=category)


def read_predictors() -> "tuple[StrongPredictor, CategoryPredictor]":
    """What was learned from outcomes and labels, read from the shipped weights; takes 0.1 s."""
    from routing.predict.category import CategoryPredictor
    from routing.predict.strong import StrongPredictor
    from routing.predict.weights import read_weights

    return StrongPredictor(read_weights("strong")), CategoryPredictor(read_weights("category"))
