"""The whole way from a tree to how good it is: engines, merged findings, ratings, gate."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pointsman.quality_settings import QualitySettings
from quality.engine import Engine
from quality.rating.judging import Judgement, judge
from quality.report import Report
from quality.running import Memory, Told, analyse
from quality.sarif.engine import open_sarif
from quality.source import Tree

MOST_NAMED = 20  # files
# What looks for dangers; the others measure, and would only make whoever asks for dangers wait.
SECURITY = frozenset(
    {"flow", "checks", "ruff", "bandit", "secrets", "javascript", "dependencies", "model"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """A tree, what was found in it, and how good that makes it."""

    tree: Tree
    report: Report
    judgement: Judgement


async def examine(
    tree: Tree,
    engines: Sequence[Engine],
    settings: QualitySettings,
    memory: Memory | None = None,
    *,
    ref: str | None = None,
    tell: Told | None = None,
) -> Examination:
    """What `engines` and `settings` make of `tree`; code since the commit `ref` counts as new.

    Raises:
        InvalidInput: `ref` names no commit, or a baseline or SARIF file cannot be read.
    """
    logs = await open_sarif(tree, settings.sarif)
    whole = [*engines, *([logs] if logs else [])]
    report = await analyse(tree, whole, settings, memory, tell=tell)
    notes = (*(logs.notes if logs else ()), *_left_out(tree))
    judgement = await judge(report, tree, settings, ref=ref, notes=notes)
    return Examination(tree=tree, report=report, judgement=judgement)


def _left_out(tree: Tree) -> Iterator[str]:
    """What a reader must not miss: a line in a file is enough to call it generated."""
    paths = [skipped.path for skipped in tree.skipped if skipped.why == "generated"]
    if paths:
        more = f" and {len(paths) - MOST_NAMED} more" if len(paths) > MOST_NAMED else ""
        yield f"Left out as generated: {', '.join(paths[:MOST_NAMED])}{more}."
    if not tree.files:
        yield "No file was analysed."
