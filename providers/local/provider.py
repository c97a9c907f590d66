"""The embedded models as a provider like any other: free, private, and sometimes not there yet."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager

import anyio
from anyio.abc import TaskGroup

from pointsman.errors import ProviderError
from pointsman.money import FREE
from pointsman.seams import Clock
from pointsman.settings import LocalSettings
from pointsman.types import ChatRequest, Model, Outcome, Piece, Pieces, Readiness
from providers.local.answers import NAME, as_ask, pieces, translated
from providers.local.calling import ABLE_BYTES, Calling
from providers.local.model import GRACE_S, LocalModel, OpenWorker
from providers.local.modelfile import ModelFile
from providers.local.process import open_worker
from providers.local.store import ModelStore

FALLBACK_QUALITY = 0.35  # smollm2-135m beside qwen2.5-coder-0.5b on the small suites
TEND_S = 2.0  # between two rounds of housekeeping


class LocalProvider:
    """The configured model and its fallback. Open it with `open_local`."""

    def __init__(
        self,
        settings: LocalSettings,
        store: ModelStore,
        clock: Clock,
        tasks: TaskGroup,
        open_worker: OpenWorker,
        grace_s: float,
    ) -> None:
        self.name = settings.name
        self._settings = settings
        self._files = [ModelFile(settings.model, store, preferred=True)]
        if settings.fallback not in (None, settings.model):
            self._files.append(ModelFile(settings.fallback, store, preferred=False))
        self._loaded = {
            file.id: LocalModel(file.id, settings, file.checked, open_worker, tasks, clock, grace_s)
            for file in self._files
        }
        self.models: Sequence[Model] = tuple(self._describe(model) for model in self._loaded)
        self._wanted = False  # the configured model is to be loaded as soon as it can be

    def readiness(self, model: str) -> Readiness:
        file, local = self._find(model)
        return local.state if file.missing is None else file.missing_as

    def problem(self, model: str) -> str | None:
        """One line: why `model` is `failed` or `off`, and what to do. None otherwise."""
        file, local = self._find(model)
        return file.missing or local.problem

    def pid(self, model: str) -> int | None:
        """The process that holds `model`; None while none does."""
        worker = self._find(model)[1].worker
        return None if worker is None else worker.pid

    def answer(self, model: str, request: ChatRequest, *, stream: bool) -> Pieces:
        return self._answer(*self._find(model), request, stream)

    async def prewarm(self) -> None:
        """Load the configured model, or else its fallback; never raises.

        Comes back when one is loaded or none can be. If the configured one was not, it is loaded
        once its file comes or changes.
        """
        self._wanted = True
        for model in self._loaded:
            if await self._load(model):
                break

    async def tend(self) -> None:
        """One round of housekeeping: look at the files, let go of models long unused."""
        await self.look()
        preferred = self._files[0]
        if self._wanted and not preferred.missing and self._loaded[preferred.id].state == "cold":
            await self._load(preferred.id)
        for local in self._loaded.values():
            await local.unload_idle()

    async def look(self) -> None:
        """Note which model files are there; `readiness` tells of it."""
        for file in self._files:
            local = self._loaded[file.id]
            if local.state in ("cold", "failed") and await file.look():
                local.forgive()

    async def _load(self, model: str) -> bool:
        """Whether `model` is loaded now."""
        local = self._loaded[model]
        local.load()
        await local.settled()
        ready = local.state == "ready"
        if ready and model == self._files[0].id:
            self._wanted = False
        return ready

    def _describe(self, model: str) -> Model:
        return Model(
            provider=self.name,
            id=model,
            tier="local",
            context=self._settings.context,
            price=FREE,
            origin=f"{NAME}:{model}",
            capabilities=frozenset({"json", "tools"}),
            quality=None if model == self._files[0].id else FALLBACK_QUALITY,
        )

    def _find(self, model: str) -> tuple[ModelFile, LocalModel]:
        for file in self._files:
            if file.id == model:
                return file, self._loaded[model]
        raise ProviderError(
            NAME,
            f"there is no local model {model!r}",
            outcome=Outcome.CLIENT,
            fault="unknown_model",
        )

    @asynccontextmanager
    async def _answer(
        self, file: ModelFile, local: LocalModel, request: ChatRequest, stream: bool
    ) -> AsyncIterator[AsyncIterator[Piece]]:
        ask = as_ask(request, self._settings.context)
        if request.tools:
            calling = Calling(
                file.id,
                self._settings.context,
                lambda ask, stream: local.ask(ask=ask, stream=stream),
                able=file.size > ABLE_BYTES,
            )
            async with aclosing(calling.pieces(request, stream=stream)) as answer:
                yield answer
            return
        with translated():
            async with local.ask(ask=ask, stream=stream) as events:
                yield pieces(file.id, events)


@asynccontextmanager
async def open_local(
    settings: LocalSettings,
    store: ModelStore,
    clock: Clock,
    *,
    open_worker: OpenWorker = open_worker,
    grace_s: float = GRACE_S,
) -> AsyncIterator[LocalProvider]:
    """The local models; their processes end with the context. Nothing is loaded yet.

    A cancelled call that holds its slot for `grace_s` costs its process its life.
    """
    async with anyio.create_task_group() as tasks:
        provider = LocalProvider(settings, store, clock, tasks, open_worker, grace_s)
        await provider.look()
        tasks.start_soon(_keep_house, provider)
        yield provider
        tasks.cancel_scope.cancel()


async def _keep_house(provider: LocalProvider) -> None:
    while True:
        await anyio.sleep(TEND_S)
        await provider.tend()
