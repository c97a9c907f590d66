"""The processes of this machine, as far as they are of one cell."""

import json
from dataclasses import replace
from pathlib import Path

from tools.workbench.code.bubblewrap import Cell


def marked(cell: Cell, mark: str) -> Cell:
    """The same cell, whose processes have `mark` among their arguments, which nobody reads."""
    *start, last = cell.command
    if not last.startswith("{"):
        return replace(cell, command=(*start, last, mark))
    asked = json.loads(last)  # what `drop.py` is told, where we are root
    asked["command"].append(mark)
    return replace(cell, command=(*start, json.dumps(asked)))


def processes_of(mark: str) -> set[Path]:
    """The folder in /proc of each."""
    return {at for at in Path("/proc").iterdir() if at.name.isdigit() and _has(at, mark.encode())}


def status(process: Path) -> dict[str, str]:
    """What the kernel says of it; nothing, if it is gone."""
    try:
        lines = (process / "status").read_text().splitlines()
    except OSError:
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _has(at: Path, mark: bytes) -> bool:
    try:
        return mark in (at / "cmdline").read_bytes()
    except OSError:
        return False
