"""From a finding, or a place, to fixes that were verified, and on to the files if so wished."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anyio import to_thread

from pointsman.errors import InvalidInput, NotFound
from pointsman.money import nano_from_usd
from quality.examining import Examination
from quality.finding import Finding
from quality.fixes.applying import apply
from quality.fixes.fix import Fix, Means, Suggestion
from quality.fixes.suggesting import suggest
from quality.report import Report
from quality.running import analyse
from quality.source import Tree
from tools.quality.bench import Bench
from tools.quality.forms import FixArguments, FixResult
from tools.quality.served import local_of
from tools.tool import Caller

MOST = 20  # findings of one call


@dataclass(frozen=True, slots=True)
class _Job:
    path: Path  # what was analysed
    examination: Examination
    findings: tuple[Finding, ...]


async def mended(bench: Bench, given: FixArguments, caller: Caller) -> FixResult:
    """
    Raises:
        InvalidInput: there is no such file, or it may not be written to.
        NotFound: no such finding is known.
    """
    if given.issue_id is not None and bench.sonarqube is not None:
        given = await local_of(bench.sonarqube, given.issue_id, given.apply)
    ask = _at if given.issue_id is None else _of_id
    job = await ask(bench, given, caller)
    return await _mend(bench, job, given, caller)


async def _of_id(bench: Bench, given: FixArguments, caller: Caller) -> _Job:
    """The finding of an id, looked for anew: the file may have changed since.

    Raises:
        NotFound: it is not known, or no longer there.
    """
    seen = bench.seen(given.issue_id or "")
    path = await to_thread.run_sync(bench.places.find, str(seen.path), caller.roots)
    examination = await bench.look(await bench.tree_at(path), path, caller)
    found = [f for f in examination.judgement.findings if f.id == given.issue_id]
    if not found:
        raise NotFound(f"The finding {given.issue_id} is no longer there: the code has changed.")
    return _Job(path, examination, tuple(found))


async def _at(bench: Bench, given: FixArguments, caller: Caller) -> _Job:
    """The findings of a file, or of a line of it.

    Raises:
        InvalidInput: it is a folder.
    """
    path = await to_thread.run_sync(bench.places.find, given.path or "", caller.roots)
    if await to_thread.run_sync(path.is_dir):
        raise InvalidInput("Fixes are made file by file.", hint="Give the path of one file.")
    examination = await bench.look(await bench.tree_at(path), path, caller)
    found = [
        finding
        for finding in examination.judgement.findings
        if given.line is None or finding.place.line <= given.line <= finding.place.end_line
    ]
    return _Job(path, examination, tuple(found))


async def _mend(bench: Bench, job: _Job, given: FixArguments, caller: Caller) -> FixResult:
    tree = job.examination.tree
    roots = await to_thread.run_sync(bench.places.open, caller.roots)
    if given.apply and not any(job.path.is_relative_to(root) for root in roots):
        raise InvalidInput(
            f"{job.path} is in no folder that may be written to.",
            hint="Set `tools.roots` to the folders that may.",
        )
    means = await _means(bench, job, caller)
    suggestions = await suggest(job.findings[:MOST], tree, means)
    fixes = [one.fix for one in suggestions if one.fix is not None]
    if given.apply and fixes:
        await apply(fixes, job.findings, tree, roots, means)
    notes = []
    if not job.findings:
        notes.append("Nothing was found there." if given.line else "Nothing was found in it.")
    if len(job.findings) > MOST:
        notes.append(f"Of {len(job.findings)} findings, the first {MOST} were looked at.")
    return FixResult(
        fixes=[_told(fix, applied=given.apply) for fix in fixes],
        refused=[_refused(one) for one in suggestions if one.fix is None] or None,
        notes=notes or None,
    )


async def _means(bench: Bench, job: _Job, caller: Caller) -> Means:
    settings = bench.settings
    ask = bench.asks("suggest_fixes", caller)
    engines = await to_thread.run_sync(bench.engines_of, settings, None)

    async def again(tree: Tree) -> Report:
        return await analyse(tree, engines, settings, bench.memory)

    return Means(
        analyse=again,
        ask=ask,
        check=bench.tests.of(job.examination.tree.root) if bench.tests else None,
        attempts=settings.fix_attempts,
        most=nano_from_usd(settings.fix_cost_usd),
    )


def _told(fix: Fix, *, applied: bool) -> dict[str, Any]:
    verified: dict[str, Any] = {
        "reanalysed": fix.verified.reanalysed,
        "parses": fix.verified.parses,
    }
    if fix.verified.tests is not None:
        verified["tests"] = fix.verified.tests
    return {
        "issue_id": fix.issue_id,
        "diff": fix.diff,
        "source": fix.source,
        "verified": verified,
        "confidence": fix.confidence,
        "explanation": fix.explanation,
        "safe": fix.safe,
        "applied": applied,
    }


def _refused(one: Suggestion) -> dict[str, Any]:
    return {"issue_id": one.issue_id, "reasons": list(one.refused), "attempts": one.attempts}
