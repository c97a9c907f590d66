"""What engines said before, on disk, so that a file that did not change is not read again."""

import os
import sqlite3
import time
import zlib
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import anyio
import orjson
from anyio import to_thread
from pydantic import TypeAdapter, ValidationError

from quality.finding import Analysis

Said = TypeVar("Said")
FILE = "quality.db"
KEPT_DAYS = 30  # since it was last asked for
_WAIT_S = 2.0  # for another process that writes
_AT_ONCE = 500  # names in one statement
_SCHEMA = """
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS said (
    name BLOB PRIMARY KEY, said BLOB NOT NULL, day INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS said_by_day ON said (day);
"""
_ANALYSIS = TypeAdapter(Analysis)
_UNUSABLE = {  # an error of SQLite without a name is a table of another form
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_FORMAT,
    sqlite3.SQLITE_ERROR,
}


@asynccontextmanager
async def open_memory(
    folder: Path, *, max_mb: int = 256, wall: Callable[[], float] = time.time
) -> AsyncGenerator["DiskMemory"]:
    """The memory in `folder`, which several processes may use at once.

    It never raises: what cannot be read is forgotten, what cannot be written is not kept. What our
    own code of another version wrote does not count.
    """
    memory = DiskMemory(folder / FILE, await to_thread.run_sync(_own_digest), wall)
    try:
        yield memory
    finally:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(memory.forget, max_mb << 20)


@dataclass(frozen=True, slots=True)
class DiskMemory:
    """As `quality.running.Memory` says."""

    path: Path
    code: str  # a digest of ours
    wall: Callable[[], float]

    async def recall(
        self, engine: str, version: str, keys: Mapping[str, str]
    ) -> Mapping[str, Analysis]:
        return await to_thread.run_sync(self._recalled, engine, version, keys, _analysis)

    async def keep(
        self, engine: str, version: str, keys: Mapping[str, str], by_path: Mapping[str, Analysis]
    ) -> None:
        await to_thread.run_sync(self._kept, engine, version, keys, by_path)

    async def recall_facts(
        self, engine: str, version: str, keys: Mapping[str, str]
    ) -> Mapping[str, bytes]:
        """By path, what `keep_facts` was given for the files that still have those keys.

        For an engine whose result depends on all files, and which need not read each anew.
        """
        return await to_thread.run_sync(self._recalled, f"{engine} facts", version, keys, bytes)

    async def keep_facts(
        self, engine: str, version: str, keys: Mapping[str, str], by_path: Mapping[str, bytes]
    ) -> None:
        await to_thread.run_sync(self._kept, f"{engine} facts", version, keys, by_path)

    def forget(self, most_bytes: int) -> None:
        """Drop what nobody asked for in a while, and the oldest of more than `most_bytes`."""

        def drop(database: sqlite3.Connection) -> None:
            database.execute("DELETE FROM said WHERE day < ?", (self._today() - KEPT_DAYS,))
            while (size := _size(database)) > most_bytes and (rows := _count(database)):
                share = max(1, round(rows * (1 - most_bytes / size / 2)))
                oldest = "SELECT name FROM said ORDER BY day LIMIT ?"
                database.execute(f"DELETE FROM said WHERE name IN ({oldest})", (share,))  # noqa: S608
                database.commit()
            database.execute("PRAGMA incremental_vacuum").fetchall()

        self._with(drop)

    def _names(self, engine: str, version: str, keys: Mapping[str, str]) -> dict[bytes, str]:
        salt = f"{self.code}\0{engine}\0{version}\0"
        return {
            sha256(f"{salt}{path}\0{key}".encode("utf-8", "replace")).digest(): path
            for path, key in keys.items()
        }

    def _recalled(
        self, engine: str, version: str, keys: Mapping[str, str], read: Callable[[bytes], Said]
    ) -> dict[str, Said]:
        names = self._names(engine, version, keys)
        known: dict[str, Said] = {}
        wanted, today = list(names), self._today()

        def ask(database: sqlite3.Connection) -> None:
            for start in range(0, len(wanted), _AT_ONCE):
                some = wanted[start : start + _AT_ONCE]
                marks = ",".join("?" * len(some))
                query = f"SELECT name, said FROM said WHERE name IN ({marks})"  # noqa: S608
                for name, packed in database.execute(query, some).fetchall():
                    with suppress(TypeError, zlib.error, ValidationError):  # damaged: not known
                        known[names[name]] = read(zlib.decompress(packed))
                touch = f"UPDATE said SET day = ? WHERE day < ? AND name IN ({marks})"  # noqa: S608
                database.execute(touch, (today, today, *some))

        self._with(ask)
        return known

    def _kept(
        self,
        engine: str,
        version: str,
        keys: Mapping[str, str],
        by_path: Mapping[str, Analysis] | Mapping[str, bytes],
    ) -> None:
        today = self._today()
        rows = [
            (name, _packed(by_path[path]), today)
            for name, path in self._names(engine, version, keys).items()
            if path in by_path
        ]
        insert = "INSERT OR REPLACE INTO said VALUES (?, ?, ?)"
        self._with(lambda database: database.executemany(insert, rows))

    def _today(self) -> int:
        return int(self.wall() // 86_400)

    def _with(self, work: Callable[[sqlite3.Connection], object]) -> None:
        """Do `work` in one transaction, as far as it goes; a damaged file is thrown away."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600))  # for nobody else
            with closing(sqlite3.connect(self.path, timeout=_WAIT_S)) as database:
                database.executescript(_SCHEMA)
                with database:
                    work(database)
        except OSError:
            return
        except sqlite3.Error as error:
            if (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF in _UNUSABLE:
                for ending in ("", "-wal", "-shm"):
                    self.path.with_name(FILE + ending).unlink(missing_ok=True)


def _packed(said: Analysis | bytes) -> bytes:
    plain = said if isinstance(said, bytes) else orjson.dumps(said)
    return zlib.compress(plain, 1)  # which has a checksum


def _analysis(plain: bytes) -> Analysis:
    return _ANALYSIS.validate_json(plain)


def _size(database: sqlite3.Connection) -> int:
    used = (
        "SELECT (page_count - freelist_count) * page_size"
        " FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
    )
    return int(database.execute(used).fetchone()[0])


def _count(database: sqlite3.Connection) -> int:
    return int(database.execute("SELECT count(*) FROM said").fetchone()[0])


def _own_digest() -> str:
    """A digest that changes when our own code or rules do."""
    folder = Path(__file__).parent
    files = sorted((*folder.rglob("*.py"), *folder.rglob("*.toml")))
    facts = [(str(file), (status := file.stat()).st_size, status.st_mtime_ns) for file in files]
    return sha256(repr(facts).encode()).hexdigest()
