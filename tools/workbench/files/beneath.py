"""Opening what lies below a folder, whatever its names and links say, and whoever changes them.

Every step starts from an open folder, never from a path: a folder that is swapped for a link
between a check and a use leads nowhere else.
"""

import errno
import os
import stat
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

Parts = Sequence[str]

SYS_OPENAT2 = 437  # on every architecture that Python is built for
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_BENEATH = 0x08
TRIES = 8  # the kernel asks to try again where a folder was renamed meanwhile
ABSENT = (errno.ENOSYS, errno.EPERM)  # an old kernel, or a sandbox that does not know the call
FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)


class Opened(NamedTuple):
    descriptor: int
    linked: bool  # a link was followed: its names are not those that were asked for


OpenBeneath = Callable[[int, Parts, int], Opened]  # of a folder, names below it, and flags


class Escapes(OSError):
    """The names lead out of the folder, or through a link that is not followed."""


def opener_for(folder: int) -> OpenBeneath:
    """The best way to open what is below `folder` on this machine."""
    if sys.platform != "linux":
        return open_stepwise
    try:
        os.close(open_resolved(folder, (), FOLDER).descriptor)
    except OSError as error:
        if error.errno in ABSENT:
            return open_stepwise
        raise
    return open_resolved


def open_resolved(folder: int, parts: Parts, flags: int) -> Opened:
    """By `openat2`: links are followed while they stay below `folder`.

    Raises:
        Escapes: they do not.
        OSError: it cannot be opened.
    """
    path, always = "/".join(parts) or ".", RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS
    try:
        return Opened(_openat2(folder, path, flags, always | RESOLVE_NO_SYMLINKS), False)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise _escape(error) from error
    try:
        return Opened(_openat2(folder, path, flags, always), True)
    except OSError as error:
        raise _escape(error) from error


def open_stepwise(folder: int, parts: Parts, flags: int) -> Opened:
    """One name at a time; no link is followed.

    Raises:
        Escapes: one of the names is a link.
        OSError: it cannot be opened.
    """
    *above, last = parts or (".",)
    at = os.dup(folder)
    try:
        for part in above:
            at, before = _step(at, part, FOLDER), at
            os.close(before)
        return Opened(_step(at, last, flags), False)
    finally:
        os.close(at)


def _step(folder: int, name: str, flags: int) -> int:
    if name == "..":
        raise Escapes(errno.EXDEV, "leads out of the folder")
    try:
        return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except OSError as error:
        if error.errno == errno.ELOOP or (error.errno == errno.ENOTDIR and _is_link(folder, name)):
            raise Escapes(errno.ELOOP, "is a link, and none is followed here") from error
        raise


def _is_link(folder: int, name: str) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _escape(error: OSError) -> OSError:
    if error.errno in (errno.EXDEV, errno.ELOOP):
        return Escapes(error.errno, "leads out of the folder")
    return error


def _openat2(folder: int, path: str, flags: int, resolve: int) -> int:
    import ctypes  # 10 ms, and only where files are opened

    class OpenHow(ctypes.Structure):
        _fields_ = (
            ("flags", ctypes.c_uint64),
            ("mode", ctypes.c_uint64),
            ("resolve", ctypes.c_uint64),
        )

    call = ctypes.CDLL(None, use_errno=True).syscall
    how = OpenHow(flags | os.O_CLOEXEC, 0, resolve)
    name = os.fsencode(path)
    code = errno.EAGAIN
    for _ in range(TRIES):
        opened = call(
            ctypes.c_long(SYS_OPENAT2),
            ctypes.c_int(folder),
            ctypes.c_char_p(name),
            ctypes.byref(how),
            ctypes.c_size_t(ctypes.sizeof(how)),
        )
        if opened >= 0:
            return int(opened)
        code = ctypes.get_errno()
        if code not in (errno.EAGAIN, errno.EINTR):
            break
    raise OSError(code, os.strerror(code))
