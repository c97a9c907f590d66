"""Files put in the place of others, wherever names and links lead and whoever changes them.

Every step starts from an open folder, never from a path, and no link is followed: a folder that
is swapped for a link between a check and a use leads nowhere else.
"""

import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from quality.fixes.errors import NotApplied

FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)


class Target:
    """A file below a root, by its open folder."""

    def __init__(self, root: Path, path: str, folder: int) -> None:
        self.root, self.path = root, path
        self._folder = folder
        self._name = PurePosixPath(path).name
        self._temporary: str | None = None

    def read(self) -> tuple[bytes, os.stat_result]:
        """Its bytes, and whose it is and in which mode.

        Raises:
            NotApplied: it is no plain file, or cannot be read.
        """
        try:
            descriptor = os.open(self._name, READ, dir_fd=self._folder)
            with open(descriptor, "rb") as file:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    raise NotApplied(self.path, "it is no plain file")
                return file.read(), status
        except OSError as error:
            raise NotApplied(self.path, "it cannot be read, or is a link") from error

    def prepare(self, raw: bytes, like: os.stat_result) -> None:
        """Write `raw` beside it, to disk, with the owner and mode of `like`.

        Raises:
            NotApplied: that cannot be done.
        """
        name = f".{self._name[:100]}.{secrets.token_hex(8)}.tmp"
        try:
            descriptor = os.open(name, NEW, 0o600, dir_fd=self._folder)
            self._temporary = name
            with open(descriptor, "wb") as file:
                file.write(raw)
                file.flush()
                status = os.fstat(descriptor)
                if (status.st_uid, status.st_gid) != (like.st_uid, like.st_gid):
                    os.fchown(descriptor, like.st_uid, like.st_gid)
                os.fchmod(descriptor, stat.S_IMODE(like.st_mode))
                os.fsync(descriptor)
        except OSError as error:
            raise NotApplied(self.path, "its folder cannot be written") from error

    def replace(self) -> None:
        """Put what was prepared in its place.

        Raises:
            NotApplied: its folder was moved meanwhile, or it cannot be replaced.
        """
        assert self._temporary is not None  # noqa: S101
        with _opened(self.root, self.path) as folder:
            if not os.path.sameopenfile(folder, self._folder):
                raise NotApplied(self.path, "its folder was moved meanwhile")
        try:
            os.rename(self._temporary, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        except OSError as error:
            raise NotApplied(self.path, "it cannot be replaced") from error
        self._temporary = None

    def discard(self) -> None:
        """Take away what was prepared and not put in place."""
        if self._temporary is not None:
            name, self._temporary = self._temporary, None
            os.unlink(name, dir_fd=self._folder)


@contextmanager
def open_target(roots: list[Path], root: Path, path: str) -> Iterator[Target]:
    """The file `path` below `root`, which is one of `roots` or below one.

    Raises:
        NotApplied: it is outside of them, or a link is on the way.
    """
    if sys.platform == "win32" or os.open not in os.supports_dir_fd:
        raise NotApplied(path, "this system cannot open files below a folder only")
    inside, way = _within(roots, root / path)
    with _opened(inside, way) as folder:
        target = Target(inside, way, folder)
        try:
            yield target
        finally:
            target.discard()


def _within(roots: list[Path], file: Path) -> tuple[Path, str]:
    """The root that holds `file`, and the way from there.

    Raises:
        NotApplied: none does.
    """
    if ".." in file.parts:
        raise NotApplied(str(file), "its path leads upward")
    for root in roots:
        for start in (root, root.resolve()):
            if file.is_relative_to(start) and file != start:
                return root.resolve(), file.relative_to(start).as_posix()
    raise NotApplied(file.name, "it is outside the folders that may be written")


@contextmanager
def _opened(root: Path, path: str) -> Iterator[int]:
    """The folder of `path`, opened name by name from `root`."""
    try:
        folder = os.open(root, FOLDER)
    except OSError as error:
        raise NotApplied(path, "its root cannot be opened") from error
    try:
        for part in PurePosixPath(path).parts[:-1]:
            try:
                below = os.open(part, FOLDER, dir_fd=folder)
            except OSError as error:
                raise NotApplied(path, f"{part} is a link, or cannot be opened") from error
            os.close(folder)
            folder = below
        yield folder
    finally:
        os.close(folder)
