"""A private folder of what a fix changes, to be laid over the project while its tests run."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from anyio import to_thread

from quality.fixes.errors import Refused


@asynccontextmanager
async def changed_files(changes: Mapping[str, bytes]) -> AsyncIterator[Path]:
    """A folder with `changes`, by path from the root of the tree, and nothing else.

    Raises:
        Refused: they cannot be written.
    """
    folder = await to_thread.run_sync(_new_folder)
    try:
        try:
            await to_thread.run_sync(_write, folder, changes)
        except OSError as error:
            raise Refused("the change cannot be written down to run the tests with it") from error
        yield folder
    finally:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(lambda: shutil.rmtree(folder, ignore_errors=True))


def _new_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="pointsman-fix-")).resolve()


def _write(folder: Path, changes: Mapping[str, bytes]) -> None:
    for path, raw in changes.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(raw)
