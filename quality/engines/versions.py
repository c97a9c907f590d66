"""Which version of a tool is there."""

import os
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import anyio
from anyio import to_thread

from quality.engines.process import run
from quality.errors import EngineFailed

_VERSION = re.compile(rb"\d+\.\d+(?:\.\w+)*")
_ANSWER_S = 10.0


async def package_version(package: str) -> str | None:
    """That of the installed Python package; None: there is none."""

    def installed() -> str | None:
        try:
            return version(package)
        except PackageNotFoundError:
            return None

    return await to_thread.run_sync(installed)


async def version_of(package: str, program: str | None) -> str | None:
    """That of `program`: its package's, when it came with this Python, else what it says itself."""
    if program is None:
        return None
    if Path(program).parent == Path(sys.executable).parent:
        return await package_version(package)
    try:
        with anyio.fail_after(_ANSWER_S):
            ended = await run(package, [program, "--version"], Path(os.sep))
    except (EngineFailed, TimeoutError):
        return None
    said = _VERSION.search(ended.output + ended.errors)
    return said[0].decode() if said else None
