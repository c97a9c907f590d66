"""The file of one model: a name in the store or a path, there or not, unchanged or not."""

from pathlib import Path

import anyio

from pointsman.errors import NotFound
from pointsman.types import Readiness
from providers.local import gguf
from providers.local.gguf import Unusable
from providers.local.store import ModelStore

SUFFIX = ".gguf"
Stamp = tuple[int, int]  # size and time of change


class ModelFile:
    """What a setting such as `local.model` points to."""

    def __init__(self, setting: str, store: ModelStore, *, preferred: bool) -> None:
        self.id = Path(setting).stem if setting.endswith(SUFFIX) else setting
        self.missing: str | None = None  # why, and what to do; None where the file is there
        self.missing_as: Readiness = "off"
        self._setting = setting
        self._store = store
        self._preferred = preferred
        self._stamp: Stamp | None = None

    @property
    def size(self) -> int:
        """Bytes, at the last look; 0 if it was not there."""
        return self._stamp[0] if self._stamp else 0

    async def look(self) -> bool:
        """Set `missing`; whether the file came, changed or went since the last look."""
        path = await self._path()
        stamp = await anyio.to_thread.run_sync(_stamp, path) if path else None
        if path and stamp is None:
            self._miss(f"there is no file {path.name!r}; correct local.model")
        elif stamp is not None:
            self.missing = None
        changed = stamp != self._stamp
        self._stamp = stamp
        return changed

    async def checked(self) -> Path:
        """The file, fit to be shown to a runtime.

        Raises:
            Unusable: it is not there, or is not what it should be.
        """
        await self.look()
        if self.missing is not None:
            raise Unusable(self.missing)
        if self._setting.endswith(SUFFIX):
            path = Path(self._setting)
        else:
            path = await self._store.verified(self._setting)
        await anyio.to_thread.run_sync(gguf.check, path)
        return path

    async def _path(self) -> Path | None:
        """Where the file is or should be; None, and `missing` set, if the store has none."""
        name = self._setting
        if name.endswith(SUFFIX):
            return Path(name)
        try:
            path = await self._store.path(name)
            if path is None and await self._store.fetching(name):
                self._miss(f"{name} is being fetched", "cold")
            elif path is None:
                self._miss(f"{name} has not been fetched; run `pointsman models pull {name}`")
        except NotFound as error:
            self._miss(f"{error} Or name a {SUFFIX} file.")
            return None
        return path

    def _miss(self, why: str, readiness: Readiness | None = None) -> None:
        self.missing = why
        self.missing_as = readiness or ("failed" if self._preferred else "off")


def _stamp(path: Path) -> Stamp | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns
