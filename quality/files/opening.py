"""Reads a file below a folder, and never anything that is no file."""

import errno
import os
import stat
from typing import Literal

_SAFELY = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC


def open_folder(name: str, inside: int | None = None) -> int:
    """A descriptor of the folder `name` (in the folder `inside`), to be closed; no link to one.

    Raises:
        OSError: it cannot be opened.
    """
    return os.open(name, _FOLDER, dir_fd=inside)


def contents(name: str, inside: int, most: int) -> bytes | Literal["too large", "not text"]:
    """The bytes of the file `name` in the folder `inside`; a pipe or a device is not read.

    Raises:
        OSError: it cannot be read.
    """
    try:
        descriptor = os.open(name, _SAFELY, dir_fd=inside)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket
            return "not text"
        raise
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return "not text"
        if status.st_size > most:
            return "too large"
        # One more than there are: a file that the kernel makes up has a size of 0.
        data = os.read(descriptor, status.st_size + 1)
        while len(data) <= most and (more := os.read(descriptor, most + 1 - len(data))):
            data += more
        return data if len(data) <= most else "too large"
    finally:
        os.close(descriptor)
