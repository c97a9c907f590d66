"""The small model behind the `Embedder` seam: loaded in the background, run off the event loop."""

from collections.abc import Callable
from pathlib import Path

import anyio
import anyio.to_thread

from pointsman.errors import ConfigError
from pointsman.seams import Embedding
from providers.embedding.minilm import (
    MAKE_TIMEOUT_S,
    MODEL,
    Session,
    check_made,
    graph_file,
    maker,
    open_session,
)

Open = Callable[[Path], Session]
PATIENCE_S = 1.0  # that a prompt waits for a model being loaded: loading takes 0.3 s, made 5 s
MOST_WAITING = 16  # prompts; one more is routed by its features rather than 0.1 s later


class LocalEmbedder:
    """Embeds in one thread at a time; gives nothing before `load` is done, but waits a little.

    `problem` says why it never will, None while that is not known.
    """

    model = MODEL

    def __init__(self, folder: Path, opened: Open = open_session) -> None:
        self._folder = folder
        self._open = opened
        self._session: Session | None = None
        self._one = anyio.CapacityLimiter(1)
        self._loading: anyio.Event | None = None
        self.problem: str | None = None

    @property
    def ready(self) -> bool:
        return self._session is not None

    async def load(self) -> None:
        """Load the model; the first time in a home this takes 5 s."""
        self._loading = loading = anyio.Event()
        try:
            if self._open is open_session:
                await self._make()
            self._session = await anyio.to_thread.run_sync(self._open, self._folder)
        except (ConfigError, OSError, TimeoutError) as error:
            self.problem = str(error) or "its graph was not made in time"
        finally:
            self._loading = None
            loading.set()

    async def _make(self) -> None:
        """Make the graph if need be, in a process that ends with us."""
        graph = await anyio.to_thread.run_sync(graph_file, self._folder)
        if not await anyio.Path(graph).is_file():
            with anyio.fail_after(MAKE_TIMEOUT_S):
                made = await anyio.run_process(maker(graph), check=False)
            check_made(made.returncode, made.stderr)

    async def embed(self, text: str) -> Embedding | None:
        if self._loading is not None:
            with anyio.move_on_after(PATIENCE_S):
                await self._loading.wait()
        if self._session is None or self._one.statistics().tasks_waiting >= MOST_WAITING:
            return None
        try:
            return await anyio.to_thread.run_sync(self._session.embed, text, limiter=self._one)
        except Exception as error:  # noqa: BLE001 - the runtime's errors have no common class
            self._session = None
            self.problem = f"it failed ({type(error).__name__}); restart to try again"
            return None
