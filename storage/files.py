"""Database files: private, owned by one process, and told apart when they are damaged."""

import errno
import os
import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from pointsman.errors import ConfigError

SUFFIXES = ("", "-wal", "-shm")
DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
FACTS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
    sqlite3.SQLITE_IOERR: "the disk failed",
    sqlite3.SQLITE_CORRUPT: "it is damaged",
    sqlite3.SQLITE_NOTADB: "it is damaged",
}
SYSTEM_FACTS = {
    errno.ENOSPC: "has no space left",
    errno.EDQUOT: "has no space left for this user",
    errno.EROFS: "is read-only",
    errno.EACCES: "is read-only for this user",
    errno.EPERM: "is read-only for this user",
}


# A cache that cannot even be opened, though its file may be written, is as good as damaged.
UNUSABLE = DAMAGED | {
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_FORMAT,
    sqlite3.SQLITE_TOOBIG,
}


class Space(NamedTuple):
    """Bytes of a disk."""

    total: int
    free: int  # for this user


def disk_space(path: Path) -> Space:
    """The space of the disk that `path` is on."""
    usage = shutil.disk_usage(path)
    return Space(usage.total, usage.free)


def code_of(error: sqlite3.Error) -> int:
    """SQLite's primary result code, 0 where the error did not come from SQLite itself."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


def fact_of(error: sqlite3.Error) -> str:
    """What is wrong with a database, to follow its name; holds no row's content."""
    return FACTS.get(code_of(error), str(error))


def is_damaged(error: sqlite3.Error) -> bool:
    return code_of(error) in DAMAGED


def is_unusable(error: sqlite3.Error) -> bool:
    return code_of(error) in UNUSABLE


def is_full(error: BaseException | None) -> bool:
    """Whether there was no room: on the disk, or below the cap of the file."""
    return isinstance(error, sqlite3.Error) and code_of(error) == sqlite3.SQLITE_FULL


def damage(fact: str) -> sqlite3.DatabaseError:
    """What SQLite itself would raise, for damage that only we can see."""
    error = sqlite3.DatabaseError(fact)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def make_private(path: Path) -> None:
    """Make sure that the file is there, is no link, and that only this user can read it.

    Raises:
        ConfigError: the folder or the file cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        os.close(os.open(path, flags, 0o600))
        path.chmod(0o600)  # SQLite gives -wal and -shm the mode of the database
    except OSError as error:
        fact = SYSTEM_FACTS.get(error.errno or 0, "cannot be used")
        raise ConfigError(
            f"Home {str(path.parent)!r} {fact}: {error.strerror or error}.",
            hint="Make it writable, free some space, or set POINTSMAN_HOME to another folder.",
        ) from error


def lock(path: Path) -> int:
    """The descriptor that holds `path` for this process until it is closed.

    Two writers on one file can damage it (SQLite before 3.51.3), and a second ledger would take
    this one's open holds for those of a dead process.

    Raises:
        ConfigError: another process, or another part of this one, has it open.
    """
    descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        import fcntl  # not on Windows, where SQLite's own locks must do
    except ImportError:
        return descriptor
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise ConfigError(
            f"{path} is in use by another Pointsman process.",
            hint="End that process, or set POINTSMAN_HOME to another folder.",
        ) from error
    return descriptor


def left_open(path: Path) -> bool:
    """Whether its last user died: closing a database in order removes its write-ahead log."""
    log = path.with_name(path.name + "-wal")
    return log.exists() and log.stat().st_size > 0


def quarantine(path: Path) -> Path:
    """Move a damaged database aside; the folder it is in now. Only the newest is kept."""
    aside = place_aside(path)
    for suffix in SUFFIXES:
        part = path.with_name(path.name + suffix)
        # pointsman: allow looked-then-acted -- the home is owned by this process alone
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside.parent


def place_aside(path: Path) -> Path:
    """The name that `path` would have in quarantine, where none of its kind is any more."""
    folder = path.parent / "quarantine"
    folder.mkdir(mode=0o700, exist_ok=True)
    for old in folder.glob(f"{path.name}*"):
        old.unlink()
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return folder / f"{path.name}.{stamp}"
