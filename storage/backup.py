"""Copies of a database that were proven whole: made while it is in use, checked, put back."""

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from anyio import from_thread, to_thread

from pointsman.errors import ConfigError, StorageFailed
from storage.files import (
    SUFFIXES,
    fact_of,
    is_damaged,
    left_open,
    lock,
    make_private,
    place_aside,
    quarantine,
)
from storage.schema import Kind, version_of

PAGES_AT_ONCE = 1024
STEPS_UNTIL_LOOK = 1_000_000  # of SQLite's machine, until a check sees that it was cancelled


class Count(NamedTuple):
    rows: int
    damaged: int  # of them, those whose content is not what was written


Check = Callable[[sqlite3.Connection], Count]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What is known of a database file that was read from end to end."""

    path: Path
    bytes: int
    rows: int
    damaged: int  # rows that will be dropped when they are read
    problems: tuple[str, ...]  # of its structure, as SQLite tells them; none if it is whole


async def back_up(
    source: Path, target: Path, *, kind: Kind, check: Check, overwrite: bool = False
) -> Verified:
    """A checked copy of the database `source`, as it is at this moment, under `target`.

    `source` may be in use: who writes does not wait, but the log of writes grows meanwhile.

    Raises:
        ConfigError: `target` is there already, or cannot be made.
        StorageFailed: it could not be copied, or the copy is damaged as the source is.
    """
    return await to_thread.run_sync(partial(_back_up, source, target, kind, check, overwrite))


async def verify(path: Path, *, kind: Kind, check: Check) -> Verified:
    """What there is to say of a database file that nobody is writing to.

    Raises:
        ConfigError: there is no such file, or it is not a `kind` that this version reads.
    """
    return await to_thread.run_sync(partial(_verify, path, kind, check))


async def restore(path: Path, source: Path, *, kind: Kind, check: Check) -> Verified:
    """Put a copy of `source` in the place of the database `path`, which goes to quarantine.

    There is never a moment without a whole database, unless the old one is damaged.

    Raises:
        ConfigError: `path` is in use, or `source` is not a `kind` that this version reads.
        StorageFailed: `source` is damaged, or could not be copied; `path` is as it was.
    """
    return await to_thread.run_sync(partial(_restore, path, source, kind, check))


def _back_up(source: Path, target: Path, kind: Kind, check: Check, overwrite: bool) -> Verified:
    same = target.exists() and target.samefile(source)
    if same or (target.exists() and not overwrite):
        raise ConfigError(f"{target} is there already.", hint="Choose another name.")
    with _private_copy(source, target) as copy:
        verified = _whole(copy, kind, check)
        copy.replace(target)
    _sync_folder(target)
    return _renamed(verified, target)


def _restore(path: Path, source: Path, kind: Kind, check: Check) -> Verified:
    _whole(source, kind, check)
    make_private(path)
    held = lock(path)
    try:
        with _private_copy(source, path) as copy:
            verified = _whole(copy, kind, check)
            _put_aside(path)
            copy.replace(path)
        _sync_folder(path)
    finally:
        os.close(held)
    return _renamed(verified, path)


@contextmanager
def _private_copy(source: Path, target: Path) -> Iterator[Path]:
    """A copy of `source` in the folder of `target`, which is gone afterwards if it is not moved."""
    copy = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(_open(source)) as origin, closing(sqlite3.connect(copy)) as made:
            origin.execute("BEGIN")  # what is written from now on is not in it
            origin.execute("SELECT count(*) FROM sqlite_schema").fetchall()
            origin.backup(made, pages=PAGES_AT_ONCE, progress=_look)
            made.execute("PRAGMA journal_mode = DELETE").fetchall()  # so that it is one file
        with copy.open("rb+") as file:
            os.fsync(file.fileno())
        yield copy
    except sqlite3.Error as error:
        raise StorageFailed(f"{source} could not be copied: {fact_of(error)}.") from error
    except OSError as error:
        raise StorageFailed(f"{target} could not be written: {error.strerror or error}.") from error
    finally:
        for suffix in (*SUFFIXES, "-journal"):
            copy.with_name(copy.name + suffix).unlink(missing_ok=True)


def _look(*_: int) -> None:
    """Raise if who waits for this thread was cancelled."""
    from_thread.check_cancelled()


def _whole(path: Path, kind: Kind, check: Check) -> Verified:
    verified = _verify(path, kind, check)
    if verified.problems:
        raise StorageFailed(
            f"{path} is damaged: {verified.problems[0]}.", hint="Take an earlier copy."
        )
    return verified


def _verify(path: Path, kind: Kind, check: Check) -> Verified:
    if not path.is_file():
        raise ConfigError(f"There is no file {path}.")
    count, problems = Count(0, 0), list[str]()
    try:
        with closing(_open(path)) as connection:
            connection.set_progress_handler(_look_in_query, STEPS_UNTIL_LOOK)
            if not version_of(connection, kind, path):
                raise ConfigError(f"{path} is empty.")
            found = connection.execute("PRAGMA integrity_check").fetchall()
            problems = [text for (text,) in found if text != "ok"]
            count = check(connection)
    except sqlite3.Error as error:
        from_thread.check_cancelled()
        if not is_damaged(error):
            raise StorageFailed(f"{path} could not be read: {fact_of(error)}.") from error
        problems.append(fact_of(error))
    return Verified(
        path=path,
        bytes=path.stat().st_size,
        rows=count.rows,
        damaged=count.damaged,
        problems=tuple(problems),
    )


def _look_in_query() -> int:
    try:
        from_thread.check_cancelled()
    except BaseException:  # noqa: BLE001 - told to SQLite here, and raised where it ends
        return 1
    return 0


def _open(path: Path) -> sqlite3.Connection:
    """A connection that changes nothing, not even the files beside."""
    in_use = left_open(path) or path.with_name(path.name + "-shm").exists()
    how = "mode=ro" if in_use else "mode=ro&immutable=1"
    uri = f"file:{quote(str(path.absolute()))}?{how}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    connection.text_factory = _text
    for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "query_only = ON"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")  # what is damaged may be no text


def _put_aside(path: Path) -> None:
    """Give the old file a second name in quarantine; where that cannot be, move it there."""
    try:
        with closing(sqlite3.connect(path)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        if not left_open(path):
            os.link(path, place_aside(path))
            return
    except (sqlite3.Error, OSError):  # it is damaged, or there are no second names here
        pass
    quarantine(path)


def _sync_folder(path: Path) -> None:
    with suppress(OSError):  # there is no such thing on Windows
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _renamed(verified: Verified, path: Path) -> Verified:
    return Verified(
        path=path,
        bytes=verified.bytes,
        rows=verified.rows,
        damaged=verified.damaged,
        problems=verified.problems,
    )
