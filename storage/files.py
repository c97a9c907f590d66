"""Database files: private, owned by one process, and told apart when they are damaged."""

import errno
import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

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


def code_of(error: sqlite3.Error) -> int:
    """SQLite's primary result code, 0 where the error did not come from SQLite itself."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


def fact_of(error: sqlite3.Error) -> str:
    """What is wrong with a database, to follow its name; holds no row's content."""
    return FACTS.get(code_of(error), str(error))


def is_damaged(error: sqlite3.Error) -> bool:
    return code_of(error) in DAMAGED


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
    folder = path.parent / "quarantine"
    folder.mkdir(mode=0o700, exist_ok=True)
    for old in folder.glob(f"{path.name}*"):
        old.unlink()
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    for suffix in SUFFIXES:
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(folder / f"{path.name}.{stamp}{suffix}")
    return folder
