"""Locks that other processes respect, digests, and marks that spare a second digest."""

import hashlib
import sys
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class Lock:
    """An advisory lock on a file; the system lets go of it if the process dies."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab")

    def take(self) -> bool:
        """Whether it is ours now; never waits."""
        try:
            if sys.platform == "win32":
                msvcrt.locking(self._file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def close(self) -> None:
        self._file.close()


def is_locked(path: Path) -> bool:
    if not path.exists():
        return False
    lock = Lock(path)
    try:
        return not lock.take()
    finally:
        lock.close()


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_mark(mark: Path, path: Path, sha256: str) -> None:
    """Note that `path`, as it is now, has this SHA-256."""
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.write_text(_line(path, sha256), encoding="ascii")


def unchanged_since(mark: Path, path: Path, sha256: str) -> bool:
    return mark.exists() and mark.read_text(encoding="ascii") == _line(path, sha256)


def _line(path: Path, sha256: str) -> str:
    stat = path.stat()
    return f"{sha256} {stat.st_size} {stat.st_mtime_ns}"
