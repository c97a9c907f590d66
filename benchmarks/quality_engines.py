"""The engines that benchmarks/eval_quality.py judges: each turns a folder into hits."""

import json
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pointsman.quality_settings import QualitySettings  # noqa: E402
from quality.checks.engine import Checks  # noqa: E402
from quality.engine import Engine  # noqa: E402
from quality.engines.bandit import Bandit  # noqa: E402
from quality.engines.ruff import Ruff  # noqa: E402
from quality.engines.secrets import Secrets  # noqa: E402
from quality.files.reading import read_tree  # noqa: E402
from quality.finding import Finding  # noqa: E402
from quality.flow.engine import FlowEngine  # noqa: E402
from quality.running import analyse  # noqa: E402

# ruff names no CWE. Its S rules are bandit's tests, so they get what bandit gives (B6xx is S6xx).
RUFF_CWE = {
    22: ("S202", "S310"),
    20: ("S313", "S314", "S315", "S316", "S317", "S318", "S319", "S320", "S506"),
    78: ("S102", "S307", "S601", "S602", "S603", "S604", "S605", "S606", "S607"),
    79: ("S308", "S704"),
    80: ("S702",),
    89: ("S608", "S610", "S611"),
    94: ("S201", "S612", "S701"),
    155: ("S609",),
    259: ("S105", "S106", "S107"),
    295: ("S323", "S501", "S507"),
    319: ("S312", "S321", "S508", "S509"),
    326: ("S505",),
    327: ("S303", "S304", "S305", "S324", "S413", "S502", "S503", "S504"),
    330: ("S311",),
    377: ("S108", "S306"),
    400: ("S113",),
    502: ("S301", "S302"),
    605: ("S104",),
    703: ("S101", "S110", "S112"),
    732: ("S103",),
}
CWE_OF_RUFF = {rule: cwe for cwe, rules in RUFF_CWE.items() for rule in rules}


@dataclass(frozen=True, slots=True)
class Hit:
    """One finding, of any engine."""

    path: str  # from the root
    line: int
    rule: str
    cwe: tuple[int, ...]
    weaker: bool = False  # a hotspot, or a bug that has a CWE: not called a vulnerability


@dataclass(frozen=True, slots=True)
class Run:
    hits: tuple[Hit, ...]
    cpu_s: float  # of this process and of those that it started


Look = Callable[[Path], Sequence[Hit]]


def run(look: Look, root: Path) -> Run:
    before = _cpu_s()
    hits = tuple(look(root))
    return Run(hits, _cpu_s() - before)


def _cpu_s() -> float:
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, whose))


def _json(*command: str) -> object:
    """What a tool prints; it may end with 1, which says that it found something."""
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, check=False)  # noqa: S603
    if done.returncode not in (0, 1):
        raise SystemExit(done.stderr.decode())
    return json.loads(done.stdout)


@dataclass(frozen=True, slots=True)
class Issue:
    """What bandit says."""

    path: str
    lines: tuple[int, ...]
    rule: str
    cwe: int  # 0: it names none


def run_bandit(root: Path) -> list[Issue]:
    answer = _json("bandit", "-r", "-q", "-f", "json", str(root))
    assert isinstance(answer, dict)
    return [
        Issue(
            Path(issue["filename"]).relative_to(root).as_posix(),
            (issue["line_number"], *issue["line_range"]),
            issue["test_id"],
            (issue.get("issue_cwe") or {}).get("id", 0),
        )
        for issue in answer["results"]
    ]


def bandit(root: Path) -> list[Hit]:
    return [Hit(i.path, i.lines[0], i.rule, (i.cwe,)) for i in run_bandit(root)]


def ruff(root: Path) -> list[Hit]:
    options = ("--isolated", "--no-cache", "--select=S", "--output-format=json")
    answer = _json("ruff", "check", *options, str(root))
    assert isinstance(answer, list)
    return [
        Hit(
            Path(issue["filename"]).relative_to(root).as_posix(),
            issue["location"]["row"],
            issue["code"],
            (CWE_OF_RUFF[issue["code"]],) if issue["code"] in CWE_OF_RUFF else (),
        )
        for issue in answer
        if issue["code"]  # None: it cannot be parsed
    ]


def hits(findings: Sequence[Finding]) -> list[Hit]:
    """Those that are about security: what has no weakness in it is no answer to one."""
    return [
        Hit(f.place.path, f.place.line, f"{f.engine}:{f.rule}", f.cwe, f.kind != "vulnerability")
        for f in findings
        if f.kind in ("vulnerability", "hotspot") or (f.kind == "bug" and f.cwe)
    ]


def own(engine: Engine) -> Look:
    """One of our engines on its own."""

    async def findings(root: Path) -> Sequence[Finding]:
        tree = await read_tree(root)
        return (await engine.analyse(tree.files, tree)).findings

    return lambda root: hits(anyio.run(findings, root))


def merged(engines: Sequence[Engine]) -> Look:
    """A whole analysis, as a user gets it."""

    async def findings(root: Path) -> Sequence[Finding]:
        report = await analyse(await read_tree(root), engines, QualitySettings())
        for ran in report.engines:
            if ran.state != "ok":
                print(f"{ran.name}: {ran.state}. {ran.why}")
        return report.findings

    return lambda root: hits(anyio.run(findings, root))


def our_engines() -> tuple[Engine, ...]:
    """Those of ours that tell of weaknesses, and ruff."""
    return (FlowEngine(), Checks(QualitySettings()), Secrets(), Ruff())


def all_engines() -> dict[str, Look]:
    """Those that are judged: two as their makers give them, ours alone, and all together."""
    looks: dict[str, Look] = {"bandit": bandit, "ruff": ruff}
    *ours, wrapped = our_engines()
    looks |= {engine.name: own(engine) for engine in ours}
    looks["merged"] = merged((*ours, wrapped, Bandit()))
    return looks
