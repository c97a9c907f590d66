"""Gives up being root, then becomes bubblewrap. Started by path: standard library only.

Root's own folders are closed to the user that it becomes, so what the program will see of them is
first shown to that user below `stage`, in a mount namespace that nobody else has.
"""

# pointsman: allow-file command-choice -- told by our own process only
# pointsman: allow-file privilege-from-outside -- told by our own process only
# pointsman: allow-file path-traversal -- told by our own process only

import ctypes
import json
import os
import sys

# linux/sched.h, linux/mount.h
_CLONE_NEWNS, _MS_BIND, _MS_REC, _MS_PRIVATE = 0x0002_0000, 4096, 16384, 1 << 18

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = [*[ctypes.c_char_p] * 3, ctypes.c_ulong, ctypes.c_char_p]


def main() -> None:
    asked = json.loads(sys.argv[1])
    try:
        _show(asked["paths"], asked["stage"])
        _become(asked["user"])
    except OSError as error:
        raise SystemExit(f"root could not be given up: {error.strerror}") from None
    os.execve(asked["command"][0], asked["command"], {})  # noqa: S606


def _become(user: int) -> None:
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)  # takes every capability with it


def _show(paths: list[str], stage: str) -> None:
    """Each path again, below `stage`, where the folders above it are open to all."""
    _checked(_libc.unshare(_CLONE_NEWNS))
    _checked(_libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None))
    held = [(path, os.open(path, os.O_PATH)) for path in sorted(paths)]  # some may be below it
    _checked(_libc.mount(b"tmpfs", stage.encode(), b"tmpfs", 0, b"size=1m,mode=755"))
    os.umask(0o022)
    for path, source in held:
        here, there = stage + path, f"/proc/self/fd/{source}"
        if os.path.lexists(here):
            continue  # it is in a folder that is shown; no file of this machine is opened to write
        is_folder = os.path.isdir(there)
        os.makedirs(here if is_folder else os.path.dirname(here), exist_ok=True)
        if not is_folder:
            os.close(os.open(here, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        _checked(_libc.mount(there.encode(), here.encode(), None, _MS_BIND, None))


def _checked(answer: int) -> None:
    if answer != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    main()
