"""The kernel calls that a confined program may not make, as a filter that the kernel runs.

What is named here is refused with EPERM; what is newer than this list, with ENOSYS. The kernel's
own description: Documentation/userspace-api/seccomp_filter.rst; numbers from
arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h.
"""

import struct
from collections.abc import Iterator

ARCHITECTURES = {  # platform.machine() -> its AUDIT_ARCH of linux/audit.h, its column in DENIED
    "x86_64": (0xC000003E, 0),
    "aarch64": (0xC00000B7, 1),
}
X32 = 0x4000_0000  # __X32_SYSCALL_BIT: the same calls by other numbers
NEWEST = 462  # mseal, of Linux 6.10; whoever raises this has looked at what came since

ABSENT = -1  # of an architecture that never had the call
DENIED: dict[str, tuple[int, int]] = {
    # other programs and processes
    "fork": (57, ABSENT),
    "vfork": (58, ABSENT),
    "execve": (59, 221),
    "execveat": (322, 281),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    # namespaces and mounts
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "statmount": (457, 457),
    "listmount": (458, 458),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "mknod": (133, ABSENT),
    "mknodat": (259, 33),
    # the network, and sockets of every other kind
    "socket": (41, 198),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "sendmsg": (46, 211),  # its address is behind a pointer, which a filter cannot follow
    "sendmmsg": (307, 269),
    # parts of the kernel with a history
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_setup": (206, 0),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "seccomp": (317, 277),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "fanotify_init": (300, 262),
    "vmsplice": (278, 75),
    "modify_ldt": (154, ABSENT),
    "personality": (135, 92),
    "lookup_dcookie": (212, 18),
    "uselib": (134, ABSENT),
    "ustat": (136, ABSENT),
    "sysfs": (139, ABSENT),
    "_sysctl": (156, ABSENT),
    "nfsservctl": (180, 42),
    # memory that no limit of the process counts
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "mbind": (237, 235),
    "set_mempolicy": (238, 237),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    # the machine
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "syslog": (103, 116),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "iopl": (172, ABSENT),
    "ioperm": (173, ABSENT),
    "vhangup": (153, 58),
}
CLONE = (56, 220)
CLONE3 = (435, 435)  # its flags are behind a pointer; libc takes ENOSYS to mean: use clone
SENDTO = (44, 206)
SOCKETPAIR = (53, 199)
CLONE_THREAD = 0x0001_0000  # linux/sched.h
AF_UNIX = 1

# linux/bpf_common.h and linux/filter.h
_LOAD, _IF_EQUAL, _IF_GREATER, _IF_AT_LEAST, _IF_BITS, _RETURN = 0x20, 0x15, 0x25, 0x35, 0x45, 0x06
# linux/seccomp.h; the number of the error is in the low half
_ALLOW, _KILL, _ERROR = 0x7FFF_0000, 0x8000_0000, 0x0005_0000
_EPERM, _ENOSYS = _ERROR | 1, _ERROR | 38
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand


def filter_for(machine: str) -> bytes | None:
    """The filter as an array of `struct sock_filter`; None where this machine's is not known."""
    if machine not in ARCHITECTURES:
        return None
    audit, column = ARCHITECTURES[machine]
    return b"".join(struct.pack("=HBBI", *each) for each in _instructions(audit, column))


def _instructions(audit: int, column: int) -> Iterator[Instruction]:
    yield _LOAD, 0, 0, _ARCHITECTURE
    yield _IF_EQUAL, 1, 0, audit
    yield _RETURN, 0, 0, _KILL
    yield _LOAD, 0, 0, _NUMBER
    yield from _when(_IF_AT_LEAST, X32, _KILL)
    yield from _when(_IF_GREATER, NEWEST, _ENOSYS)
    yield from _when(_IF_EQUAL, CLONE3[column], _ENOSYS)
    for numbers in DENIED.values():
        if numbers[column] != ABSENT:
            yield from _when(_IF_EQUAL, numbers[column], _EPERM)
    yield from _only(CLONE[column], 0, _IF_BITS, CLONE_THREAD)
    yield from _only(SOCKETPAIR[column], 0, _IF_EQUAL, AF_UNIX)
    yield from _only(SENDTO[column], 4, _IF_EQUAL, 0)  # to the other end, and to no address
    yield _RETURN, 0, 0, _ALLOW


def _when(test: int, operand: int, then: int) -> Iterator[Instruction]:
    yield test, 0, 1, operand
    yield _RETURN, 0, 0, then


def _only(number: int, argument: int, test: int, operand: int) -> Iterator[Instruction]:
    """Call `number` is allowed if its argument passes, and is not if it does not.

    An argument has 64 bits, of which an instruction sees 32. The high half must be 0.
    """
    low = _ARGUMENTS + 8 * argument  # both architectures are little-endian
    yield _IF_EQUAL, 0, 6, number
    yield _LOAD, 0, 0, low
    yield test, 0, 3, operand
    yield _LOAD, 0, 0, low + 4
    yield _IF_EQUAL, 0, 1, 0
    yield _RETURN, 0, 0, _ALLOW
    yield _RETURN, 0, 0, _EPERM
