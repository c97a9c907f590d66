"""What `code_quality` and `find_security_issues` do."""

from typing import Any

from anyio import to_thread

from pointsman.money import nano_from_usd
from quality.examining import SECURITY
from tools.quality.answering import answered
from tools.quality.bench import Bench
from tools.quality.forms import (
    QualityArguments,
    QualityResult,
    SecurityArguments,
    SecurityResult,
)
from tools.quality.served import dangers_of, quality_of
from tools.quality.telling import quality_result, security_result
from tools.tool import Caller


async def quality(bench: Bench, given: QualityArguments, caller: Caller) -> QualityResult:
    """
    Raises:
        InvalidInput: there is no such code, it is not open, or `new_since` names no commit.
    """
    if bench.sonarqube is not None and given.code is None:
        return await quality_of(bench.sonarqube, given)
    changes = await _changes(bench, given, caller)
    examination = await bench.examine(given, caller, ref=given.new_since, changes=changes)
    answer = None
    if given.question is not None:
        words = bench.asks("code_quality", caller) if bench.settings.phrase else None
        most = nano_from_usd(bench.settings.review_cost_usd)
        answer = await answered(given.question, examination, words, most)
    return quality_result(examination, answer=answer)


async def dangers(bench: Bench, given: SecurityArguments, caller: Caller) -> SecurityResult:
    """
    Raises:
        InvalidInput: there is no such code, or it is not open.
    """
    if bench.sonarqube is not None and given.code is None:
        return await dangers_of(bench.sonarqube, given)
    examination = await bench.examine(given, caller, only=SECURITY)
    return security_result(examination, given.severity)


async def _changes(bench: Bench, given: QualityArguments, caller: Caller) -> dict[str, Any]:
    """What the caller wants otherwise than the settings say; its files are looked for as code is.

    Raises:
        InvalidInput: there is no such file, or it is not open.
    """
    changes: dict[str, Any] = {}
    for name in ("coverage", "baseline"):
        if path := getattr(given, name):
            found = await to_thread.run_sync(bench.places.find, path, caller.roots)
            changes[name] = str(found) if name == "baseline" else (str(found),)
    return changes
