"""Programs that try to get out of tier 2, or to take more than their share: each is stopped."""

import os
import platform
import socket
from pathlib import Path

import anyio
import pytest

from tools.workbench.code.bubblewrap import FOLDER_BYTES, FOLDER_FILES, Cell, run_bubblewrap
from tools.workbench.code.outcome import MOST_SHOWN, Limits, Outcome
from tools.workbench.code.seccomp import ABSENT, ARCHITECTURES, CLONE, CLONE3, DENIED

TOOLS = """
import ctypes, errno, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def attempt(what):
    try:
        got = what()
    except BaseException as error:
        print(type(error).__name__)
    else:
        print("REACHED", repr(got)[:200])
def call(number, *arguments):
    got = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
    print(errno.errorcode[ctypes.get_errno()] if got < 0 else f"REACHED {got}")
"""
GONE = {"FileNotFoundError"}  # there is no such file inside
DENIED_HERE = {"PermissionError"}
CLOSED = GONE | DENIED_HERE | {"OSError"}  # the last: the file system is read-only


async def run(cell: Cell, code: str, *, seconds: float = 5, megabytes: int = 64) -> Outcome:
    with anyio.fail_after(30):
        limits = Limits(seconds=seconds, memory_bytes=megabytes * 1024 * 1024)
        return await run_bubblewrap(cell, TOOLS + code, limits)


OUT_OF_REACH = [
    ("open('/etc/passwd')", GONE),
    ("open('/etc/shadow')", GONE),
    ("open('{canary}').read()", CLOSED),
    ("os.listdir('{home}')", CLOSED),
    ("os.listdir('/')", DENIED_HERE),
    ("os.listdir('/root')", CLOSED),
    ("os.listdir('/tmp')", CLOSED),
    ("open('/proc/1/environ')", GONE),
    ("open('/proc/self/environ')", GONE),
    ("open('/proc/{pid}/environ')", GONE),
    ("os.listdir('/sys')", GONE),
    ("os.listdir('/dev')", DENIED_HERE),
    ("open('/dev/mem')", GONE),
    ("open('/confine.py')", DENIED_HERE),
    ("os.symlink('/etc/passwd', 'link') or open('link')", GONE),
    ("os.symlink('/confine.py', 'other') or open('other')", DENIED_HERE),
    ("open('/work/../../../../../../etc/passwd')", GONE),
    ("os.link('/confine.py', 'hard')", CLOSED),
    ("os.rename('/confine.py', 'file')", CLOSED),
    ("open('/written', 'w')", CLOSED),
    ("os.mkdir('/made')", CLOSED),
    ("open(os.__file__, 'w')", CLOSED),
    ("open(os.__file__, 'a')", CLOSED),
    ("os.unlink(os.__file__)", CLOSED),
    ("os.chmod(os.__file__, 0o777)", CLOSED),
    ("open(sys.executable, 'r+b')", CLOSED),
    ("os.utime(sys.executable)", CLOSED),
    ("os.setuid(0)", CLOSED),
    ("os.setgroups([0])", CLOSED),
    ("os.chroot('.')", DENIED_HERE),
    ("os.chown('/work', 0, 0)", CLOSED),
    ("os.mknod('device', 0o20666, os.makedev(1, 1))", DENIED_HERE),
    ("os.nice(-1)", DENIED_HERE),
    ("os.execv('/bin/su', ['su'])", DENIED_HERE),
    ("os.execv(sys.executable, [sys.executable])", DENIED_HERE),
    ("__import__('subprocess').run([sys.executable, '-c', '1'])", DENIED_HERE),
    ("os.system('id')", {"REACHED -1", "REACHED 32512"}),  # it could not start a shell
    ("os.posix_spawn(sys.executable, ['x'], {{}})", DENIED_HERE),
    ("__import__('multiprocessing').Process(target=print).start()", DENIED_HERE),
    ("os.kill({pid}, 0)", {"ProcessLookupError", "PermissionError"}),
    ("os.kill({pid}, 9)", {"ProcessLookupError", "PermissionError"}),
    ("os.kill(os.getppid(), 9)", {"PermissionError"}),
    ("os.kill(1, 9)", {"PermissionError"}),
    ("os.kill(-1, 9)", {"PermissionError", "ProcessLookupError"}),
    ("socket.socket()", DENIED_HERE),
    ("socket.create_connection(('127.0.0.1', {port}), 2)", DENIED_HERE),
    ("socket.getaddrinfo('example.com', 80)", {"gaierror"}),
    ("socket.socket(socket.AF_INET, socket.SOCK_DGRAM)", DENIED_HERE),
    ("socket.socket(socket.AF_INET6)", DENIED_HERE),
    ("socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)", DENIED_HERE),
    ("socket.socket(socket.AF_PACKET, socket.SOCK_RAW)", DENIED_HERE),
    ("socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)", DENIED_HERE),
    ("socket.socket(38, socket.SOCK_SEQPACKET)", DENIED_HERE),  # AF_ALG
    ("socket.socket(socket.AF_VSOCK)", DENIED_HERE),
    ("socket.socket(socket.AF_UNIX)", DENIED_HERE),
    ("socket.socketpair()[0].connect(chr(0) + 'pointsman-{port}')", DENIED_HERE),
    ("socket.socketpair(type=socket.SOCK_DGRAM)[0].sendto(b'x', chr(0) + 'y')", DENIED_HERE),
    ("socket.socketpair(socket.AF_INET)", DENIED_HERE),
    ("os.memfd_create('memory')", DENIED_HERE),
    ("os.fork()", DENIED_HERE),
    ("os.forkpty()", CLOSED),
    ("input()", {"EOFError"}),
    ("sys.stdin.buffer.read()", {"REACHED b''"}),
    ("[fd for fd in range(64) if __import__('stat').S_ISDIR(os.fstat(fd).st_mode)]", CLOSED),
]


async def test_what_is_outside_stays_out_of_reach(cell: Cell, tmp_path: Path) -> None:
    """AT-216: files, processes, programs and the network of this machine."""
    canary = tmp_path / "canary"
    await anyio.Path(canary).write_text("canary")
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        port = tcp.getsockname()[1]
        unix.bind(f"\0pointsman-{port}")
        unix.listen()
        names = {"canary": canary, "home": Path.home(), "port": port, "pid": os.getpid()}
        attacks = [attack.format(**names) for attack, _ in OUT_OF_REACH]
        outcome = await run(cell, "\n".join(f"attempt(lambda: {attack})" for attack in attacks))
        for listener in (tcp, unix):
            listener.setblocking(False)
            with pytest.raises(BlockingIOError):
                listener.accept()
    assert outcome.error is None
    told = outcome.output.splitlines()
    rows = zip(OUT_OF_REACH, told, strict=True)
    assert {attack: got for (attack, allowed), got in rows if got not in allowed} == {}
    assert await anyio.Path(canary).read_text() == "canary"


async def test_every_kernel_call_of_the_list_is_refused(cell: Cell) -> None:
    """AT-216: ptrace, mount, unshare, io_uring, keyctl, bpf and the others."""
    column = ARCHITECTURES[platform.machine()][1]
    numbers = [each[column] for each in DENIED.values() if each[column] != ABSENT]
    outcome = await run(cell, f"for number in {numbers}: call(number, 0, 0, 0, 0, 0, 0)")
    assert outcome.output.split() == ["EPERM"] * len(numbers)


async def test_no_namespace_and_no_process_comes_of_clone(cell: Cell) -> None:
    column = ARCHITECTURES[platform.machine()][1]
    new_user, new_mount, new_network, child = 0x1000_0000, 0x2_0000, 0x4000_0000, 17
    flags = [child, new_user | child, new_mount | child, new_network | child, 1 << 40]
    code = f"for flags in {flags}: call({CLONE[column]}, flags, 0, 0, 0, 0)"
    outcome = await run(cell, f"{code}\ncall({CLONE3[column]}, 0, 0)\ncall(1000, 0)")
    assert outcome.output.split() == ["EPERM"] * len(flags) + ["ENOSYS", "ENOSYS"]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="only there a call has other numbers")
@pytest.mark.parametrize(
    "attack",
    [
        "libc.syscall(ctypes.c_long(0x40000000 | 39))",  # getpid by its x32 number
        # getpid by its i386 number: mov eax, 20; int 0x80; ret
        "import mmap\n"
        "page = mmap.mmap(-1, 4096, prot=7)\n"
        "page.write(bytes.fromhex('b814000000cd80c3'))\n"
        "at = ctypes.addressof(ctypes.c_char.from_buffer(page))\n"
        "ctypes.CFUNCTYPE(ctypes.c_int)(at)()",
    ],
)
async def test_a_call_by_a_number_of_another_architecture_ends_the_program(
    cell: Cell, attack: str
) -> None:
    outcome = await run(cell, f"{attack}\nprint('REACHED')")
    assert "REACHED" not in outcome.output
    assert outcome.error is not None
    assert "SIG" in outcome.error


@pytest.mark.parametrize(
    ("attack", "told"),
    [
        ("while True: pass", "longer than 0.5 s"),
        ("import time\ntime.sleep(1000)", "longer than 0.5 s"),
        ("import signal\nfor s in range(1, 65):\n try: signal.signal(s, signal.SIG_IGN)\n"
         " except Exception: pass\nwhile True: pass", "longer than 0.5 s"),
        ("try:\n while True: pass\nexcept BaseException:\n while True: pass", "longer than 0.5 s"),
        ("import re\nre.match('(a+)+$', 'a' * 40 + 'b')", "longer than 0.5 s"),
        ("x = 9 ** 9 ** 9", "longer than 0.5 s"),
        ("def f():\n while True: pass\n"
         "import threading\nfor _ in range(4): threading.Thread(target=f).start()",
         "longer than 0.5 s"),
        ("os.close(1)\nos.close(2)\nwhile True: pass", "longer than 0.5 s"),
        ("def f():\n while True: pass\nimport atexit\natexit.register(f)", "longer than 0.5 s"),
        ("while True: print('a' * 1000)", "printed more than 1024 KiB"),
        ("while True: os.write(1, os.urandom(65536))", "printed more than 1024 KiB"),
        ("while True: os.write(3, b'{' * 65536)", "printed more than 1024 KiB"),  # the report
        ("x = [0] * 10 ** 10", "MemoryError"),
        ("x = 'a' * 10 ** 12", "MemoryError"),
        ("x = []\nwhile True: x.append(bytearray(1 << 20))", "MemoryError"),
        ("import zlib\nx = zlib.compress(bytes(1 << 24))\nzlib.decompress(x) * 9", "MemoryError"),
        ("import mmap\nx = [mmap.mmap(-1, 1 << 24) for _ in range(100)]", "OSError"),
        ("def f(): f()\nf()", "RecursionError"),
        ("sys.setrecursionlimit(10 ** 9)\ndef f(): f()\nf()", "longer|SIG|MemoryError|SystemError"),
        ("exec('(' * 10 ** 5)", "SyntaxError|MemoryError"),
        ("os.kill(os.getpid(), 9)", "SIGKILL"),
        ("os.killpg(0, 9)", "SIGKILL"),
        ("os.kill(os.getpid(), 11)", "SIGSEGV"),
        ("ctypes.string_at(0)", "SIGSEGV"),
        ("os._exit(3)", "exit code 3"),
        ("sys.exit(3)", "exit code 3"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise BaseExceptionGroup('g', [SystemExit(1)])", "BaseExceptionGroup"),
        ("class E(Exception):\n def __str__(self): raise self\nraise E", "E"),
        ("x = 'a\0b'", "null bytes"),
        ("x = '\ud800'", "surrogates"),
        ("import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))", "ValueError"),
        ("import resource\nresource.setrlimit(resource.RLIMIT_NPROC, (99, 99))", "ValueError"),
        ("open('big', 'wb').truncate(1 << 40)", "OSError"),
    ],
)  # fmt: skip
async def test_no_program_takes_more_than_its_share(cell: Cell, attack: str, told: str) -> None:
    """AT-216: time, memory, output, recursion; and it says what stopped the program."""
    outcome = await run(cell, attack, seconds=0.5 if "longer" in told else 8)
    assert outcome.error is not None
    assert any(word in outcome.error for word in told.split("|"))
    assert len(outcome.output.encode()) <= 3 * MOST_SHOWN  # bytes that are no text become longer


async def test_a_fork_bomb_makes_no_process(cell: Cell) -> None:
    """AT-216. The limit of threads was seen from outside, and one harmless fork goes first."""
    first = await run(cell, "attempt(os.fork)")
    assert first.output == "PermissionError\n"
    bomb = "n = 0\nfor _ in range(200):\n try: os.fork(); n += 1\n except OSError: pass\nprint(n)"
    assert (await run(cell, bomb)).output == "0\n"


async def test_threads_are_counted(cell: Cell) -> None:
    code = """
import threading
done, started = threading.Event(), 0
try:
    for _ in range(200):
        threading.Thread(target=done.wait).start()
        started += 1
except RuntimeError:
    print(started)
done.set()
"""
    outcome = await run(cell, code)
    assert outcome.error is None
    assert 8 <= int(outcome.output) < 32


@pytest.mark.parametrize("each", [0, 1, 100_000])
async def test_the_folder_takes_so_many_bytes_and_files_and_no_more(cell: Cell, each: int) -> None:
    code = f"""
total = n = 0
try:
    for n in range(10_000):
        total += open(str(n), 'wb', buffering=0).write(bytes({each}))
except OSError as error:
    print(n, total, errno.errorcode[error.errno])
"""
    outcome = await run(cell, code)
    files, total, why = outcome.output.split()
    assert why == "ENOSPC"
    assert int(files) <= FOLDER_FILES
    assert int(total) <= FOLDER_BYTES
    assert (await run(cell, "print(os.listdir('.'))")).output == "[]\n"  # nothing is left


async def test_open_files_are_counted(cell: Cell) -> None:
    code = "kept = []\nwhile True: kept.append(os.pipe())"
    assert "Too many open files" in ((await run(cell, code)).error or "")


async def test_what_is_printed_need_not_be_text(cell: Cell) -> None:
    code = "os.write(1, bytes(range(256)))\nprint('\\ud800', end='')"
    outcome = await run(cell, code)
    assert outcome.error is None
    assert outcome.output == bytes(range(256)).decode(errors="replace") + "\\ud800"


@pytest.mark.parametrize(
    "report",
    [
        '{"error": "forged", "result": "forged"}',
        '{"error": "\\ud800", "result": "\\ud800"}',
        '{"error": 1, "result": [2]}',
        "[" * 50_000,
        "\0",
    ],
)
async def test_a_forged_report_says_something_of_the_program_and_nothing_else(
    cell: Cell, report: str
) -> None:
    outcome = await run(cell, f"os.write(3, {report.encode()!r} + b'\\n')\nos._exit(0)")
    assert outcome.exit_code == 0
    assert outcome.error in (None, "forged", "?")
    assert outcome.result in (None, "forged", "?")


async def test_the_environment_holds_nothing_of_ours(
    cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POINTSMAN_CANARY", "canary-1234")
    outcome = await run(cell, "print(sorted(os.environ))")
    assert outcome.output == "['HOME', 'PWD', 'TMPDIR']\n"


async def test_our_packages_are_not_there(cell: Cell) -> None:
    code = "for name in ('pointsman', 'anyio', 'pip'): attempt(lambda: __import__(name))"
    assert (await run(cell, code)).output == "ModuleNotFoundError\n" * 3
