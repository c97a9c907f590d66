"""The filter, run here as the kernel runs it, for both architectures."""

import re
import struct
from pathlib import Path

import pytest

from tools.workbench.code.seccomp import (
    ABSENT,
    ARCHITECTURES,
    CLONE,
    CLONE3,
    DENIED,
    SENDTO,
    SOCKETPAIR,
    filter_for,
)

ALLOWED, KILLED, EPERM, ENOSYS = 0x7FFF_0000, 0x8000_0000, 0x0005_0001, 0x0005_0026
HEADERS = {
    "x86_64": ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"),
    "aarch64": ("/usr/include/asm-generic/unistd.h",),
}
TODAY = {"read": (0, 63), "mmap": (9, 222), "futex": (202, 98), "kill": (62, 129)}  # let through


def verdict(machine: str, number: int, *arguments: int, audit: int | None = None) -> int:
    program = filter_for(machine)
    assert program is not None
    audit = ARCHITECTURES[machine][0] if audit is None else audit
    padded = (*arguments, *[0] * (6 - len(arguments)))
    data = struct.pack("=iIQ6Q", number, audit, 0, *padded)  # struct seccomp_data
    at = accumulator = 0
    while True:
        code, jump_true, jump_false, k = struct.unpack_from("=HBBI", program, at * 8)
        at += 1
        if code == 0x06:
            return int(k)
        if code == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, k)
            continue
        passes = {
            0x15: accumulator == k,
            0x25: accumulator > k,
            0x35: accumulator >= k,
            0x45: bool(accumulator & k),
        }[code]
        at += jump_true if passes else jump_false


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_what_the_list_names_is_refused_and_what_python_lives_on_is_not(machine: str) -> None:
    column = ARCHITECTURES[machine][1]
    listed = [each[column] for each in DENIED.values() if each[column] != ABSENT]
    assert {verdict(machine, number) for number in listed} == {EPERM}
    assert {verdict(machine, each[column]) for each in TODAY.values()} == {ALLOWED}
    assert verdict(machine, CLONE3[column]) == ENOSYS
    assert verdict(machine, 463) == ENOSYS
    assert verdict(machine, TODAY["read"][column], audit=0x4000_0003) == KILLED  # i386
    assert verdict(machine, 0x4000_0000 | TODAY["read"][column]) == KILLED
    assert verdict(machine, -1 & 0x7FFF_FFFF) == KILLED


@pytest.mark.parametrize("machine", ARCHITECTURES)
@pytest.mark.parametrize(
    ("call", "arguments", "expected"),
    [
        (CLONE, (0x3D_0F00,), ALLOWED),  # what starts a thread
        (CLONE, (17,), EPERM),
        (CLONE, (0x1000_0011,), EPERM),
        (CLONE, (0x3D_0F00 | 1 << 32,), EPERM),
        (SOCKETPAIR, (1,), ALLOWED),
        (SOCKETPAIR, (2,), EPERM),
        (SOCKETPAIR, (1 | 1 << 32,), EPERM),
        (SENDTO, (3, 4, 5, 0, 0, 0), ALLOWED),
        (SENDTO, (3, 4, 5, 0, 1 << 12, 110), EPERM),
        (SENDTO, (3, 4, 5, 0, 1 << 32, 110), EPERM),
    ],
)
def test_some_calls_depend_on_an_argument(
    machine: str, call: tuple[int, int], arguments: tuple[int, ...], expected: int
) -> None:
    assert verdict(machine, call[ARCHITECTURES[machine][1]], *arguments) == expected


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_the_numbers_are_those_of_the_kernels_headers(machine: str) -> None:
    found = [Path(path) for path in HEADERS[machine] if Path(path).is_file()]
    if not found:
        pytest.skip("no kernel headers here")
    rows = re.findall(r"#define __NR(?:3264)?_(\w+) (\d+)\n", found[0].read_text())
    numbers = {name: int(number) for name, number in rows}
    ours = {name: each[ARCHITECTURES[machine][1]] for name, each in DENIED.items()}
    assert {n: numbers[n] for n in ours if n in numbers} == {
        n: ours[n] for n in ours if n in numbers
    }
    assert {n for n in ours if ours[n] == ABSENT} & numbers.keys() == set()


def test_no_filter_is_known_for_another_machine() -> None:
    assert filter_for("riscv64") is None
