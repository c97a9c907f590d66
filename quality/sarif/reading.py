"""What another tool found, from its SARIF log.

The log is of somebody else: its size and number of results are capped, a damaged result costs only
itself, a path leads to a file of the tree or nowhere, and its fixes are not taken over.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from pointsman.errors import InvalidInput
from quality.finding import Finding, Kind, Place, Step
from quality.rating.paths import Paths
from quality.sarif.levels import OF_LEVEL, Level
from quality.sarif.placing import Placing
from quality.sarif.referring import Quality, Rules, message_of, plain
from quality.sarif.shapes import Log, Result, Run
from quality.source import Tree

LARGEST = 64 << 20  # bytes of a log
MOST = 50_000  # results of a log
_STEPS = 100  # of one flow
_REAL = ("fail", "review", "open")  # kinds of result that may be a defect
_LONGEST_NAME = 80
_SUFFERS: dict[Quality, Kind] = {
    "security": "vulnerability",
    "reliability": "bug",
    "maintainability": "smell",
}


@dataclass(frozen=True, slots=True)
class Read:
    """What came of a log."""

    findings: tuple[Finding, ...]
    tools: tuple[str, ...]  # the names of their drivers
    notes: tuple[str, ...]  # what of it did not count, and why


def read_sarif(data: bytes, tree: Tree, place: Path) -> Read:
    """The findings of the log `data`, which lay at `place`, in files of `tree`. It takes a while.

    Raises:
        InvalidInput: it is no SARIF 2.1.0, or too large.
    """
    log = _log(data, place.name)
    left_out: Counter[str] = Counter()
    paths = Paths(tree)
    found: list[Finding] = []
    for run in log.runs:
        placing = Placing(run, tree, paths, place)
        for finding in _findings(run, placing, left_out):
            if len(found) == MOST:
                left_out[f"beyond the first {MOST}"] += 1
            else:
                found.append(finding)
    tools = dict.fromkeys(plain(run.tool.driver.name, _LONGEST_NAME) for run in log.runs)
    notes = tuple(f"{place.name}: {n} results left out: {why}." for why, n in left_out.items())
    return Read(tuple(found), tuple(tools), notes)


def _log(data: bytes, name: str) -> Log:
    if len(data) > LARGEST:
        raise InvalidInput(f"{name} is larger than {LARGEST >> 20} MB.")
    try:
        return Log.model_validate(json.loads(data))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the log"
        hint = "Only SARIF 2.1.0 is read."
        raise InvalidInput(
            f"{name} is no SARIF log: {where}: {first['msg']}.", hint=hint
        ) from error
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{name} is no JSON.") from error


def _findings(run: Run, placing: Placing, left_out: Counter[str]) -> Iterator[Finding]:
    rules = Rules(run)
    engine = plain(run.tool.driver.name, _LONGEST_NAME) or "unnamed"
    for raw in run.results:
        try:
            result = Result.model_validate(raw)
        except ValidationError:
            left_out["they are damaged"] += 1
            continue
        if why := _no_finding(result):
            left_out[why] += 1
            continue
        spot = next(filter(None, map(placing.place, result.locations)), None)
        if spot is None:
            left_out["no file here is meant"] += 1
            continue
        yield _finding(result, rules, engine, spot, placing)


def _no_finding(result: Result) -> str:
    """Why a result is none of ours; "" where it is."""
    if result.kind not in _REAL:
        return "they say that all is well"
    if result.baselineState == "absent":
        return "they are gone"
    if any(one.status == "accepted" for one in result.suppressions):
        return "their own tool suppresses them"
    return ""


def _finding(result: Result, rules: Rules, engine: str, place: Place, placing: Placing) -> Finding:
    rule = rules.of(result)
    cwe = rules.cwe(result, rule)
    level = result.level or rule.defaultConfiguration.level
    name = plain(result.ruleId or rule.id or rule.name or "", _LONGEST_NAME) or "unnamed"
    return Finding(
        rule=name,
        engine=engine,
        kind=_kind(result, level, rules.quality(rule, cwe)),
        severity=rules.score(rule) or OF_LEVEL[level],
        place=place,
        message=message_of(result, rule) or name,
        cwe=cwe,
        remediation=plain(rule.help.text or "", 1000),
        flow=tuple(_steps(result, placing)),
    )


def _kind(result: Result, level: Level, quality: Quality | None) -> Kind:
    if result.kind == "review" or result.properties.get("kind") == "hotspot":  # the other is ours
        return "hotspot"
    if quality is None:
        return "bug" if level == "error" else "smell"
    return _SUFFERS[quality]


def _steps(result: Result, placing: Placing) -> Iterator[Step]:
    threads = [thread for flow in result.codeFlows[:1] for thread in flow.threadFlows[:1]]
    for thread in threads:
        for step in thread.locations[:_STEPS]:
            if place := placing.place(step.location):
                yield Step(place, plain(step.location.message.text or "", 500))
