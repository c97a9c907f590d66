"""The small model behind the `Embedder` seam: loaded in the background, run off the event loop."""

from collections.abc import Callable
from pathlib import Path

import anyio
import anyio.to_thread

from pointsman.errors import ConfigError
from pointsman.seams import Embedding
from providers.embedding.minilm import MODEL, MOST_TOKENS, Session, open_session

Open = Callable[[Path], Session]
MOST_WAITING = 4  # prompts; one more is routed by its features rather than 40 ms later


class LocalEmbedder:
    """Embeds in one thread at a time; gives nothing until `load` is done.

    `problem` says why it never will, None while that is not known.
    """

    model = MODEL

    def __init__(
        self, folder: Path, most_tokens: int = MOST_TOKENS, opened: Open = open_session
    ) -> None:
        self._folder = folder
        self._most_tokens = most_tokens
        self._open = opened
        self._session: Session | None = None
        self._one = anyio.CapacityLimiter(1)
        self.problem: str | None = None

    @property
    def ready(self) -> bool:
        return self._session is not None

    async def load(self) -> None:
        """Load the model; the first time in a home this takes 5 s."""
        try:
            self._session = await anyio.to_thread.run_sync(self._open, self._folder)
        except (ConfigError, OSError) as error:
            self.problem = str(error)

    async def embed(self, text: str) -> Embedding | None:
        if self._session is None or self._one.statistics().tasks_waiting >= MOST_WAITING:
            return None
        try:
            return await anyio.to_thread.run_sync(
                self._session.embed, text, self._most_tokens, limiter=self._one
            )
        except Exception as error:  # noqa: BLE001 - the runtime's errors have no common class
            self._session = None
            self.problem = f"it failed ({type(error).__name__}); restart to try again"
            return None
