"""What works on this machine and what does not, each with what to do about it."""

import importlib.util
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence, Set
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import anyio.to_thread

from agent.attach.config import ServerConfig
from cache.redis.failures import RedisFailed
from cache.redis.layer import advice
from cache.redis.link import open_redis
from pointsman.errors import ConfigError
from pointsman.seams import Clock
from pointsman.settings import Settings
from providers.discovery import discover
from providers.embedding.minilm import MODEL, graph_file, open_session
from providers.local.store import ModelStore
from server.runs.attached import read_servers
from server.windows.ownership import is_owned
from tools.workbench.code.tiers import probe_tiers

State = Literal["ok", "note", "broken"]
FIXED_WAL = (3, 51, 3)  # before it, two writing connections can damage a WAL database
RUNTIMES = {"xllamacpp": "xllamacpp", "llama-cpp-python": "llama_cpp"}
LEAST_FREE_GB = 1.0


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    state: State  # a note can be lived with; what is broken cannot
    detail: str
    fix: str | None = None


async def examine(
    settings: Settings, home: Path, environ: Mapping[str, str]
) -> AsyncIterator[Finding]:
    """Every finding, in the order of a start; beside Redis, no other machine is asked."""
    yield await anyio.to_thread.run_sync(_home, home)
    yield await anyio.to_thread.run_sync(_disk, home)
    yield await _engine(home)
    for name in ("ledger.db", "cache.db"):
        yield await anyio.to_thread.run_sync(_database, home / name)
    yield _sqlite()
    yield _clock()
    for finding in await _local(settings, home):
        yield finding
    found = discover(settings, environ)
    names = {backend.name for backend in found.backends}
    yield await anyio.to_thread.run_sync(_embedding, settings, home, names)
    for backend in found.backends:
        models = f"{len(backend.models)} models"
        yield Finding(f"provider {backend.name}", "ok", f"{backend.why}; {models}")
    for absent in found.absent:
        yield Finding(f"provider {absent.name}", "note", absent.why, absent.fix)
    yield await _redis(settings)
    state, detail, fix = (await probe_tiers(settings.tools)).finding()
    yield Finding("run_code", state, detail, fix)
    for finding in await _servers(settings, home, environ):
        yield finding


async def _servers(settings: Settings, home: Path, environ: Mapping[str, str]) -> Sequence[Finding]:
    """The MCP servers that the agent may attach, as their file has them; none is started."""
    given = settings.agent.servers
    file = given or home / "mcp.json"
    try:
        configs = await read_servers(file, environ, needed=given is not None)
    except ConfigError as error:
        return [Finding("agent servers", "broken", error.message, error.hint)]
    findings = [_server(config) for config in configs]
    return findings or [Finding("agent servers", "ok", f"none: there is no {file}")]


def _server(config: ServerConfig) -> Finding:
    name = f"agent server {config.name}"
    if config.disabled:
        return Finding(name, "ok", "; ".join(("disabled", *config.notes)))
    if config.problem is not None:
        return Finding(name, "note", config.problem, "Mend its entry in the mcp.json.")
    return Finding(name, "ok", "; ".join(("listed", *config.notes)))


async def _redis(settings: Settings) -> Finding:
    """Whether the Redis of the settings answers, and is set up as a cache."""
    clock = Clock(monotonic=time.monotonic, wall=time.time)
    told = None
    try:
        async with open_redis(settings.cache, clock) as link:
            if link is None:
                return Finding("redis", "ok", "not used")
            with suppress(RedisFailed):
                told = await link.info()
            error = link.last_error
    except ConfigError as failure:
        return Finding("redis", "broken", str(failure), failure.hint)
    if told is None:
        fix = "Start it, or remove cache.redis_url: Pointsman goes on without it."
        return Finding("redis", "broken", f"does not answer ({error})", fix)
    wrong = advice(told)
    return Finding("redis", "note" if wrong else "ok", "answers", wrong)


def _home(home: Path) -> Finding:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = home / f".probe-{os.getpid()}"
        probe.touch(mode=0o600)
        probe.unlink()
    except OSError as error:
        fix = "Make it writable, or set POINTSMAN_HOME to a folder that is."
        return Finding("home", "broken", f"{home}: {error.strerror}", fix)
    loose = sys.platform != "win32" and home.stat().st_mode & 0o077
    if loose:
        return Finding("home", "note", f"{home} is open to others", f"chmod 700 {home}")
    return Finding("home", "ok", str(home))


def _disk(home: Path) -> Finding:
    folder = next(path for path in (home, *home.parents) if path.exists())
    free = shutil.disk_usage(folder).free / 1e9
    if free < LEAST_FREE_GB:
        return Finding("disk", "broken", f"{free:.2f} GB free", "Free some space.")
    return Finding("disk", "ok", f"{free:.0f} GB free")


async def _engine(home: Path) -> Finding:
    running = await anyio.to_thread.run_sync(is_owned, home)
    return Finding("engine", "ok", "runs on this home" if running else "none runs on this home")


def _database(path: Path) -> Finding:
    """Whether a database is whole, read without changing it."""
    if not path.is_file():
        return Finding(path.name, "ok", "not there yet")
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=1)) as database:
            (answer,) = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        answer = str(error)
    if answer == "ok":
        return Finding(path.name, "ok", f"whole, {path.stat().st_size / 1e6:.1f} MB")
    fix = f"Stop Pointsman, restore {path} from a backup, or move it away to begin a new one."
    return Finding(path.name, "broken", f"damaged: {answer}", fix)


def _sqlite() -> Finding:
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < FIXED_WAL:
        return Finding(
            "sqlite",
            "note",
            f"{version} has the WAL-reset fault; one writer in one process avoids it here",
            "Do not write to the home's databases with another program while Pointsman runs.",
        )
    return Finding("sqlite", "ok", version)


def _clock() -> Finding:
    year = time.gmtime().tm_year
    if year < 2026:
        return Finding("clock", "broken", f"it says {year}", "Set the system clock.")
    return Finding("clock", "ok", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))


async def _local(settings: Settings, home: Path) -> list[Finding]:
    if not settings.local.enabled:
        return [Finding("local model", "note", "switched off", "Set local.enabled = true.")]
    present = [name for name, module in RUNTIMES.items() if importlib.util.find_spec(module)]
    wanted = settings.local.runtime
    if not present or wanted not in ("auto", *present):
        name = "runtime" if wanted == "auto" else wanted
        fix = "pip install 'pointsman[local]'"
        runtime = Finding("local runtime", "broken", f"no {name} is installed", fix)
    else:
        runtime = Finding("local runtime", "ok", present[0] if wanted == "auto" else wanted)
    return [runtime, await _model(settings.local.model, ModelStore(home / "models"))]


def _embedding(settings: Settings, home: Path, providers: Set[str]) -> Finding:
    given = settings.embedding
    if not given.enabled:
        return Finding("embedding", "note", "switched off: routing reads features only")
    if given.provider is not None:
        told = f"{given.model} of {given.provider}"
        if given.provider in providers:
            return Finding("embedding", "ok", told)
        fix = "Set the provider up, or leave embedding.provider out for the local model."
        return Finding("embedding", "broken", f"{told}, which is not set up", fix)
    try:
        if not graph_file(home / "models").is_file():
            return Finding("embedding", "ok", f"{MODEL} is made at the first start, in 5 s")
        open_session(home / "models")
    except ConfigError as error:
        told = f"{error.message} Routing reads features only."
        return Finding("embedding", "note", told, error.hint)
    return Finding("embedding", "ok", f"{MODEL} is here")


async def _model(name: str, store: ModelStore) -> Finding:
    if name.endswith(".gguf"):
        there = await anyio.Path(name).is_file()
        fix = None if there else "Set local.model to a file that exists."
        return Finding("local model", "ok" if there else "broken", name, fix)
    if await store.path(name) is not None:
        return Finding("local model", "ok", f"{name} is here")
    if await store.fetching(name):
        return Finding("local model", "note", f"{name} is being fetched")
    return Finding("local model", "broken", f"{name} is not here", f"pointsman models pull {name}")
