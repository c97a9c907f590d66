"""What reads prompts, opened: the embedding model of the settings and the shipped weights."""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio.to_thread

import routing
from pointsman.errors import ConfigError
from pointsman.money import Usage
from pointsman.seams import Clock
from pointsman.settings import Settings
from providers.cloud import Upstream
from providers.discovery import Backend, Discovered
from providers.embedding.local import LocalEmbedder
from providers.embedding.memo import RememberingEmbedder
from providers.embedding.remote import RemoteEmbedder
from routing.analyst import Analyst

if TYPE_CHECKING:
    from numpy.typing import NDArray

WEIGHTS = Path(routing.__file__).parent / "predict"

AnyEmbedder = LocalEmbedder | RemoteEmbedder
Spent = Callable[[Backend, str, Usage, float], None]


async def open_embedder(
    stack: AsyncExitStack,
    settings: Settings,
    home: Path,
    discovered: Discovered,
    clock: Clock,
    spent: Spent,
) -> AnyEmbedder | None:
    """The embedder of the settings, not loaded yet; None where it is switched off.

    Raises:
        ConfigError: it names a provider that is not there.
    """
    given = settings.embedding
    if not given.enabled:
        return None
    if given.provider is None:
        return LocalEmbedder(home / "models", given.max_tokens)
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
        spent=lambda model, usage, ms: spent(backend, model, usage, ms),
    )


async def open_analyst(embedder: AnyEmbedder | None) -> Analyst:
    """What reads prompts, with the shipped weights."""

    def load() -> Analyst:
        from routing.predict.category import CategoryPredictor
        from routing.predict.strong import StrongPredictor

        return Analyst(
            embedder=embedder and RememberingEmbedder(embedder),
            strong=StrongPredictor(_weights("strong")),
            category=CategoryPredictor(_weights("category")),
        )

    return await anyio.to_thread.run_sync(load)


def _weights(name: str) -> "Mapping[str, NDArray[Any]]":
    import numpy as np

    with np.load(WEIGHTS / f"{name}.npz", allow_pickle=False) as shipped:
        return dict(shipped)
