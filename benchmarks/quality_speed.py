"""How fast an analysis is, and what each engine costs: `python benchmarks/quality_speed.py [PATH]`.

Prints the wall time of a cold run, of a warm one, and of one after an edit of one file, over a copy
of PATH (default: this repository); then the CPU time and the most memory of each engine alone, in a
process of its own, whose children count too. Times depend on what else the machine does.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from pointsman.quality_settings import QualitySettings  # noqa: E402
from quality.engines.all import make_engines  # noqa: E402
from quality.files.reading import read_tree  # noqa: E402
from quality.remembering import DiskMemory, open_memory  # noqa: E402
from quality.report import Report  # noqa: E402
from quality.running import analyse  # noqa: E402
from quality.source import Tree  # noqa: E402

SETTINGS = QualitySettings(engine_s=1_800)


async def whole(path: Path, memory: DiskMemory) -> tuple[float, Report]:
    """The seconds of one analysis from reading on, and its report."""
    started = time.perf_counter()
    tree = await read_tree(path)
    make = partial(make_engines, SETTINGS, facts=memory)
    report = await analyse(tree, await anyio.to_thread.run_sync(make), SETTINGS, memory)
    return time.perf_counter() - started, report


def copied(tree: Tree, folder: Path) -> Path:
    """Write all files of `tree` below `folder`; the path of a Python file among them."""
    for file in tree.files:
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(file.text, encoding="utf-8", newline="")
    python = [file.path for file in tree.files if file.language == "python" and not file.test]
    return folder / python[len(python) // 2]


async def runs(path: Path) -> None:
    tree = await read_tree(path)
    lines = sum(file.lines for file in tree.files if file.language == "python")
    print(f"{path}: {len(tree.files)} files, {lines} lines of Python")
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "tree"
        edited = await anyio.to_thread.run_sync(copied, tree, folder)
        async with open_memory(Path(home) / "memory") as memory:
            for name in ("cold", "warm", "one file edited"):
                if name == "one file edited":
                    edited.write_text(edited.read_text("utf-8") + "\n\nEDITED = 1\n", "utf-8")
                seconds, report = await whole(folder, memory)
                bad = [f"{run.name} {run.state}" for run in report.engines if run.state != "ok"]
                print(f"{name:>16} {seconds:8.2f} s  {len(report.findings)} findings {bad or ''}")
                print(" " * 17, *(f"{run.name} {run.elapsed_ms}" for run in report.engines))


async def alone(path: Path, name: str) -> int:
    tree = await read_tree(path)
    engines = await anyio.to_thread.run_sync(make_engines, SETTINGS)
    (engine,) = (one for one in engines if one.name == name)
    report = await analyse(tree, [engine], SETTINGS)
    return len(report.findings)


def cost(path: Path, name: str) -> None:
    """Print, as JSON, what the engine `name` used; all processes have ended by then."""
    nothing = resource.getrusage(resource.RUSAGE_SELF)
    found = anyio.run(alone, path, name)
    own, theirs = (
        resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    cpu = own.ru_utime + own.ru_stime + theirs.ru_utime + theirs.ru_stime
    cpu -= nothing.ru_utime + nothing.ru_stime
    most = max(own.ru_maxrss, theirs.ru_maxrss) / 1_000
    print(json.dumps({"cpu_s": cpu, "mb": most, "findings": found}))


def main() -> None:
    if sys.argv[1:2] == ["--engine"]:
        cost(Path(sys.argv[3]), sys.argv[2])
        return
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    anyio.run(runs, path)
    print(f"\n{'engine':>16} {'CPU s':>8} {'MB':>6} findings")
    total = 0.0
    for engine in make_engines(SETTINGS):
        command = [sys.executable, __file__, "--engine", engine.name, str(path)]
        said = subprocess.check_output(command, text=True)  # noqa: S603  # this file itself
        used = json.loads(said)
        total += used["cpu_s"]
        print(f"{engine.name:>16} {used['cpu_s']:8.2f} {used['mb']:6.0f} {used['findings']}")
    print(f"{'all':>16} {total:8.2f}")


if __name__ == "__main__":
    main()
