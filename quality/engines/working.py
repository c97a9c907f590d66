"""Has the program `worker.py` look at files."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TypeVar

import orjson
from anyio import to_thread
from pydantic import BaseModel, ValidationError

from quality.engines.process import Ended, run
from quality.errors import EngineCrashed, EngineFailed
from quality.files.languages import ending_of
from quality.source import SourceFile

Answer = TypeVar("Answer", bound=BaseModel)
_WORKER = Path(__file__).with_name("worker.py")


async def work(engine: str, answer: type[Answer], files: Sequence[SourceFile]) -> Answer:
    """What the worker for `engine` says about `files`: its "results" and "unread", by path.

    Raises:
        EngineFailed: it broke off, or gave what is no `answer`.
    """
    fed = await to_thread.run_sync(_fed, files)
    command = [sys.executable, "-I", str(_WORKER), engine]
    ended = await run(engine, command, Path(os.sep), fed=fed)
    try:
        return await to_thread.run_sync(answer.model_validate_json, ended.output)
    except ValidationError as error:
        raise unreadable(engine, ended) from error


def unreadable(engine: str, ended: Ended) -> EngineFailed:
    """What to raise when the output is no report, with the last that it said."""
    if ended.code < 0:
        return EngineCrashed(engine, f"was ended by signal {-ended.code}")
    said = ended.errors.decode(errors="replace").strip().splitlines()
    return EngineFailed(engine, f"gave no report: {said[-1][:300] if said else 'not a word'}")


def _fed(files: Sequence[SourceFile]) -> bytes:
    return orjson.dumps([(file.path, _ending(file), file.text) for file in files])


def _ending(file: SourceFile) -> str:
    own = PurePosixPath(file.path).suffix
    return own if own in (".tsx", ".jsx") else ending_of(file.language)
