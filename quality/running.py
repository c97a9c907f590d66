"""One whole analysis: every engine over one tree, and what they say put together."""

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from traceback import extract_tb
from typing import Protocol

import anyio
from anyio import CapacityLimiter, to_thread

from pointsman.quality_settings import QualitySettings
from quality.engine import Engine
from quality.engines.keys import in_languages
from quality.errors import EngineFailed
from quality.finding import Analysis
from quality.gathering import by_file_of, report_of, together
from quality.report import EngineRun, Report
from quality.source import Tree

# Over 0.02 CPU-s a kLOC; that of most comes first, so that no long one is left in the end.
HEAVY = ("bandit", "flow", "checks", "types", "dead_code", "metrics")
AT_ONCE = max(2, min(4, os.cpu_count() or 2))  # of the heavy ones, and of the others


def _unwanted(name: str, settings: QualitySettings) -> str:
    """Why it does not run; empty: it does."""
    if settings.engines is None:
        return f"{UNASKED[name]} Name it in `quality.engines`." if name in UNASKED else ""
    return "" if name in settings.engines else "The settings do not name it."


# Measured by benchmarks/eval_quality.py: nothing is found with it that is not found without it.
UNASKED = {"bandit": "ruff, flow and checks find what it does, at a tenth of its cost."}
MISSING = "It is not installed: pip install 'pointsman[quality]'"

Told = Callable[[EngineRun, int, int], Awaitable[None]]  # who is done; how many are, of how many


class Memory(Protocol):
    """What engines said before, by file; `quality.remembering.open_memory` keeps it on disk."""

    async def recall(
        self, engine: str, version: str, keys: Mapping[str, str]
    ) -> Mapping[str, Analysis]:
        """By path, what is known of the files that still have those keys."""
        ...

    async def keep(
        self, engine: str, version: str, keys: Mapping[str, str], by_path: Mapping[str, Analysis]
    ) -> None: ...


async def analyse(
    tree: Tree,
    engines: Sequence[Engine],
    settings: QualitySettings,
    memory: Memory | None = None,
    *,
    tell: Told | None = None,
) -> Report:
    """What all engines say about `tree`, one finding for one defect.

    An engine that is not there, breaks off or takes too long is named in the report and spoils
    nothing for the others. Cancelled, it leaves no process behind.
    """
    runs: dict[str, EngineRun] = {}
    said: dict[str, Analysis] = {}
    heavy, light = CapacityLimiter(AT_ONCE), CapacityLimiter(AT_ONCE)

    async def run(engine: Engine) -> None:
        async with heavy if engine.name in HEAVY else light:
            runs[engine.name], said[engine.name] = await _timed(engine, tree, settings, memory)
        if tell is not None:
            await tell(runs[engine.name], len(runs), len(engines))

    async with anyio.create_task_group() as tasks:
        for engine in sorted(engines, key=_place):
            tasks.start_soon(run, engine)
    unwanted = frozenset(settings.suppressed_rules)
    return await to_thread.run_sync(report_of, tree, tuple(runs.values()), said, unwanted)


def _place(engine: Engine) -> int:
    return HEAVY.index(engine.name) if engine.name in HEAVY else 0


async def _timed(
    engine: Engine, tree: Tree, settings: QualitySettings, memory: Memory | None
) -> tuple[EngineRun, Analysis]:
    started = anyio.current_time()
    ran, analysis = EngineRun(name=engine.name, state="timed out"), Analysis()
    with anyio.move_on_after(settings.engine_s):
        ran, analysis = await _fared(engine, tree, settings, memory)
    if ran.state == "timed out":
        ran = replace(ran, why=f"It took more than {settings.engine_s:g} s; raise `engine_s`.")
    elapsed_ms = round((anyio.current_time() - started) * 1_000)
    return replace(ran, elapsed_ms=elapsed_ms), analysis


async def _fared(
    engine: Engine, tree: Tree, settings: QualitySettings, memory: Memory | None
) -> tuple[EngineRun, Analysis]:
    ran = EngineRun(name=engine.name, state="failed")
    if why := _unwanted(engine.name, settings):
        return replace(ran, state="skipped", why=why), Analysis()
    try:
        version = await engine.version()
        if version is None:
            return replace(ran, state="missing", why=MISSING), Analysis()
        ran = replace(ran, version=version)
        analysis, files, known = await _asked(engine, version, tree, memory)
    except Exception as error:  # noqa: BLE001  # of an engine at hostile code: the others go on
        return replace(ran, why=_why(error)), Analysis()
    done = replace(ran, state="ok", files=files, remembered=known, unread=analysis.unread)
    return replace(done, notes=analysis.notes), analysis


async def _asked(
    engine: Engine, version: str, tree: Tree, memory: Memory | None
) -> tuple[Analysis, int, int]:
    """What it says about all its files, how many they are, and how many it was not asked about."""
    files = in_languages(tree, engine.languages)
    if not files:
        return Analysis(), 0, 0
    keys: Mapping[str, str] = {}
    known: Mapping[str, Analysis] = {}
    if memory is not None:
        keys = await to_thread.run_sync(engine.keys, tree)
        known = await memory.recall(engine.name, version, keys)
    stale = [file for file in files if file.path not in known]
    if not stale:
        return together(known.values()), len(files), len(files)
    fresh = by_file_of(await engine.analyse(stale, tree), stale)
    if memory is not None:
        await memory.keep(engine.name, version, keys, fresh)
    return together([*fresh.values(), *known.values()]), len(files), len(files) - len(stale)


def _why(error: Exception) -> str:
    """What broke, and where: the text of an error of none of ours may quote the code it read."""
    cause: BaseException = error
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    if isinstance(cause, EngineFailed):
        return f"It {cause.why}."
    frames = extract_tb(cause.__traceback__)
    spot = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    return f"It broke: {type(cause).__name__} at {spot}."
