"""How many of the issues that bandit finds in its own examples are found here too.

    python benchmarks/bandit_examples.py [SDIST]

The examples are in bandit's source distribution (Apache-2.0), which is downloaded unless it is
given. Each issue that bandit reports there is looked for among the findings of the whole analysis
(without bandit): in the same lines, with the same weakness or a close relative of it. Since the
examples are single calls with nothing around them, much of what is found is rightly a hotspot.
"""

import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.quality_engines import Hit, merged, our_engines, run_bandit  # noqa: E402
from benchmarks.quality_scores import accepted  # noqa: E402

WAYS = ("issues", "vulnerability", "hotspot or bug", "other weakness", "missed")


def download(folder: Path) -> Path:
    wanted = f"bandit=={version('bandit')}"
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary=bandit")
    subprocess.run([*pip, "--dest", str(folder), wanted], check=True)  # noqa: S603
    return next(folder.glob("bandit-*.tar.gz"))


def unpack(sdist: Path, folder: Path) -> Path:
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    return next(folder.glob("bandit-*/examples"))


def outcome(cwe: int, lines: set[int], there: list[Hit]) -> str:
    here = [hit for hit in there if hit.line in lines]
    right = [hit for hit in here if accepted((cwe,)) & set(hit.cwe)]
    if any(not hit.weaker for hit in right):
        return "vulnerability"
    if right:
        return "hotspot or bug"
    return "other weakness" if here else "missed"


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        sdist = Path(sys.argv[1]) if len(sys.argv) > 1 else download(folder)
        examples = unpack(sdist, folder)
        found = list(merged(our_engines())(examples))
        counts: dict[str, Counter[str]] = {}
        for issue in run_bandit(examples):
            there = [hit for hit in found if hit.path == issue.path]
            how = outcome(issue.cwe, set(issue.lines), there)
            counts.setdefault(issue.rule, Counter())[how] += 1
    total = sum(counts.values(), Counter())
    print(f"{'test':6}" + "".join(f"{way:>16}" for way in WAYS))
    for test, row in [*sorted(counts.items()), ("all", total)]:
        shown = row + Counter({"issues": row.total()})
        print(f"{test:6}" + "".join(f"{shown[way]:>16}" for way in WAYS))


if __name__ == "__main__":
    main()
