"""Locks itself in, then runs one program. Started in bubblewrap, by path: standard library only.

What is asked comes as JSON on standard input. The program prints to standard output. Standard
error is the report: an empty line once the locks hold, then one line of JSON. Whoever reads it
must not trust it, as the program can write there too.
"""

# pointsman: allow-file code-injection -- what it is for, behind the locks

import _thread
import ast
import builtins
import contextlib
import ctypes
import json
import linecache
import os
import resource
import struct
import sys
import traceback
import types
from typing import Any

NAME = "<program>"
MOST_TEXT = 4_000  # characters of a result, or of an error
STACK_BYTES = 1024 * 1024  # of a thread; libc would take 8 MiB of the address space
READABLE = ("/dev/urandom", "/dev/random", "/dev/zero", "/dev/null")
WRITABLE = ("/dev/null",)

# linux/prctl.h, linux/capability.h, linux/seccomp.h, linux/mount.h
_PR_SET_SECCOMP, _PR_CAPBSET_READ, _PR_CAPBSET_DROP = 22, 23, 24
_PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 38, 47
_PR_CAP_AMBIENT_CLEAR_ALL, _SECCOMP_MODE_FILTER = 4, 2
_CAPABILITY_VERSION_3, _MOST_CAPABILITIES = 0x2008_0522, 64
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 2, 4, 8
_M_ARENA_MAX = -8  # malloc.h: each arena would take 64 MiB of the address space
# linux/landlock.h; the numbers of the calls are the same on every architecture
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_CREATE_RULESET_VERSION, _RULE_PATH_BENEATH = 1, 1
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # ABI -> how many rights it knows
_WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE = 1 << 1, 1 << 2, 1 << 3, 1 << 14
_REMOVE_DIR, _REMOVE_FILE, _REFER = 1 << 4, 1 << 5, 1 << 13
_MAKE_DIR, _MAKE_REG, _MAKE_FIFO, _MAKE_SYM = 1 << 7, 1 << 8, 1 << 10, 1 << 12
_ALL_TCP = 0b11  # bind, connect; since ABI 4
_ALL_SCOPES = 0b11  # abstract unix sockets, signals; since ABI 6

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_libc.mount.argtypes = [*[ctypes.c_char_p] * 3, ctypes.c_ulong, ctypes.c_char_p]
_libc.prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]


class Unlocked(Exception):
    """A lock did not close, so nothing is run."""


def main() -> None:
    asked = json.loads(sys.stdin.buffer.read())
    report = os.fdopen(_keep_only_the_pipes(), "w", encoding="ascii", errors="replace")
    try:
        _lock(asked)
    except (Unlocked, OSError, ValueError) as error:
        report.write(str(error))
        sys.exit(1)
    report.write("\n")
    report.flush()  # fails where the engine is gone, and nothing is run for nobody
    told = run(asked["code"])
    report.write(json.dumps(told) + "\n")
    report.flush()
    sys.exit(told["exit_code"])


def _lock(asked: dict[str, Any]) -> None:
    os.setsid()  # away from the process group by which bubblewrap is killed
    _open_folder(asked["folder"], asked["folder_bytes"], asked["folder_files"])
    _drop_capabilities()
    _limit(asked)
    _checked("prctl", _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _restrict_files([*asked["readable"], *READABLE], asked["folder"])
    _install_filter(bytes.fromhex(asked["filter"]))
    if 0 in (*os.getresuid(), *os.getresgid()):
        raise Unlocked("the program would be root")


def _keep_only_the_pipes() -> int:
    """Where to report. The program gets no input, and prints everything to one place."""
    report = os.dup(2)  # closed if the program could ever start another
    os.closerange(3, report)
    os.closerange(report + 1, 1024)
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(1, 2)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]
    return report


def _open_folder(path: str, size: int, files: int) -> None:
    """A file system of its own, as bubblewrap's has a limit of bytes but none of files."""
    options = f"size={size},nr_inodes={files},mode=700".encode()
    flags = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
    _checked("mount", _libc.mount(b"tmpfs", path.encode(), b"tmpfs", flags, options))
    os.chdir(path)


def _drop_capabilities() -> None:
    for capability in range(_MOST_CAPABILITIES):
        if _libc.prctl(_PR_CAPBSET_READ, capability, 0, 0, 0) < 0:
            break  # the kernel knows no more of them
        _checked("prctl", _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0))
    _checked("prctl", _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    _checked("capset", _libc.capset(header, bytes(24)))


def _limit(asked: dict[str, Any]) -> None:
    for what, most in (
        (resource.RLIMIT_AS, asked["memory_bytes"]),
        (resource.RLIMIT_CPU, asked["cpu_s"]),
        (resource.RLIMIT_FSIZE, asked["folder_bytes"]),
        (resource.RLIMIT_NPROC, asked["threads"]),  # counts threads; does not bind uid 0
        (resource.RLIMIT_NOFILE, asked["open_files"]),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_SIGPENDING, 64),
    ):
        resource.setrlimit(what, (most, most + (what == resource.RLIMIT_CPU)))  # SIGXCPU, SIGKILL
    os.nice(5)  # what others wait for goes first
    _thread.stack_size(STACK_BYTES)
    with contextlib.suppress(AttributeError):  # a libc without it has no arenas
        _libc.mallopt(_M_ARENA_MAX, 1)


def _restrict_files(readable: list[str], folder: str) -> None:
    """Landlock: reading what Python needs, anything in `folder`, and nothing else, ever again."""
    abi = _libc.syscall(_CREATE_RULESET, None, 0, _CREATE_RULESET_VERSION)
    if abi < 1:
        raise Unlocked("Landlock is not in this kernel")
    rights = (1 << _FILE_RIGHTS.get(abi, _FILE_RIGHTS[5])) - 1
    rules = struct.pack("=3Q", rights, _ALL_TCP * (abi >= 4), _ALL_SCOPES * (abi >= 6))
    ruleset = _checked("landlock", _libc.syscall(_CREATE_RULESET, rules, len(rules), 0))
    for path in readable:
        _allow(ruleset, path, _READ_FILE | _READ_DIR)
    for path in WRITABLE:
        _allow(ruleset, path, (_READ_FILE | _WRITE_FILE | _TRUNCATE) & rights)
    making = _MAKE_DIR | _MAKE_REG | _MAKE_FIFO | _MAKE_SYM | _REMOVE_DIR | _REMOVE_FILE
    using = _READ_FILE | _READ_DIR | _WRITE_FILE | _REFER | _TRUNCATE
    _allow(ruleset, folder, (making | using) & rights)
    _checked("landlock", _libc.syscall(_RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH)
    except FileNotFoundError:
        return  # what is not there needs no rule
    if not os.path.isdir(path):
        rights &= ~_READ_DIR
    rule = struct.pack("=Qi", rights, place)
    _checked("landlock", _libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0))
    os.close(place)


def _install_filter(program: bytes) -> None:
    """seccomp: `program` is an array of `struct sock_filter`, of 8 bytes each."""
    held = ctypes.create_string_buffer(program, len(program))
    fields = struct.pack("@HP", len(program) // 8, ctypes.addressof(held))
    fprog = ctypes.create_string_buffer(fields, len(fields))  # struct sock_fprog
    pointer = ctypes.addressof(fprog)
    _checked("seccomp", _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, pointer, 0, 0))


def _checked(what: str, answer: int) -> int:
    """`answer`, unless it says that a lock did not close: then nothing is run."""
    if answer < 0:
        raise Unlocked(f"{what}: {os.strerror(ctypes.get_errno())}")
    return answer


def run(code: str) -> dict[str, Any]:
    """What became of `code`: its exit code, its error, the value of its last expression."""
    told: dict[str, Any] = {"exit_code": 0, "error": None, "result": None}
    try:
        told["result"] = _execute(code)
        sys.stdout.flush()
    except SystemExit as left:
        number = left.code if isinstance(left.code, int) else int(left.code is not None)
        told["exit_code"] = number & 255
        if isinstance(left.code, str):
            told["error"] = left.code[:MOST_TEXT]
    except BaseException as error:  # noqa: BLE001  # whatever it was, it is told
        told |= {"exit_code": 1, "error": _told(error)}
    return told


def _execute(code: str) -> str | None:
    linecache.cache[NAME] = (len(code), None, code.splitlines(keepends=True), NAME)
    tree = ast.parse(code, NAME)
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    vars(builtins).update(exit=sys.exit, quit=sys.exit)  # which `site` would have put there
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    whole = compile(tree, NAME, "exec", dont_inherit=True)
    exec(whole, module.__dict__)  # noqa: S102  # what all this is for
    if not isinstance(last, ast.Expr):
        return None
    end = compile(ast.Expression(last.value), NAME, "eval", dont_inherit=True)
    value = eval(end, module.__dict__)  # noqa: S307
    return None if value is None else repr(value)[:MOST_TEXT]


def _told(error: BaseException) -> str:
    """The traceback of the program's own lines."""
    with contextlib.suppress(Exception):
        told = traceback.TracebackException.from_exception(error, limit=-12)
        while told.stack and told.stack[0].filename != NAME:
            del told.stack[0]
        return "".join(told.format())[-MOST_TEXT:].strip()
    return type(error).__name__  # out of memory, or out of its mind


if __name__ == "__main__":
    main()
