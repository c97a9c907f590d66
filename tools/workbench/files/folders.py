"""The folders that are open to the file tools, and the way from what a caller names into them."""

import errno
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pointsman.errors import InvalidInput, NotFound, PointsmanError
from tools.workbench.files.beneath import FOLDER, Escapes, OpenBeneath, Opened, Parts, opener_for
from tools.workbench.files.protected import is_protected

MOST_BYTES = 10_000_000  # of a file
MOST_NAME = 255
MOST_PATH = 4_096
MOST_PARTS = 64
READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
LOOK = getattr(os, "O_PATH", READ)  # opens nothing, so no device or pipe notices


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """What the settings open."""

    roots: tuple[Path, ...] = ()
    max_bytes: int = MOST_BYTES  # of a file that is read or written
    granted: tuple[str, ...] = ()  # patterns of protected paths that are open all the same
    open_beneath: OpenBeneath | None = None  # None: the best that the machine has
    closed: tuple[Path, ...] = ()  # never opened, whatever they are in: Pointsman's own home

    @contextmanager
    def spot(self, given: str, more: Sequence[Path] = ()) -> Iterator["Spot"]:
        """Where `given` is, in the folders of one call (`more`) and those of the settings.

        A path that is not absolute starts at the first of them. It blocks.

        Raises:
            InvalidInput: it is in none of them, or no path.
        """
        root, parts = _locate(given, tuple(dict.fromkeys((*more, *self.roots))))
        if root.parent == root:  # with it, /proc and its secrets
            raise InvalidInput("The whole disk cannot be opened.", hint="Set folders in it.")
        closed = _closed_in(root, self.closed)
        try:
            folder = os.open(root, FOLDER)
        except OSError as error:
            raise InvalidInput(f"The folder {clean(str(root))} cannot be opened.") from error
        try:
            opener = self.open_beneath or opener_for(folder)
            yield Spot(folder, parts, opener, self.granted, closed)
        finally:
            os.close(folder)


@dataclass(frozen=True, slots=True)
class Spot:
    """A path below an open folder."""

    folder: int
    parts: tuple[str, ...]
    open_beneath: OpenBeneath
    granted: tuple[str, ...]
    closed: tuple[tuple[str, ...], ...] = ()  # below the folder

    @property
    def shown(self) -> str:
        return clean("/".join(self.parts)) or "."

    def open(self, parts: Parts, flags: int, *, name: str | None = None) -> int:
        """A descriptor of what is at `parts`; of `name` in it, it is only said whether it may be.

        Raises:
            PointsmanError: it is protected, escapes, is not there or cannot be opened.
        """
        self._check((*parts, name) if name else parts)
        with self.told():
            opened = self.open_beneath(self.folder, parts, flags)
        if opened.linked:
            try:
                real = self._real(opened)
                self._check((*real, name) if name else real)
            except BaseException:
                os.close(opened.descriptor)
                raise
        return opened.descriptor

    def open_file(self) -> int:
        """A descriptor to read the file with; nothing else than a file is ever opened.

        Raises:
            PointsmanError: as `open`; or it is no file.
        """
        for flags in (LOOK, READ):  # looked at first: opening a device may do something
            descriptor = self.open(self.parts, flags)
            try:
                self.check_file(os.fstat(descriptor).st_mode)
            except BaseException:
                os.close(descriptor)
                raise
            if flags == READ:
                return descriptor
            os.close(descriptor)
        raise AssertionError("the loop returns")

    def check_file(self, mode: int) -> None:
        if stat.S_ISDIR(mode):
            raise InvalidInput(f"{self.shown} is a folder.", hint="List it with list_files.")
        if not stat.S_ISREG(mode):
            raise InvalidInput(f"{self.shown} is no ordinary file but {kind_of(mode)}.")

    @contextmanager
    def told(self) -> Iterator[None]:
        """What the system says, in our words."""
        try:
            yield
        except OSError as error:
            raise _told(error, self.shown) from error

    def _check(self, parts: Parts) -> None:
        closed = any(tuple(parts[: len(names)]) == names for names in self.closed)
        if closed or is_protected(parts, self.granted):
            raise InvalidInput(
                f"{self.shown} is protected: such files hold secrets, or are run by other programs."
            )

    def _real(self, opened: Opened) -> Parts:
        """The names that a followed link led to."""
        try:
            here = os.readlink(f"/proc/self/fd/{self.folder}")
            there = os.readlink(f"/proc/self/fd/{opened.descriptor}")
            return Path(there).relative_to(here).parts
        except (OSError, ValueError) as error:
            raise InvalidInput(f"{self.shown} is behind a link that cannot be followed.") from error


def _closed_in(root: Path, closed: Sequence[Path]) -> tuple[tuple[str, ...], ...]:
    """The closed folders below `root`, by the names on the way there; `()` where it is in one."""
    real = root.resolve()
    within = [folder.resolve() for folder in closed]
    if any(real.is_relative_to(folder) for folder in within):
        return ((),)
    return tuple(f.relative_to(real).parts for f in within if f.is_relative_to(real))


def kind_of(mode: int) -> str:
    kinds = {
        stat.S_IFLNK: "a link", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device", stat.S_IFBLK: "a device", stat.S_IFDIR: "a folder",
    }  # fmt: skip
    return kinds.get(stat.S_IFMT(mode), "something else")


def clean(name: str) -> str:
    """A name of others as text that moves no cursor and hides nothing."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def _locate(given: str, roots: Sequence[Path]) -> tuple[Path, tuple[str, ...]]:
    if sys.platform == "win32" or os.open not in os.supports_dir_fd:
        raise InvalidInput("The file tools do not work on this system.")
    if not roots:
        raise InvalidInput(
            "No folder is open to the file tools.",
            hint="Set `tools.roots` in the settings to the folders that they may reach.",
        )
    path = PurePosixPath(_checked(given))
    if not path.is_absolute():
        return roots[0].resolve(), path.parts
    for root in roots:
        for base in (root.absolute(), root.resolve()):
            with suppress(ValueError):
                return root.resolve(), path.relative_to(base).parts
    raise InvalidInput(
        f"{clean(given)} is outside of the open folders.",
        hint=f"They are: {', '.join(clean(str(root)) for root in roots)}.",
    )


def _checked(given: str) -> str:
    """`given`, if it is a path at all, and one without `..`."""
    try:
        name = os.fsencode(given)
    except UnicodeEncodeError:
        name = b"\0"
    parts = PurePosixPath(given).parts
    if b"\0" in name or len(name) > MOST_PATH or len(parts) > MOST_PARTS:
        raise InvalidInput("That is no path.")
    if any(len(os.fsencode(part)) > MOST_NAME for part in parts):
        raise InvalidInput("One of the names in that path is too long.")
    if ".." in parts:
        raise InvalidInput(
            f"{clean(given)} has a `..` in it.", hint="Name the file from an open folder on."
        )
    if given.startswith(("~", "file:")):
        raise InvalidInput(f"{clean(given)} is no plain path.")
    return given


def _told(error: OSError, shown: str) -> PointsmanError:
    if isinstance(error, Escapes):
        return InvalidInput(f"{shown} leads out of the open folder, or through a link.")
    if error.errno == errno.ENOENT:
        return NotFound(f"There is no {shown}.", hint="See what there is with list_files.")
    said = {
        errno.EACCES: "may not be opened by this user",
        errno.EPERM: "may not be changed by this user",
        errno.ENOTDIR: "goes through something that is no folder",
        errno.EISDIR: "is a folder",
        errno.ENXIO: "is no ordinary file",
        errno.EROFS: "is on a disk that is read-only",
        errno.ENOSPC: "does not fit on the disk",
        errno.EDQUOT: "does not fit on the disk for this user",
        errno.ENAMETOOLONG: "has too long a name",
    }.get(error.errno or 0, "cannot be used")
    return InvalidInput(f"{shown} {said}.")
