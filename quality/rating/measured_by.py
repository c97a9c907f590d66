"""Which engines a measure rests on, and whether they were there to be asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quality.report import EngineRun

IMPORTED = "sarif"  # the engine that reads what other tools found, of whatever kind
_BUGS = frozenset({"checks", "ruff", "types", "javascript"})
_SECURITY = frozenset({"flow", "ruff", "bandit", "javascript"})
_SMELLS = frozenset({"checks", "ruff", "cognitive", "metrics", "dead_code", "javascript"})
_LINES = frozenset({"metrics"})  # counts the lines of code that the debt is a share of
_COPIES = frozenset({"duplication"})
# An allowance that nothing found answers to is idle only once all of these looked.
EVERY = (_BUGS | _SECURITY | _SMELLS | _COPIES | {"secrets"}) - {"bandit"}  # not asked by itself
# metric -> at least one of these must have looked, and none of those may have broken off
_RESTS_ON: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "reliability": (_BUGS, _BUGS),
    "security": (_SECURITY, _SECURITY),
    "maintainability": (_LINES, _LINES | _SMELLS),
    "duplication_pct": (_COPIES, _COPIES),
    "issues": (_BUGS | _SECURITY | _SMELLS, _BUGS | _SECURITY | _SMELLS),
    "hotspots": (_SECURITY, _SECURITY),
}


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a measure cannot be relied on."""

    why: str
    broken: bool  # an engine broke off or is not there; else nothing of ours reads this code


Doubts = Mapping[str, Doubt]  # by the metric of a condition


def doubts(engines: Sequence[EngineRun]) -> Doubts:
    """What of `engines` puts a metric in doubt."""
    imported = any(run.name == IMPORTED and run.state == "ok" for run in engines)
    found = {
        metric: _broken(whole, engines) or (None if imported else _absent(any_of, engines))
        for metric, (any_of, whole) in _RESTS_ON.items()
    }
    return {metric: doubt for metric, doubt in found.items() if doubt}


def _broken(names: frozenset[str], engines: Sequence[EngineRun]) -> Doubt | None:
    broken = [r for r in engines if r.name in names and r.state in ("failed", "timed out")]
    return Doubt(_told(broken), True) if broken else None


def _absent(names: frozenset[str], engines: Sequence[EngineRun]) -> Doubt | None:
    asked = [run for run in engines if run.name in names]
    if any(run.state == "ok" and run.files for run in asked):
        return None
    if missing := [run for run in asked if run.state == "missing"]:
        return Doubt(_told(missing), True)
    return Doubt("no engine that was asked reads this code", False)


def _told(runs: Sequence[EngineRun]) -> str:
    return "; ".join(f"{run.name} {run.state}{f': {run.why}' * bool(run.why)}" for run in runs)
