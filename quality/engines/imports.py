"""Which Python files a file depends on, by what it imports."""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import PurePosixPath

from quality.source import SourceFile

_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<dots>\.*)(?P<module>[\w.]*)[ \t]+import[ \t]+"
    r"(?P<names>\([^)]*\)|[^\n#;]+)|import[ \t]+(?P<modules>[^\n#;]+))",
    re.MULTILINE,
)
_NAME = re.compile(r"[\w.]+")


def digests(files: Sequence[SourceFile]) -> dict[str, str]:
    """By path, a digest of each file and of all that it imports, near or far."""
    number = {file.path: index for index, file in enumerate(files)}
    modules = _modules(files)
    direct = [
        {number[path] for path in _imported(file, modules) if path in number} for file in files
    ]
    reached = _reached(direct)
    own = [int.from_bytes(sha256(f"{one.path}\0{one.sha256}".encode()).digest()) for one in files]
    sums: dict[int, int] = {}
    found = {}
    for index, file in enumerate(files):
        bits = reached[index]
        if bits not in sums:
            sums[bits] = _sum(bits, own)
        found[file.path] = sha256(f"{own[index]} {sums[bits]}".encode()).hexdigest()
    return found


def _modules(files: Sequence[SourceFile]) -> Mapping[str, list[str]]:
    """The paths of each module, by its dotted name from any folder on its way."""
    modules: dict[str, list[str]] = {}
    for file in files:
        parts = PurePosixPath(file.path).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        for start in range(len(parts)):
            modules.setdefault(".".join(parts[start:]), []).append(file.path)
    return modules


def _imported(file: SourceFile, modules: Mapping[str, list[str]]) -> set[str]:
    folder = PurePosixPath(file.path).parts[:-1]
    names: set[str] = set()
    for match in _IMPORT.finditer(file.text):
        if match["modules"]:
            names.update(one.split()[0] for one in match["modules"].split(",") if one.strip())
            continue
        dots = len(match["dots"])
        inside = ".".join(folder[: len(folder) - dots + 1]) if dots else ""
        module = ".".join(part for part in (inside, match["module"]) if part)
        names.add(module)
        names.update(f"{module}.{name}" for name in _NAME.findall(match["names"]))
    return {path for name in names for path in modules.get(name, ())}


def _reached(direct: Sequence[set[int]]) -> list[int]:
    """For each file, all that it depends on, as bits."""
    reached = [sum(1 << to for to in targets) for targets in direct]
    changed = True
    while changed:
        changed = False
        for index, targets in enumerate(direct):
            bits = reached[index]
            for target in targets:
                bits |= reached[target]
            if bits != reached[index]:
                reached[index], changed = bits, True
    return reached


def _sum(bits: int, of: Sequence[int]) -> int:
    total = 0
    while bits:
        lowest = bits & -bits
        total += of[lowest.bit_length() - 1]
        bits ^= lowest
    return total
